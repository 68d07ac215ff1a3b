"""Waters of the demo city: quality at sections, levels, black-odorous waters that get better, plants and pumps in rain."""

from __future__ import annotations

import numpy as np
import pandas as pd

from simulator.basics import stream
from simulator.world.nature.places import places
from simulator.world.nature.timeline import Timeline, of_each

STEP = 4
"""Hours between two measurements of an automatic station."""
USUAL = {
    "codmn": (3.9, 0.8, 0.14), "cod": (15.5, 0.7, 0.14), "bod5": (2.6, 0.8, 0.16), "nh3n": (0.34, 1.5, 0.30), "tp": (0.095, 1.3, 0.20),
    "tn": (1.85, 0.8, 0.15), "fluoride": (0.42, 0.3, 0.10), "oil": (0.018, 1.2, 0.30),
}  # fmt: skip
"""Item -> usual mg/L, power with which it follows the cleanliness of its water, and how far it drifts."""
IN_LAKES = {"tp": 0.55, "tn": 0.7, "nh3n": 0.45}
POINTS = 4
"""Of a black-odorous water."""
PUMPS, GATES = 6, 4


def water_quality(timeline: Timeline, weather: pd.DataFrame, seed: int) -> pd.DataFrame:
    """One row per section and four hours: code, time, lake, water_temperature, ph, do, conductivity, turbidity, chla (µg/L),
    transparency (m) and the items of USUAL (mg/L). Rain washes into rivers; warm water holds less oxygen."""
    waters = places("water_bodies").set_index("code")
    sections, rng = places("sections"), stream(seed, "water quality")
    n, every = len(sections), slice(None, None, STEP)
    times, hour = timeline.hours[every], timeline.hour[every][:, None]
    dirty = waters["cleanliness_number"].loc[sections["water_body"]].to_numpy()[None, :]
    lake = (waters["kind"].loc[sections["water_body"]] == "LAKE").to_numpy()[None, :]
    runoff = weather["runoff"].to_numpy()[every][:, None] * np.where(lake, 0.3, 1)
    slow = pd.Series(weather["temperature"]).ewm(halflife=72, adjust=False).mean().to_numpy()[every][:, None]

    def drift(halflife: float = 90) -> np.ndarray:
        return timeline.drift(rng, halflife, n)[every]

    def noisy(amount: float) -> np.ndarray:
        return 1 + amount * rng.normal(size=(len(times), n))

    warm = np.clip(slow + 0.5 * drift(), 2, 33)
    bloom = np.where(lake, 17, 6) * np.exp(0.35 * drift() + (warm - 16) / 22)
    light = np.sin(2 * np.pi * (hour - 9) / 24)
    saturation = 0.95 - 0.07 * dirty + 0.05 * light * np.where(lake, 2, 1) + 0.05 * drift(40) - 0.12 * np.minimum(runoff, 1)
    items = {
        name: usual * dirty**power * np.exp(far * drift()) * (1 + 0.55 * np.minimum(runoff, 1.5)) * noisy(0.025)
        * np.where(lake, IN_LAKES.get(name, 1), 1)
        for name, (usual, power, far) in USUAL.items()
    }  # fmt: skip
    turbidity = np.where(lake, 28, 36) * np.exp(0.3 * drift(30)) * (1 + 2.5 * runoff) * noisy(0.04)
    return of_each(
        sections["code"].to_numpy(), times, lake=lake, water_temperature=warm * noisy(0.004),
        ph=7.75 + 0.18 * drift() + 0.12 * light + 0.03 * rng.normal(size=(len(times), n)),
        do=468 / (31.6 + warm) * saturation * noisy(0.015), conductivity=455 * np.exp(0.08 * drift()) * (1 - 0.1 * np.minimum(runoff, 1)),
        turbidity=turbidity, chla=bloom * noisy(0.03), transparency=np.clip(18 / turbidity, 0.08, 2.5) * noisy(0.03), **items,
    )  # fmt: skip


def odours(timeline: Timeline, seed: int) -> pd.DataFrame:
    """One row per black-odorous water, point and two days: code, point, time, sd_cm, do, orp_mv, nh3n, depth_m.

    Most of them are treated in the year and get better; every third stays as it was.
    """
    waters, rng = places("water_bodies"), stream(seed, "odours")
    codes = waters.loc[waters["cleanliness_number"] > 2, "code"].to_numpy()
    at = np.repeat(codes, POINTS)
    days = timeline.hours[::48].astype("datetime64[D]")
    gone = (days - np.datetime64("2019-01-01")).astype(float) / 365
    body = np.repeat(np.arange(len(codes)), POINTS)
    before = np.repeat(rng.uniform(0.75, 1.1, len(codes)), POINTS)
    after = np.where(body % 3 == 2, before - 0.05, np.repeat(rng.uniform(0.02, 0.3, len(codes)), POINTS))
    bad = before + (after - before) / (1 + np.exp(-9 * (gone[:, None] - 0.55))) + 0.06 * rng.normal(size=(len(days), len(at)))
    bad = np.clip(bad, 0, 1.2)
    depth = np.repeat(rng.uniform(0.5, 1.8, len(codes)), POINTS)[None, :] * np.ones_like(bad)
    rows = of_each(
        at, days.astype("datetime64[s]"), point=np.arange(len(at))[None, :] % POINTS + 1, depth_m=depth,
        sd_cm=np.clip(48 - 42 * bad + 2 * rng.normal(size=bad.shape), 3, 80),
        do=np.clip(5.5 - 5.4 * bad + 0.3 * rng.normal(size=bad.shape), 0.05, 12),
        orp_mv=170 - 400 * bad + 15 * rng.normal(size=bad.shape), nh3n=np.clip(1.4 + 15 * bad + 0.6 * rng.normal(size=bad.shape), 0.2, 40),
    )  # fmt: skip
    return rows.assign(time=rows["time"] + (9 * 3600 + 600 * rows["point"]).to_numpy().astype("timedelta64[s]"))


