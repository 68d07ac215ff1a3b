"""Calls to 110, of which some tell of an event that is known already, and criminal cases."""

from __future__ import annotations

import numpy as np
import pandas as pd

from simulator.basics import AS_OF, clock_text, counts, day_text, decimals, night_of, numbers, office_seconds, only, pick
from simulator.departments.public_security import PUBLIC_SECURITY
from simulator.dirt import Cell, labels
from simulator.registers import Registers
from simulator.rejects import Number, Rejected
from simulator.sensors import COUNTY, NOWHERE, SWAPPED, moment_text
from simulator.world import ground
from simulator.world.incidents import EVENT, MOMENT
from simulator.world.people import draw_phones

DAYS, CASE_DAYS = 60, 365
CALLS, CASES = 25, 1.5
"""Of a day, in a city of the reference size."""
KINDS = {"CRIME": 5, "ORDER": 20, "TRAFFIC": 30, "FIRE": 3, "HELP": 25, "DISPUTE": 12, "OTHER": 5}
CRIMES = {"THEFT": 45, "ROBBERY": 2, "FRAUD": 30, "ASSAULT": 8, "DRUGS": 3, "OTHER": 12}
TOLD_AGAIN = 0.08
"""Share of the calls after which somebody else, or the same caller, tells of the same event within minutes."""
INVALID, TRANSFERRED = 0.03, 0.1
"""Share of the calls of which nobody else tells that turn out to be about nothing; of all calls that another department takes over."""
NEAR = 0.001
"""Degrees within which another caller places the event: some 100 m."""
AGAIN = "_again"


@PUBLIC_SECURITY.table(
    "alarm",
    dirt=(
        Cell("D22", "kind", 0.2, kind=labels({"TRAFFIC": ("交通警情", "交通"), "HELP": ("群众求助",), "DISPUTE": ("纠纷",)})),
        Cell("D18N", "county6", 0.1, kind=COUNTY),
        Cell("D21S", "lon", 0.01, other="lat", kind=SWAPPED),
        Cell("D21Z", "lon", 0.01, other="lat", kind=NOWHERE),
        Cell("D09", "caller_phone", 0.01),
        Cell("D37", "arrive_time", 0.003),
        Cell("D16", "arrive_time", 0.003, other="call_time"),
        Cell("D22", "result", 0.1, kind=labels({"INVALID": ("误报", "骚扰"), "HANDLED": ("处置完毕",)})),
    ),
    copies=0.01,
    rejected=(Rejected("UNREADABLE", "call_time", 0.002), Rejected("UNKNOWN_CODE", "kind", 0.002)),
    number=Number("alarm_no", 2),
)
def alarms(registers: Registers) -> pd.DataFrame:
    """Calls in the order of their time; AGAIN: the call tells of an event that another has told of."""
    world, rng = registers.world, registers.world.stream("alarms")
    n = counts(CALLS, len(world.people), 4) * DAYS
    town = world.people["town"].to_numpy(dtype=object)[rng.integers(0, len(world.people), n)]
    at = world.ground.somewhere_in(town, rng)
    seconds = np.sort(rng.integers(0, DAYS * 86_400, n))
    first = pd.DataFrame(
        {"seconds": seconds, "kind": pick(rng, list(KINDS), n, list(KINDS.values())), "town": town, "lon": at[:, 0], "lat": at[:, 1],
         "phone": draw_phones(rng, n), "event": np.arange(n), AGAIN: False}
    )  # fmt: skip
    again = first[rng.random(n) < TOLD_AGAIN].copy()
    same_caller = rng.random(len(again)) < 0.5
    again["seconds"] += rng.integers(30, 15 * 60, len(again))
    again["phone"] = np.where(same_caller, again["phone"], draw_phones(rng, len(again)))
    for axis in ("lon", "lat"):
        again[axis] += np.where(same_caller, 0, rng.uniform(-NEAR, NEAR, len(again)))
    start = AS_OF.astype("datetime64[s]") - np.timedelta64((DAYS - 1) * 86_400, "s")
    calls = pd.concat([first, again.assign(**{AGAIN: True}), _of_incidents(registers, start)])
    calls = calls[calls["seconds"] < DAYS * 86_400].sort_values("seconds", kind="stable", ignore_index=True)
    n = len(calls)
    called = start + calls["seconds"].to_numpy().astype("timedelta64[s]")
    arrived = called + rng.integers(90, 14 * 60, n).astype("timedelta64[s]")
    finished = arrived + rng.integers(300, 3 * 3600, n).astype("timedelta64[s]")
    lon, lat = ground.gcj02(calls["lon"].to_numpy(), calls["lat"].to_numpy())
    county = np.array([t[:6] for t in calls["town"]], dtype=object)
    return pd.DataFrame(
        {
            "alarm_no": "JJ" + numbers(np.arange(n) + 1, 10),
            "call_time": moment_text(called),
            "arrive_time": only(rng.random(n) > 0.02, moment_text(arrived)),
            "finish_time": moment_text(finished),
            "kind": calls["kind"].to_numpy(dtype=object),
            "county6": county,
            "address": None,
            "lon": decimals(lon, 6),
            "lat": decimals(lat, 6),
            "police_station_code": calls["town"].to_numpy(dtype=object) + "000",
            "caller_phone": calls["phone"].to_numpy(dtype=object),
            "result": _results(registers, calls),
            "update_time": moment_text(finished),
            "_night": night_of(called.astype("datetime64[D]")),
            AGAIN: calls[AGAIN].to_numpy(),
            EVENT: calls["event"].astype(str).to_numpy(dtype=object),
            MOMENT: called,
        }
    )


