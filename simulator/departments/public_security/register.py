"""The household register (exchange database), the deaths for which it has cancelled registrations, standard addresses."""

from __future__ import annotations

import numpy as np
import pandas as pd

from simulator.basics import (
    AS_OF,
    NAT,
    NIGHTS,
    as_days,
    between,
    clock_text,
    counts,
    day_text,
    decimals,
    night_of,
    numbers,
    office_seconds,
    only,
    pick,
)
from simulator.departments.public_security import PUBLIC_SECURITY
from simulator.dirt import POSITION, SENTINEL_FOR_NOTHING, Cell, Older, labels
from simulator.registers import Registers
from simulator.world.deaths import strangers
from simulator.world.ground import DIGITS

CHANGED, STALE, TWICE = 8, 4, 4
"""In a city of the reference size: residents whose entry changes each night, older versions that arrive later, persons registered twice."""


def _station(people: pd.DataFrame) -> np.ndarray:
    return people["town"].to_numpy(dtype=object) + "000"


def _changes(registers: Registers, rows: pd.DataFrame) -> pd.DataFrame:
    """The register and the rows of nights 1 and 2 besides births: corrections, moves, deaths (U), late older versions (U), deletions (D).

    A change repeats what the row had, with its dirt.
    """
    people, deaths, rng = registers.world.people, registers.world.deaths, registers.world.stream("resident_changes")
    n = len(people)
    by_person = rows[rows["_person"] >= 0].set_index("_person", drop=False)
    steady = np.flatnonzero(
        (by_person["person_status"] == "0") & (by_person["_night"] == 0) & people["death"].isna() & people["moved_out"].isna()
    )
    per_night, stale = counts(CHANGED, n, 3), counts(STALE, n, 2)
    chosen = rng.choice(steady, 2 * per_night + stale, replace=False)
    out = []
    for night in (1, 2):
        day = np.datetime64(NIGHTS[night])
        changed = by_person.loc[chosen[(night - 1) * per_night : night * per_night]].copy()
        out.append(_update(rng, changed.assign(education_code=pick(rng, ["20", "30", "60"], per_night), marital_code="20"), night, day))
        for left, reason, status in ((as_days(people["moved_out"].to_numpy()), "02", "8"), (_cancelled(n, deaths), "01", "9")):
            leavers = by_person.loc[np.flatnonzero(left == day)].copy()
            text = day_text(np.full(len(leavers), day))
            leavers = leavers.assign(
                person_status=status,
                cancel_reason=reason,
                cancel_date=text,
                move_out_date=text if status == "8" else leavers["move_out_date"],
            )
            out.append(_update(rng, leavers, night, day))
    late = by_person.loc[chosen[2 * per_night :]].copy()
    out.append(_update(rng, late.assign(marital_code="20"), 1, np.datetime64("2019-12-30")))
    out.append(
        _update(rng, late.assign(marital_code="10", hukou_addr="江苏省扬州市广陵区汶河街道旧地址1号"), 2, np.datetime64("2019-12-27"))
    )
    again = by_person.loc[chosen[:stale]].copy()
    out.append(_update(rng, again.assign(education_code="80"), 2, np.datetime64("2019-12-28")))
    doubles = rows[rows["_person"] < 0]
    for night, part in ((1, doubles.iloc[::2]), (2, doubles.iloc[1::2])):
        out.append(_update(rng, part.copy(), night, np.datetime64(NIGHTS[night])).assign(_op="D"))
    return pd.concat([rows, *out], ignore_index=True).sort_values("_night", kind="stable", ignore_index=True)


def _cancelled(n: int, deaths: pd.DataFrame) -> np.ndarray:
    days = np.full(n, NAT)
    days[deaths.loc[deaths["cancellation"], "at"]] = deaths.loc[deaths["cancellation"], "cancelled"]
    return days


def _update(rng: np.random.Generator, rows: pd.DataFrame, night: int, day: np.datetime64) -> pd.DataFrame:
    return rows.assign(op_time=clock_text(np.full(len(rows), day), office_seconds(rng, len(rows))), _night=night, _op="U")