def levels(timeline: Timeline, weather: pd.DataFrame, seed: int) -> pd.DataFrame:
    """One row per level station and hour: code, time, level (m, in the datum of its station), flow (m³/s). A storm is a metre."""
    stations, rng = places("hydro_stations").query("level.notna()"), stream(seed, "levels")
    n, runoff = len(stations), weather["runoff"].to_numpy()[:, None]
    usual = stations["level_number"].to_numpy()[None, :]
    season = 0.25 * timeline.season[:, None] + 0.12 * timeline.drift(rng, 200, n)
    rise = runoff * rng.uniform(0.5, 1.1, n)[None, :]
    tide = np.where(stations["water_body"] == "WB321000001", 0.6, 0)[None, :] * np.sin(2 * np.pi * np.arange(len(runoff)) / 12.42)[:, None]
    level = usual + season + rise + tide + 0.008 * rng.normal(size=(len(runoff), n))
    flow = 40 * usual * (1 + 0.4 * season + 1.2 * rise) * (1 + 0.02 * rng.normal(size=(len(runoff), n)))
    return of_each(stations["code"].to_numpy(), timeline.hours, level=level, flow=np.maximum(flow, 0))


def plants(timeline: Timeline, weather: pd.DataFrame, seed: int) -> pd.DataFrame:
    """One row per sewage plant and day: code, time, inflow, outflow (10,000 m³), cod_in, cod_out, nh3n_in, nh3n_out,
    tn_out, tp_out (mg/L).

    Rain gets into the sewers; above its capacity a plant no longer cleans as it should.
    """
    table, rng = places("sewage_plants"), stream(seed, "plants")
    wet = weather["runoff"].to_numpy().reshape(-1, 24).mean(axis=1)[:, None]
    shape = (len(wet), len(table))

    def noisy(amount: float) -> np.ndarray:
        return np.exp(amount * rng.normal(size=shape))

    load = (0.78 + 0.3 * np.minimum(wet, 1.4)) * noisy(0.03)
    over = np.maximum(load - 1, 0) * 8
    inflow = table["capacity_number"].to_numpy()[None, :] * load
    return of_each(
        table["code"].to_numpy(), timeline.hours[::24], inflow=inflow, outflow=inflow * 0.97 * noisy(0.005),
        cod_in=260 * noisy(0.12) / (1 + 0.4 * wet), cod_out=21 * noisy(0.12) * (1 + over), nh3n_in=27 * noisy(0.1) / (1 + 0.3 * wet),
        nh3n_out=0.9 * noisy(0.3) * (1 + 2.5 * over), tn_out=9.4 * noisy(0.1) * (1 + 0.5 * over),
        tp_out=0.22 * noisy(0.15) * (1 + 0.8 * over),
    )  # fmt: skip


def pumps(timeline: Timeline, weather: pd.DataFrame, seed: int) -> pd.DataFrame:
    """One row per drainage pump and hour: code, time, water_body, level_m before the pumps, running (how many of four run)."""
    rng = stream(seed, "pumps")
    codes = np.array([f"BZ{i + 1:02}" for i in range(PUMPS)], dtype=object)
    waters = places("water_bodies")["code"].to_numpy(dtype=object)[[11, 12, 13, 14, 5, 10]]
    runoff = weather["runoff"].to_numpy()[:, None]
    level = 3.1 + 1.4 * runoff * rng.uniform(0.6, 1.1, PUMPS)[None, :] + 0.05 * timeline.drift(rng, 20, PUMPS)
    level = level + 0.01 * rng.normal(size=level.shape)
    rows = of_each(codes, timeline.hours, level_m=level, running=np.clip(np.floor((level - 3.25) / 0.3), 0, 4))
    return rows.assign(water_body=np.repeat(waters, len(timeline.hours)))


def gates(timeline: Timeline, weather: pd.DataFrame, seed: int) -> pd.DataFrame:
    """One row per sluice and hour: code, time, water_body, opening_m, flow (m³/s). They open half a metre at a time."""
    rng = stream(seed, "gates")
    codes = np.array([f"ZM{i + 1:02}" for i in range(GATES)], dtype=object)
    waters = places("water_bodies")["code"].to_numpy(dtype=object)[[3, 7, 6, 5]]
    wanted = 0.6 + 2.4 * weather["runoff"].to_numpy()[:, None] + 0.4 * timeline.drift(rng, 60, GATES)
    opening = np.clip(np.round(wanted * 2) / 2, 0, 6)
    flow = opening * 55 * (1 + 0.03 * rng.normal(size=opening.shape))
    rows = of_each(codes, timeline.hours, opening_m=opening, flow=np.maximum(flow, 0))
    return rows.assign(water_body=np.repeat(waters, len(timeline.hours)))
