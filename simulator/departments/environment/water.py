"""Surface water: sections, their automatic stations, and the samples that laboratories analyse every month."""

from __future__ import annotations

import numpy as np
import pandas as pd

from simulator.basics import day_text, decimals, night_of, numbers, only, pick
from simulator.departments.environment import ENVIRONMENT
from simulator.dirt import Cell, labels
from simulator.registers import Registers
from simulator.rejects import Number, Rejected
from simulator.sensors import (
    BEYOND_SENSE,
    COUNTY,
    DO_BEYOND_SENSE,
    END_OF_DAY,
    FAULTY,
    MILLIONTHS,
    NEGATIVE,
    PH_BEYOND_SENSE,
    REPORT,
    SWAPPED,
    Sensor,
    in_micrograms,
    moment_text,
    with_faults,
    with_versions,
)  # fmt: skip
from simulator.world.nature import places, water_quality

AUTOMATIC = {
    "water_temperature": 1, "ph": 2, "do": 2, "conductivity": 0, "turbidity": 1, "codmn": 2, "nh3n": 3, "tp": 3, "tn": 2, "chla": 1,
}  # fmt: skip
"""Item -> decimal places."""
SENSORS = (Sensor("ph", 5, 12, 2), Sensor("do", 12, 6, 2), Sensor("codmn", 30, 6, 2), Sensor("nh3n", 15, 6, 3))
IN_LABORATORY = {
    "water_temperature": 1, "ph": 2, "do": 1, "codmn": 1, "cod": 0, "bod5": 1, "nh3n": 3, "tp": 3, "tn": 2, "fluoride": 2, "oil": 2,
    "transparency": 2, "chla": 1,
}  # fmt: skip
LIMITS = {
    "cu": "0.001", "zn": "0.05", "se": "0.0004", "arsenic": "0.0003", "hg": "0.00004", "cd": "0.001", "cr6": "0.004", "pb": "0.002",
    "cyanide": "0.001", "phenol": "0.0003", "surfactant": "0.05", "sulfide": "0.005",
}  # fmt: skip
"""Item that is hardly ever there -> limit of its detection, mg/L."""
FOUND = 0.06
"""Share of samples in which such an item is found, a little above its limit."""
FORMS = ("{0}L", "<{0}", "ND", "未检出", "{0}L", "{0}L")
SAMPLES = 2
"""Of a section each month."""
LATER = {"DM321013": 1, "DM321014": 2}
"""Sections whose last month is delivered with a later night."""


@ENVIRONMENT.table(
    "water_section",
    dirt=(
        Cell("D22", "level", 0.3, kind=labels({"NATIONAL": ("国考", "国控"), "PROVINCIAL": ("省考",), "CITY": ("市考",)})),
        Cell("D22", "target_class", 0.5, kind=labels({"2": ("Ⅱ类", "II"), "3": ("Ⅲ类", "III"), "4": ("Ⅳ类",)})),
        Cell("D18N", "county6", 0.3, kind=COUNTY),
        Cell("D21S", "lon", 0.08, other="lat", kind=SWAPPED),
        Cell("D21U", "lon", 0.08, other="lat", kind=MILLIONTHS),
    ),
)
def sections(registers: Registers) -> pd.DataFrame:
    """The sections of rivers and lakes."""
    waters = places("water_bodies").set_index("code")
    rows = places("sections").rename(columns={"code": "section_code"})
    kind = waters["kind"].loc[rows["water_body"]].replace("CANAL", "RIVER").to_numpy()
    return rows.assign(kind=kind, update_time="2019-03-11 15:20:00")