@PUBLIC_SECURITY.table(
    "resident",
    dirt=(
        Cell("D04", "id_no", 0.2),
        Cell("D03", "id_no", 0.003),
        Cell("D02", "name", 0.005),
        Cell("D30", "name", 0.004),
        Cell("D02", "hukou_addr", 0.02),
        Cell("D22", "sex_code", 0.01),
        Cell("D22", "ethnic_code", 0.02),
        Cell("D22", "marital_code", 0.02),
        Cell("D15", "birth_date", 0.01),
        Cell("D15", "move_in_date", 0.05),
        Cell("D14", "move_in_date", 0.02, kind=SENTINEL_FOR_NOTHING),
        Cell("D18", "hukou_div", 0.04),
        Cell("D10", "name", 0.002, other="id_no"),
        Cell("D17", "sex_code", 0.01),
        Cell("D24", "hukou_addr", 0.0005),
    ),
    after_dirt=_changes,
)
def residents(registers: Registers) -> pd.DataFrame:
    """The rows of night 0 (_op I): the register as it stood, one row per person, and some persons registered twice."""
    people, deaths, rng = registers.world.people, registers.world.deaths, registers.world.stream("residents")
    n = len(people)
    cancelled = np.full(n, NAT)
    heard = deaths[deaths["cancellation"]]
    cancelled[heard["at"]] = heard["cancelled"]
    birth = as_days(people["birth"].to_numpy())
    moved_in = only(
        rng.random(n) < 0.25,
        day_text(between(rng, np.maximum(birth, np.datetime64("1985-01-01")), np.full(n, np.datetime64("2014-12-31")))),
    )
    rows = pd.DataFrame(
        {
            "person_no": "GA" + numbers(32_000_000 + rng.permutation(n)),
            "id_no": people["id_no"],
            "name": people["name"],
            "former_name": people["former_name"],
            "sex_code": people["sex"],
            "ethnic_code": people["ethnic"],
            "birth_date": day_text(birth),
            "marital_code": people["marital"],
            "education_code": people["education"],
            "hukou_no": people["hukou_no"],
            "household_head_rel": people["relation"],
            "hukou_addr": people["address"],
            "hukou_div": people["village12"],
            "police_station_code": _station(people),
            "person_status": "0",
            "move_in_date": moved_in,
            "move_out_date": None,
            "cancel_date": None,
            "cancel_reason": None,
        }
    )
    registered = between(rng, np.maximum(birth + 5, np.datetime64("2005-01-01")), np.full(n, np.datetime64("2019-11-30")))
    changed = registered
    rows["_person"], rows["_night"], rows["_op"] = np.arange(n), people["registered"].to_numpy(), "I"
    moved = as_days(people["moved_out"].to_numpy())
    for day, status, reason, column in ((moved, "8", "02", "move_out_date"), (cancelled, "9", "01", None)):
        done = ~np.isnat(day) & (day <= np.datetime64(NIGHTS[0]))
        rows.loc[done, ["person_status", "cancel_reason"]] = [status, reason]
        rows.loc[done, "cancel_date"] = day_text(day)[done]
        if column:
            rows.loc[done, column] = day_text(day)[done]
        changed = np.where(done, day, changed)
    born_now = rows["_night"].to_numpy() > 0
    changed = np.where(born_now, np.datetime64(NIGHTS[0]) + rows["_night"].to_numpy(), changed)
    rows["op_time"] = clock_text(changed, office_seconds(rng, n))
    return pd.concat([rows, _registered_twice(rng, rows)], ignore_index=True)


def _registered_twice(rng: np.random.Generator, rows: pd.DataFrame) -> pd.DataFrame:
    steady = np.flatnonzero((rows["person_status"] == "0") & (rows["_night"] == 0))
    twice = rows.iloc[rng.choice(steady, 2 * counts(TWICE / 2, len(rows)), replace=False)].copy()
    twice["person_no"] = "GA" + numbers(39_000_000 + np.arange(len(twice)))
    twice["op_time"] = "2018-05-04 09:12:31"
    return twice.assign(_op="I", _person=-1)


def _of_deaths(rows: pd.DataFrame) -> np.ndarray:
    """A cancelled registration says that somebody has died and, where the family has stated it, on which day."""
    return np.select([rows["_wrong"], rows["_dated"]], ["", "A"], "B")