def _results(registers: Registers, calls: pd.DataFrame) -> np.ndarray:
    """What came of each call; one that tells of the same event as another is about something."""
    drawn, alone = registers.world.stream("alarm results").random(len(calls)), ~calls["event"].duplicated(keep=False).to_numpy()
    alone &= ~calls["event"].isin(registers.world.told("POLICE")["incident"]).to_numpy()
    return np.select([alone & (drawn < INVALID), drawn > 1 - TRANSFERRED], ["INVALID", "TRANSFERRED"], "HANDLED").astype(object)


def _of_incidents(registers: Registers, start: np.datetime64) -> pd.DataFrame:
    """Calls about incidents that other services are told of, too."""
    told = registers.world.told("POLICE")
    after = (told["moment"].to_numpy() - start).astype("timedelta64[s]").astype(int)
    rows = told[["lon", "lat", "phone"]].assign(seconds=after, kind=told["code"], town=told["village"].str[:9], event=told["incident"])
    return rows.assign(**{AGAIN: told["again"]})


@PUBLIC_SECURITY.table(
    "criminal_case",
    dirt=(
        Cell("D22", "kind", 0.2, kind=labels({"THEFT": ("盗窃", "盗窃案"), "FRAUD": ("诈骗", "电信诈骗")})),
        Cell("D18N", "county6", 0.1, kind=COUNTY),
    ),
    copies=0.01,
    rejected=(Rejected("IMPOSSIBLE", "filed_date", 0.002),),
    number=Number("case_no", 2),
)
def criminal_cases(registers: Registers) -> pd.DataFrame:
    """Cases filed over a year; two of three are solved, most of them within weeks."""
    world, rng = registers.world, registers.world.stream("criminal cases")
    n = max(60, round(CASES * CASE_DAYS * len(world.people) / 46_000))
    filed = np.sort(AS_OF - rng.integers(0, CASE_DAYS, n))
    solved = filed + np.minimum(rng.geometric(0.05, n), 200)
    is_solved = (rng.random(n) < 0.65) & (solved <= filed + (AS_OF - filed).astype(int) - 2)
    kind = pick(rng, list(CRIMES), n, list(CRIMES.values()))
    reported = clock_text(filed, office_seconds(rng, n))
    return pd.DataFrame(
        {
            "case_no": "A3" + numbers(np.arange(n) + 1, 10),
            "kind": kind,
            **_occurred(registers, reported),
            "report_time": reported,
            "filed_date": day_text(filed),
            "solved_date": only(is_solved, day_text(solved)),
            "county6": world.people["county6"].to_numpy(dtype=object)[rng.integers(0, len(world.people), n)],
            "update_time": clock_text(filed, np.full(n, 20 * 3600)),
            "_night": night_of(filed),
        }
    )


def _occurred(registers: Registers, reported: np.ndarray) -> dict[str, np.ndarray]:
    """Between which moments each case happened: it was noticed within two days, and often nobody knows when exactly it was."""
    rng, n = registers.world.stream("criminal occurrences"), len(reported)
    last = pd.to_datetime(pd.Series(reported)).to_numpy().astype("datetime64[s]") - rng.integers(600, 2 * 86_400, n).astype(
        "timedelta64[s]"
    )
    first = last - np.where(rng.random(n) < 0.6, 0, rng.integers(600, 12 * 3600, n)).astype("timedelta64[s]")
    return {"occur_from": moment_text(first), "occur_to": moment_text(last)}


@PUBLIC_SECURITY.finding("alarms that tell of a known event", "themes/public_safety/alarm", "reported", "AGAIN")
def told_again(registers: Registers) -> pd.Series:
    """The calls that tell of an event again and have not lost their position, kind or caller to dirt alone."""
    rows = registers.delivered("public_security/alarm")
    return rows.loc[rows[AGAIN], "alarm_no"]