@ENVIRONMENT.table(
    "water_auto",
    dirt=(
        Cell("RANGE", "do", 0.004, kind=DO_BEYOND_SENSE),
        Cell("RANGE", "ph", 0.002, kind=PH_BEYOND_SENSE),
        Cell("RANGE", "nh3n", 0.003, kind=NEGATIVE),
        Cell("RANGE", "turbidity", 0.002, kind=BEYOND_SENSE),
        Cell("D19", "nh3n", 0.004, kind=in_micrograms(0.15)),
        Cell("D19", "tp", 0.004, kind=in_micrograms(0.08)),
        Cell("D37", "measured_at", 0.003),
        Cell("D37M", "measured_at", 0.05, kind=END_OF_DAY),
    ),
    copies=0.002,
    rejected=(Rejected("UNREADABLE", "sent_time", 0.0003),),
    number=Number("section_code", 3),
)
def automatic(registers: Registers) -> pd.DataFrame:
    """What the automatic stations measure every four hours; only those in lakes measure chlorophyll."""
    world = registers.world
    there = places("sections").query("automatic == '1'")["code"]
    water = water_quality(world.timeline, world.weather, world.seed)
    water = water[water["code"].isin(there)].reset_index(drop=True)
    rows = pd.DataFrame({"section_code": water["code"], "measured_at": moment_text(water["time"].to_numpy())})
    for item, digits in AUTOMATIC.items():
        rows[item] = decimals(water[item].to_numpy(), digits)
    rows["chla"] = only(water["lake"].to_numpy(), rows["chla"].to_numpy(dtype=object))
    rows["sent_time"] = moment_text(water["time"].to_numpy() + np.timedelta64(REPORT, "s"))
    rows["_night"] = night_of(water["time"].to_numpy())
    rows = with_faults(registers, "environment/water_auto", rows, "section_code", SENSORS)
    return with_versions(registers, "environment/water_auto", rows, "codmn", 2)


@ENVIRONMENT.table(
    "water_manual",
    dirt=(
        Cell("D15X", "sample_date", 0.05),
        Cell("RANGE", "do", 0.02, kind=DO_BEYOND_SENSE),
        Cell("D19", "nh3n", 0.03, kind=in_micrograms(0.15)),
    ),
    copies=0.01,
    rejected=(Rejected("IMPOSSIBLE", "sample_date", 0.003),),
    number=Number("section_code", 3),
)
def samples(registers: Registers) -> pd.DataFrame:
    """Two samples of every section and month. Most metals are not there: the result is the limit of detection, in several forms."""
    world, rng = registers.world, registers.world.stream("water samples")
    water = water_quality(world.timeline, world.weather, world.seed)
    months = np.unique(water["time"].to_numpy().astype("datetime64[M]"))
    measured = water.assign(month=water["time"].to_numpy().astype("datetime64[M]")).groupby(["code", "month"], sort=True)
    means = measured.mean(numeric_only=True).reset_index()
    means = means.loc[means.index.repeat(SAMPLES)].reset_index(drop=True)
    n, month = len(means), means["month"].to_numpy().astype("datetime64[M]")
    day = month.astype("datetime64[D]") + rng.integers(2, 11, n)
    last = np.where(month == months[-1], means["code"].map(LATER).fillna(0), 0).astype(int)
    rows = pd.DataFrame(
        {
            "section_code": means["code"],
            "month": np.char.replace(month.astype(str), "-", "").astype(object),
            "sample_no": "S" + numbers(np.tile(np.arange(SAMPLES), n // SAMPLES) + 1),
            "sample_date": day_text(day),
        }
    )
    for item, digits in IN_LABORATORY.items():
        rows[item] = decimals(means[item].to_numpy() * (1 + 0.04 * rng.normal(size=n)), digits)
    rows["coliform"] = numbers(np.round(np.exp(rng.normal(8.2, 0.9, n)), -1).astype(int))
    for item in ("transparency", "chla"):
        rows[item] = only(means["lake"].to_numpy() > 0, rows[item].to_numpy(dtype=object))
    rows["sent_time"] = day_text(np.minimum(day + 9, np.datetime64("2019-12-28"))) + " 16:30:00"
    rows["_night"], rows[FAULTY] = last, False
    rows = with_versions(registers, "environment/water_manual", rows, "tp", 3)
    for item, limit in LIMITS.items():
        rows[item] = _mostly_absent(registers, rng, rows, item, limit)
    return rows


def _mostly_absent(registers: Registers, rng: np.random.Generator, rows: pd.DataFrame, item: str, limit: str) -> np.ndarray:
    """Results of an item that is found in few samples; versions of a sample have the same."""
    names = ["section_code", "month", "sample_no"]
    first = rows.drop_duplicates(names)
    found, form = rng.random(len(first)) < FOUND, pick(rng, FORMS, len(first))
    digits = len(limit.partition(".")[2])
    result = np.where(found, decimals(float(limit) * rng.uniform(2, 5, len(first)), digits), [f.format(limit) for f in form])
    stated = first[~found & np.isin(form, ["{0}L", "<{0}"])]
    registers.note("environment/water_manual", stated, item, "D20Q", limit)
    registers.note("environment/water_manual", first[~found & np.isin(form, ["ND", "未检出"])], item, "D20N")
    by_sample = pd.Series(result, index=pd.MultiIndex.from_frame(first[names]))
    return by_sample.loc[pd.MultiIndex.from_frame(rows[names])].to_numpy(dtype=object)
