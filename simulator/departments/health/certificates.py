"""Deaths as the health department certifies them, with later corrections."""

from __future__ import annotations

import numpy as np
import pandas as pd

from simulator.basics import as_days, clock_text, counts, day_text, night_of, numbers, office_seconds, pick
from simulator.departments.health import HEALTH
from simulator.dirt import Cell, Older
from simulator.registers import Registers
from simulator.rejects import Rejected
from simulator.world.deaths import strangers
from simulator.world.people import draw_names, draw_phones

CORRECTED = 13
"""Certificates that were corrected, in a city of the reference size."""
CAUSES = {
    "I63.9": "脑梗死",
    "I61.9": "脑出血",
    "I21.9": "急性心肌梗死",
    "C34.9": "肺恶性肿瘤",
    "C16.9": "胃恶性肿瘤",
    "J44.9": "慢性阻塞性肺病",
    "R54": "衰老",
}


def _of_deaths(rows: pd.DataFrame) -> np.ndarray:
    """A doctor's certificate tells the day."""
    return np.where(~rows["_bad_id"] & ~rows["_wrong"], "A", "")


@HEALTH.table(
    "death_certificate",
    dirt=(
        Cell("D01", "name", 0.0005),
        Cell("D04", "id_no", 0.2),
        Cell("D05", "id_no", 0.015),
        Cell("D07", "id_no", 0.02),
        Cell("D03", "id_no", 0.02),
        Cell("D02", "name", 0.03),
        Cell("D30", "name", 0.01),
        Cell("D15", "birth_date", 0.05),
        Cell("D14", "birth_date", 0.02),
        Cell("D22", "sex_code", 0.03),
        Cell("D10", "name", 0.002, other="id_no"),
        Cell("D24", "home_addr", 0.0005),
        Cell("D37", "death_datetime", 0.003),
        Cell("D40", "hukou_addr", 0.01),
    ),
    older=Older("update_time", 0.02, {"home_addr": "地址待核"}),
    copies=0.01,
    rejected=(Rejected("D23", "home_addr", 0.0005),),
    evidence=_of_deaths,
)
def certificates(registers: Registers) -> pd.DataFrame:
    """Death certificates; corrected ones come twice, the older version with another day of death."""
    world, rng = registers.world, registers.world.stream("certificates")
    people, deaths, places, mistaken = world.people, world.deaths, world.institutions, world.mistaken[1::2]
    known = deaths[deaths["certificate"]]
    at = np.concatenate([known["at"].to_numpy(), mistaken])
    n, k = len(at), len(mistaken)
    death = np.concatenate([as_days(known["death"].to_numpy()), np.datetime64("2019-05-01") + rng.integers(0, 90, k)])
    reported = np.concatenate([as_days(known["reported"].to_numpy()), death[n - k :] + 3])
    name = people["name"].to_numpy(dtype=object)[at]
    name[n - k :] = strangers(people, mistaken, people["name"].to_numpy(dtype=object)[::-1])
    who = people.iloc[at]
    moment = rng.integers(0, 86_400, n)
    moment = np.where(reported == death, moment // 3, moment)  # before the office that hears of it opens
    icd = pick(rng, list(CAUSES), n, [20, 12, 14, 18, 12, 10, 14])
    rows = pd.DataFrame(
        {
            "cert_no": "32" + numbers(death.astype("datetime64[Y]").astype(int) + 1970) + numbers(np.arange(n) + 1, 8),
            "name": name,
            "id_type": "01",
            "id_no": who["id_no"].to_numpy(),
            "sex_code": who["sex"].to_numpy(),
            "birth_date": day_text(who["birth"].to_numpy()),
            "death_datetime": clock_text(death, moment),
            "death_place_code": pick(rng, ["1", "3", "4", "8"], n, [25, 62, 10, 3]),
            "home_addr": who["address"].to_numpy(),
            "hukou_addr": who["address"].to_numpy(),
            "cause_a": pd.Series(icd).map(CAUSES),
            "underlying_icd10": icd,
            "report_org": places.codes[places.of_towns(who["town"])],
            "report_date": day_text(reported),
            "kin_name": draw_names(rng, pick(rng, ["1", "2"], n)),
            "kin_phone": draw_phones(rng, n),
            "update_time": clock_text(reported, office_seconds(rng, n)),
            "_person": at,
            "_night": night_of(reported),
            "_wrong": np.arange(n) >= n - k,
        }
    )
    rows = _with_corrections(rng, rows, death, reported, len(people)).sort_values("update_time", kind="stable", ignore_index=True)
    return rows.assign(_protected=rows["_wrong"] | rows["cert_no"].duplicated(keep=False))


def _with_corrections(rng: np.random.Generator, rows: pd.DataFrame, death: np.ndarray, reported: np.ndarray, n_people: int) -> pd.DataFrame:
    settled = np.flatnonzero((reported < np.datetime64("2019-09-01")) & ~rows["_wrong"].to_numpy())
    chosen = rng.choice(settled, counts(CORRECTED, n_people, 3), replace=False)
    first = rows.iloc[chosen].copy()
    first["death_datetime"] = clock_text(death[chosen] - rng.integers(1, 6, len(chosen)), rng.integers(0, 86_400, len(chosen)))
    corrected = reported[chosen] + rng.integers(10, 60, len(chosen))
    corrected[:3] = np.datetime64("2019-12-30") + np.array([0, 1, 1])
    rows.loc[chosen, "update_time"] = clock_text(corrected, office_seconds(rng, len(chosen)))
    rows.loc[chosen, "_night"] = night_of(corrected)
    return pd.concat([rows, first], ignore_index=True).query("_night >= 0")
