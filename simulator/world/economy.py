"""The economy of the demo city: how every legal entity does month by month, the land it uses, what it invests and trades.

Here: one row per entity and month in which it works, in the units of the world (persons, yuan, kilowatt-hours, tonnes of standard coal);
all figures of an entity hang together. Not here: what a department writes down of it, and in which unit (`departments`).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from simulator.basics import as_days, day_text, only, stream

MONTHS = np.arange("2018-01", "2020-01", dtype="datetime64[M]")
"""Months of which there are figures: two whole years."""
SIZES = {"company": 18, "trader": 2, "cooperative": 7, "branch": 6, "institution": 45, "association": 3}
"""Median number of persons."""
PER_PERSON = {"company": 58_000, "trader": 16_000, "cooperative": 22_000, "branch": 40_000}
"""Yuan of revenue per person and month; other kinds sell nothing."""
ASLEEP = 0.12
"""Share of entities that exist and do nothing."""
INDUSTRIAL = ("10", "46")
"""Divisions of industry among those that the world draws (GB/T 4754 sections B to D)."""
LARGE = 20_000_000
"""Yuan of revenue a year from which an industrial enterprise reports to the statistics bureau."""
SEASON = np.array([0.95, 0.7, 1.0, 1.0, 1.02, 1.05, 1.04, 1.0, 1.03, 1.02, 1.05, 1.14])
GROWTH = 0.004
"""A month."""


def economy(entities: pd.DataFrame, seed: int) -> pd.DataFrame:
    """One row per entity and month in which it works.

    Columns: entity_row (row of the entity), month (datetime64[M]), night (0 to 2, with which the month is reported: the last two months
    come with the last two nights), persons, revenue, output, value_added, profit, research, tax (yuan), kwh, tce, reports (it is an
    industrial enterprise above the designated size).
    """
    rng, n = stream(seed, "economy"), len(entities)
    kind = entities["kind"].to_numpy(dtype=object)
    persons = np.maximum(1, rng.lognormal(0, 0.9, n) * pd.Series(kind).map(SIZES).to_numpy())
    division = entities["industry"].str[:2].to_numpy(dtype=object)
    industrial = (kind == "company") & (division >= INDUSTRIAL[0]) & (division <= INDUSTRIAL[1])
    persons = np.where(industrial, persons * 4 + 15, persons)
    per_person = pd.Series(kind).map(PER_PERSON).fillna(0).to_numpy() * rng.lognormal(0, 0.35, n)
    awake = rng.random(n) >= ASLEEP
    born, gone = (as_days(entities[c].to_numpy()).astype("datetime64[M]") for c in ("born", "ended"))
    revoked = as_days(entities["revoked"].to_numpy()).astype("datetime64[M]")
    shares = {
        "output": rng.uniform(0.92, 1.08, n),
        "value_added": rng.uniform(0.16, 0.34, n),
        "profit": rng.normal(0.06, 0.05, n),
        "research": np.where(rng.random(n) < 0.6, rng.uniform(0.005, 0.06, n), 0.0),
        "tax": rng.uniform(0.012, 0.06, n),
    }
    power = rng.lognormal(0, 0.7, n) * np.where(industrial, 0.06, 0.012)
    coal = rng.lognormal(0, 0.5, n) * 0.000012
    parts = []
    for at, month in enumerate(MONTHS):
        there = awake & (born <= month) & ~(gone <= month) & ~(revoked <= month)
        rows = np.flatnonzero(there)
        trend = SEASON[at % 12] * (1 + GROWTH * at) * rng.lognormal(0, 0.06, len(rows))
        staff = np.maximum(1, np.round(persons[rows] * (1 + GROWTH * at / 2) * rng.normal(1, 0.02, len(rows)))).astype(int)
        revenue = staff * per_person[rows] * trend
        made = {name: revenue * share[rows] for name, share in shares.items()}
        made |= {"kwh": np.maximum(staff * 20.0, revenue * power[rows]), "tce": revenue * coal[rows]}
        parts.append(pd.DataFrame({"entity_row": rows, "month": month, "persons": staff, "revenue": revenue, **made}))
    found = pd.concat(parts, ignore_index=True)
    night = np.clip((found["month"].to_numpy().astype("datetime64[M]") - MONTHS[-3]).astype(int), 0, 2)
    yearly = (pd.Series(persons * per_person).to_numpy() * 12)[found["entity_row"]]
    return found.assign(night=night, reports=industrial[found["entity_row"]] & (yearly >= LARGE / 2))


def land(entities: pd.DataFrame, figures: pd.DataFrame, seed: int) -> pd.DataFrame:
    """The parcels of industrial land: entity_row, area (m²); every reporting enterprise has one, some have two, and a few others have."""
    rng = stream(seed, "industrial land")
    reporting = figures.loc[figures["reports"], "entity_row"].unique()
    others = entities.index[(entities["kind"] == "company") & (rng.random(len(entities)) < 0.06)]
    users = np.concatenate([reporting, reporting[rng.random(len(reporting)) < 0.2], np.setdiff1d(others, reporting)])
    staff = figures.groupby("entity_row")["persons"].mean().reindex(users).fillna(20).to_numpy()
    return pd.DataFrame({"entity_row": users, "area": np.maximum(1500, staff * 110 * rng.lognormal(0, 0.5, len(users)))})


def month_text(months: pd.Series | np.ndarray) -> np.ndarray:
    """`yyyyMM`."""
    days = day_text(np.asarray(months, dtype="datetime64[M]").astype("datetime64[D]"))
    return (pd.Series(days, dtype=object).str[:4] + pd.Series(days, dtype=object).str[5:7]).to_numpy(dtype=object)


def entity_numbers(entities: pd.DataFrame, rows: np.ndarray) -> np.ndarray:
    """The credit codes of entities; None where one has none."""
    codes = entities["uscc"].to_numpy(dtype=object)[rows]
    return only(pd.notna(codes), codes)
