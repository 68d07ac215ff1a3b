"""What happens in the city that several services are told of: a fire told to 110, to 12345 and to the worker of the grid.

Here: which incidents there are, and who tells which service of them when and where. Not here: what a service writes down about a report
(`simulator.departments`), what only one service is told of. incident_kinds.csv: of each kind its weight, and by service the code and the
words with which it is told, and in which share of the incidents.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import shapely

from simulator.basics import AS_OF, counts, pick, stream
from simulator.world.ground import METRES, Ground
from simulator.world.people import draw_phones

INCIDENTS, LEAST, DAYS = 400, 70, 45
"""In a city of the reference size; at least; the days before the last night in which they happen."""
SLOW = ("FIRE", "COLLAPSE", "FLOODING")
"""Kinds of which is told for 100 minutes, of others for 50."""
BESIDE = 50.0
"""Metres within which somebody places an incident, east and north of where it is; an address is exact."""
TWIN, TWIN_METRES = 0.12, (450, 600)
"""Share of the incidents beside which another one of the kind happens half an hour later, and how far away."""
SECOND_CALL, SAME_PERSON, CALLS_LATER = 0.3, 0.4, 0.15
"""Shares: second calls to 110, callers to 12345 who have called 110 as well, callers who call again hours later."""
EVENT, MOMENT = "_event", "_moment"
"""Hidden columns of tables of reports: what is told of, None where nobody else tells of it; and when."""
OPEN, HOURS = 8 * 3600, 9 * 3600
"""Seconds of a day from which on, and in which, incidents happen."""


@cache
def kinds() -> pd.DataFrame:
    """Per kind and service, how it is told."""
    return pd.read_csv(Path(__file__).with_name("incident_kinds.csv"), dtype={"code": str, "text": str}, keep_default_na=False)


def incidents(people: pd.DataFrame, ground: Ground, seed: int) -> pd.DataFrame:
    """One row per report, in the order of time.

    Columns: incident (text); kind, service, code and text (incident_kinds.csv); moment (datetime64[s]); lon, lat (CGCS2000), address,
    village (12 digits), grid (code); person (row of the caller, -1: none) and phone; again: a further call to 110 about the incident.
    """
    rng = stream(seed, "incidents")
    happened = _happened(people, ground, rng)
    told = _told(happened, people, rng)
    told["lon"], told["lat"] = _beside(told, rng)
    return told.sort_values(["moment", "incident", "service"], kind="stable", ignore_index=True)


def _happened(people: pd.DataFrame, ground: Ground, rng: np.random.Generator) -> pd.DataFrame:
    """The incidents: kind, when, at which address; and those that happen near another one."""
    n, of = counts(INCIDENTS, len(people), LEAST), kinds().drop_duplicates("kind")
    places = ground.addresses.iloc[rng.integers(0, len(ground.addresses), n)]
    start = (AS_OF - rng.integers(0, DAYS, n)).astype("datetime64[s]")
    rows = pd.DataFrame(
        {
            "incident": [f"I{i:05}" for i in range(n)],
            "kind": pick(rng, of["kind"], n, of["weight"].tolist()),
            "at": start + (OPEN + rng.integers(0, HOURS, n)).astype("timedelta64[s]"),
            **{c: places[c].to_numpy() for c in ("address", "village", "lon", "lat")},
        }
    )
    twins = rows[(rng.random(n) < TWIN) & rows["kind"].isin(["FIRE", "TRAFFIC", "DISPUTE"])].copy()
    east, north = METRES.transform(twins["lon"].to_numpy(), twins["lat"].to_numpy())
    twins["lon"], twins["lat"] = METRES.transform(east, north + rng.uniform(*TWIN_METRES, len(twins)), direction="INVERSE")
    later = rng.integers(60, 1800, len(twins)).astype("timedelta64[s]")
    twins = twins.assign(incident=twins["incident"] + "T", at=twins["at"].to_numpy() + later, address=None)
    rows = pd.concat([rows, twins], ignore_index=True)
    tree = shapely.STRtree(ground.grids["geometry"].to_numpy())
    nearest = tree.nearest(shapely.points(rows["lon"].to_numpy(), rows["lat"].to_numpy()))
    return rows.assign(
        grid=ground.grids["code"].to_numpy(dtype=object)[nearest], village=ground.grids["village"].to_numpy(dtype=object)[nearest]
    )


def _told(happened: pd.DataFrame, people: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Who is told of them: every service by its share, 110 sometimes twice, 12345 only of an address."""
    rows = happened.merge(kinds().drop(columns="weight"), on="kind")
    heard = (rng.random(len(rows)) < rows["share"]) & ((rows["service"] != "HOTLINE") | rows["address"].notna())
    rows = rows[heard].reset_index(drop=True)
    n = len(rows)
    lasts = np.where(rows["kind"].isin(SLOW), 100, 50) * 60
    waits = np.where(rows["service"] == "POLICE", rng.integers(0, 300, n), (rng.random(n) * lasts).astype(int))
    living = np.flatnonzero((people["death"].isna() & (people["registered"] == 0)).to_numpy())
    callers = rows["service"] == "HOTLINE"
    person = np.where(callers, rng.choice(living, n), -1)
    phones = people["phone"].to_numpy(dtype=object)
    phone = np.where(callers, phones[person], draw_phones(rng, n))
    rows = rows.assign(moment=rows["at"].to_numpy() + waits.astype("timedelta64[s]"), person=person, phone=phone, again=False)
    of_hotline = rows[callers].set_index("incident")["phone"]
    police = rows["service"] == "POLICE"
    both = police & rows["incident"].isin(of_hotline.index) & (rng.random(n) < SAME_PERSON)
    rows.loc[both, "phone"] = rows.loc[both, "incident"].map(of_hotline)
    second = rows[police & (rng.random(n) < SECOND_CALL)]
    second = second.assign(
        moment=second["moment"].to_numpy() + rng.integers(30, 800, len(second)).astype("timedelta64[s]"),
        phone=draw_phones(rng, len(second)), again=True,
    )  # fmt: skip
    later = rows[callers & (rng.random(n) < CALLS_LATER)]
    later = later.assign(moment=later["moment"].to_numpy() + rng.integers(7200, 3 * 3600, len(later)).astype("timedelta64[s]"))
    return pd.concat([rows, second, later], ignore_index=True).drop(columns=["at", "share"])


def _beside(told: pd.DataFrame, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Where the reports place the incidents."""
    east, north = METRES.transform(told["lon"].to_numpy(), told["lat"].to_numpy())
    apart = np.where(told["service"] == "HOTLINE", 0, rng.uniform(-BESIDE, BESIDE, (2, len(told))))
    return METRES.transform(east + apart[0], north + apart[1], direction="INVERSE")