@PUBLIC_SECURITY.table(
    "death_cancellation",
    dirt=(
        Cell("D04", "id_no", 0.2),
        Cell("D03", "id_no", 0.015),
        Cell("D02", "name", 0.02),
        Cell("D30", "name", 0.01),
        Cell("D15", "cancel_date", 0.05),
        Cell("D22", "sex_code", 0.03),
        Cell("D22", "cancel_reason", 0.03, kind=labels({"01": ("死亡", "1")})),
        Cell("D10", "name", 0.002, other="id_no"),
        Cell("D37", "op_time", 0.003),
    ),
    older=Older("op_time", 0.02, {"police_station_code": "321003000000"}),
    copies=0.01,
    evidence=_of_deaths,
)
def death_cancellations(registers: Registers) -> pd.DataFrame:
    """Registrations cancelled for death; the last rows carry the number of a living person and another's name."""
    people, deaths, rng = registers.world.people, registers.world.deaths, registers.world.stream("death_cancellations")
    mistaken = registers.world.mistaken[::2]
    known = deaths[deaths["cancellation"]]
    at = np.concatenate([known["at"].to_numpy(), mistaken])
    n, k = len(at), len(mistaken)
    death = np.concatenate([as_days(known["death"].to_numpy()), np.datetime64("2019-06-01") + rng.integers(0, 90, k)])
    cancelled = np.concatenate([as_days(known["cancelled"].to_numpy()), death[n - k :] + 20])
    dated = np.concatenate([known["cancellation_dated"].to_numpy(), np.ones(k, dtype=bool)])
    name = people["name"].to_numpy(dtype=object)[at]
    name[n - k :] = strangers(people, mistaken, people["name"].to_numpy(dtype=object))
    rows = pd.DataFrame(
        {
            "id_no": people["id_no"].to_numpy()[at],
            "name": name,
            "sex_code": people["sex"].to_numpy()[at],
            "death_date": only(dated, day_text(death)),
            "cancel_date": day_text(cancelled),
            "cancel_reason": "01",
            "police_station_code": _station(people)[at],
            "op_time": clock_text(cancelled, office_seconds(rng, n)),
            "_person": at,
            "_night": night_of(cancelled),
            "_wrong": np.arange(n) >= n - k,
            "_dated": dated,
        }
    )
    return rows[(rows["_night"] >= 0) & (cancelled <= AS_OF)].sort_values("op_time", kind="stable", ignore_index=True)


@PUBLIC_SECURITY.table(
    "standard_address",
    dirt=(
        Cell("D21", "lon", 0.03, other="lat", kind=POSITION),
        Cell("D02", "address", 0.02),
        Cell("D18", "division", 0.02),
    ),
    copies=0.005,
)
def standard_addresses(registers: Registers) -> pd.DataFrame:
    """The addresses of all households and of firms in parks, a few entered in the last nights; some written in another way, some placed in
    another county."""
    world = registers.world
    parts = {"standard addresses": world.ground.addresses, "addresses of premises": world.parks.premises.assign(building=None)}
    return pd.concat([_surveyed(places, world.stream(name)) for name, places in parts.items()], ignore_index=True)


def _surveyed(homes: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Addresses as the police have them; `_wrong`: one that stands where another does."""
    n = len(homes)
    night = np.where(rng.random(n) < 0.02, rng.integers(1, 3, n), 0)
    day = np.where(
        night > 0,
        np.array(NIGHTS, dtype="datetime64[D]")[night],
        between(rng, np.full(n, np.datetime64("2016-01-01")), np.full(n, np.datetime64("2019-12-20"))),
    )
    wrong = (rng.random(n) < 0.01) | (np.arange(n) == 0)
    elsewhere = _in_another_county(homes["village"].str[:6].to_numpy(), rng)
    at = np.where(wrong, elsewhere, np.arange(n))
    return pd.DataFrame(
        {
            "address_no": homes["code"],
            "address": _written(homes["address"], rng),
            "division": homes["village"],
            "lon": decimals(homes["lon"].to_numpy()[at], DIGITS),
            "lat": decimals(homes["lat"].to_numpy()[at], DIGITS),
            "building_no": homes["building"],
            "update_time": clock_text(day, office_seconds(rng, n)),
            "_night": night,
            "_wrong": wrong,
        }
    )


def _in_another_county(county: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """For each row one of another county; itself where there is only one county."""
    order = rng.permutation(len(county))
    first_of_next = {c: order[county[order] != c] for c in np.unique(county)}
    return np.array([first_of_next[c][i % len(first_of_next[c])] if len(first_of_next[c]) else i for i, c in enumerate(county)], dtype=int)


def _written(addresses: pd.Series, rng: np.random.Generator) -> pd.Series:
    """One in ten as people write them: a former county, no province, another word for the building (D34)."""
    other = addresses.str.replace("江都区", "江都市").str.replace("江苏省", "").str.replace("幢", "号楼").str.replace("扬州市邗江", "邗江")
    return addresses.where(rng.random(len(addresses)) >= 0.1, other)


@PUBLIC_SECURITY.finding("addresses that lie in another town", "base/geography/address", "flags", "OUTSIDE_TOWN")
def misplaced_addresses(registers: Registers) -> pd.Series:
    rows = registers.delivered("public_security/standard_address")
    return rows.loc[rows["_wrong"], "address_no"]
