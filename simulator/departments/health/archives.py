"""Resident health archives: real ones, duplicates, those kept open after a death, and invented ones.

Here: rows of health/archive as they stand over the three nights, and who they are really about. Not here: the services recorded in
them (`services`), archives under another number (`mixups`), what state the lake should give them (`truth`).

Columns with a leading underscore stay in the simulator: _person (row of the person, -1 when invented), _kind, _institution
(index), _activity (active, dormant, never, dead, fake), _created (day), _night (first night delivered), _after_death (created after
the death), _copy (a second archive of the person).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from simulator.basics import (
    AS_OF,
    FIRST_NIGHT,
    NAT,
    NIGHTS,
    as_days,
    between,
    clock_text,
    counts,
    day_text,
    numbers,
    office_seconds,
    pick,
)
from simulator.departments.health import ARCHIVE, HEALTH
from simulator.departments.health.mixups import under_other_numbers
from simulator.dirt import SENTINEL_FOR_NOTHING, Cell, Forgotten, Older
from simulator.registers import Registers
from simulator.rejects import Rejected
from simulator.world.institutions import Institutions
from simulator.world.people import draw_names, draw_phones, name_lists, unused_numbers

COVERAGE, RECENT, VENDOR_NUMBER = 0.92, 0.08, 0.03
"""Share of persons with an archive; of archives created within the last two years, with a number of a vendor's own."""
ACTIVE, DORMANT = {"old": 0.86, "other": 0.57}, {"old": 0.09, "other": 0.22}
DUPLICATES, AFTER_DEATH = 0.045, 0.0012
"""Second archives, of those with an archive; archives created after the death, of persons."""
INVENTED = {"fake_suspect": 0.011, "fake_confirmed": 0.005}
CLOSED_OF_DEAD, CLOSED_OF_LIVING = 0.52, 0.012
SAME_NUMBER_PAIRS, LIFE_AFTER_FLAG = 20, 12
"""In a city of the reference size: pairs of persons under one number, archives with a death flag whose person visits a hospital."""
CORRECTED, NEW, CLOSED = 12, 6, 5
"""In a city of the reference size, each of the last two nights."""
OPENING = np.datetime64("2009-01-01")
CROWDS = np.array([None, "01", "02", "01,02"], dtype=object)  # by old + 2 * hypertension


def _real(people: pd.DataFrame, deaths: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """One archive per covered person."""
    n = len(people)
    birth, death = as_days(people["birth"].to_numpy()), as_days(people["death"].to_numpy())
    dead, newborn = ~np.isnat(death), people["registered"].to_numpy() > 0
    latest = np.where(dead, death - 60, AS_OF - 20)
    earliest = np.maximum(birth + 15, OPENING)
    has = (rng.random(n) < COVERAGE) & (earliest <= latest) & ~newborn
    at = np.flatnonzero(has)
    old = np.where(people["age"].to_numpy()[at] >= 65, "old", "other")
    draw = rng.random(len(at))
    active, dormant = (np.array([share[g] for g in ("old", "other")])[(old == "other").astype(int)] for share in (ACTIVE, DORMANT))
    activity = np.where(dead[at], "dead", np.where(draw < active, "active", np.where(draw < active + dormant, "dormant", "never")))
    recent = ~dead[at] & ((rng.random(len(at)) < RECENT) | (earliest[at] > np.datetime64("2015-06-01")))
    activity = np.where(recent, "active", activity)
    low = np.where(recent, np.maximum(earliest[at], np.datetime64("2018-01-10")), earliest[at])
    high = np.where(recent | dead[at], latest[at], np.datetime64("2015-12-20"))
    return pd.DataFrame(
        {
            "_person": at,
            "_kind": "real",
            "_activity": activity,
            "_created": between(rng, low, np.maximum(low, high)),
            "_night": 0,
            "_copy": False,
        }
    )


def _copies(real: pd.DataFrame, n_people: int, rng: np.random.Generator) -> pd.DataFrame:
    """Second archives of persons, built elsewhere or later."""
    alive = real[(real["_activity"] != "dead") & (real["_created"] < np.datetime64("2019-06-01"))]
    chosen = alive.iloc[np.flatnonzero(rng.random(len(alive)) < DUPLICATES)]
    created = between(rng, as_days(chosen["_created"].to_numpy()) + 30, np.full(len(chosen), np.datetime64("2019-11-30")))
    return chosen.assign(_created=np.maximum(created, as_days(chosen["_created"].to_numpy())), _copy=True)


def _after_death(people: pd.DataFrame, deaths: pd.DataFrame, real: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Archives created after the person had died."""
    death = as_days(people["death"].to_numpy())
    known = np.zeros(len(people), dtype=bool)
    known[deaths.loc[deaths["certificate"], "at"]] = True
    free = known & (death < np.datetime64("2019-06-01")) & ~np.isin(np.arange(len(people)), real["_person"])
    at = rng.permutation(np.flatnonzero(free))[: max(2, round(AFTER_DEATH * len(people)))]
    created = between(rng, death[at] + 40, np.full(len(at), np.datetime64("2019-11-01")))
    return pd.DataFrame(
        {"_person": at, "_kind": "real", "_activity": "dead", "_created": created, "_night": 0, "_copy": False, "_after_death": True}
    )


def _late_ones(people: pd.DataFrame, real: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Archives of the last two nights: children born shortly before and persons who had none."""
    n = counts(NEW, len(people), 3)
    none = people["death"].isna() & people["moved_out"].isna() & (people["registered"] == 0) & ~people.index.isin(real["_person"])
    newborn = np.flatnonzero(people["registered"] == 1)[:2]
    at = np.concatenate([newborn, rng.choice(np.flatnonzero(none), 2 * n, replace=False)])
    night = np.concatenate([np.full(len(newborn), 2), 1 + np.arange(2 * n) % 2])
    return pd.DataFrame(
        {"_person": at, "_kind": "real", "_activity": "new", "_created": FIRST_NIGHT + night, "_night": night, "_copy": False}
    )


def _invented(n_real: int, rng: np.random.Generator) -> pd.DataFrame:
    parts = []
    for kind, activity in (("fake_suspect", "fake"), ("fake_confirmed", "fake")):
        n = max(3, round(INVENTED[kind] * n_real))
        created = between(rng, np.full(n, OPENING), np.full(n, np.datetime64("2017-06-30")))
        parts.append(pd.DataFrame({"_person": -1, "_kind": kind, "_activity": activity, "_created": created, "_night": 0, "_copy": False}))
    return pd.concat(parts)


def _identities(rows: pd.DataFrame, people: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Who the archive says it is about. Invented ones: a valid number that was never issued, or a bad number and a placeholder name."""
    at = rows["_person"].to_numpy()
    real = at >= 0
    who = people.iloc[np.where(real, at, rng.integers(0, len(people), len(rows)))]
    for column, source in (
        ("id_no", "id_no"),
        ("name", "name"),
        ("sex_code", "sex"),
        ("phone", "phone"),
        ("address", "address"),
        ("village12", "village12"),
        ("birth", "birth"),
    ):
        rows[column] = who[source].to_numpy()
    for column in ("town", "county6", "ehr_village", "ethnic", "marital", "education", "age"):
        rows[f"_{column}"] = who[column].to_numpy()
    fake = np.flatnonzero(~real)
    m = len(fake)
    unknown = unused_numbers(people, rng, m)
    confirmed = (rows["_kind"].to_numpy() == "fake_confirmed")[fake]
    bad_number = rng.random(m) < np.where(confirmed, 0.6, 0.3)
    broken = np.array([x[:-1] + "0123456789"[("0123456789X".index(x[-1]) + 3) % 10] for x in unknown["id_no"]], dtype=object)
    place = {c: rows.columns.get_loc(c) for c in ("id_no", "name", "sex_code", "birth", "phone")}
    rows.iloc[fake, place["id_no"]] = np.where(bad_number, broken, unknown["id_no"])
    rows.iloc[fake, place["sex_code"]] = unknown["sex"].to_numpy()
    rows.iloc[fake, place["birth"]] = unknown["birth"].to_numpy()
    rows.iloc[fake, place["phone"]] = draw_phones(rng, m)
    placeholder = pick(rng, name_lists()["placeholders"], m)
    rows.iloc[fake, place["name"]] = np.where(bad_number | confirmed, placeholder, draw_names(rng, unknown["sex"].to_numpy()))
    rows["_placeholder_name"] = False
    rows.iloc[fake, rows.columns.get_loc("_placeholder_name")] = bad_number | confirmed
    rows["_broken_number"] = False
    rows.iloc[fake, rows.columns.get_loc("_broken_number")] = bad_number
    return rows


def _number(rows: pd.DataFrame, rng: np.random.Generator) -> np.ndarray:
    """Archive numbers: county, town, village, five digits of sequence; a vendor's platform writes twenty digits."""
    area = rows["_ehr_village"].to_numpy(dtype=object)
    sequence = rows.groupby("_ehr_village").cumcount().to_numpy() + 1
    vendor = rng.random(len(rows)) < VENDOR_NUMBER
    return np.where(vendor, area + numbers(sequence, 8), area + numbers(sequence, 5))


def _snapshots(registers: Registers, archives: pd.DataFrame) -> tuple[pd.DataFrame, ...]:
    """The full list of each night: with corrections and closings, and without the archive that vanishes on night 2."""
    changes, vanished = _news(archives, registers.world.stream("archive_changes"))
    changes[0] = changes[0].drop(index=vanished, errors="ignore")
    now, lists = archives.copy(), [archives[archives["_night"] <= 0]]
    for night, new in enumerate(changes, 1):
        now.update(new)
        if night == 2:
            now = now.drop(index=vanished)
        lists.append(now[now["_night"] <= night].copy())
    return tuple(lists)


def _of_deaths(rows: pd.DataFrame) -> np.ndarray:
    """A flag in an archive is a sign, no more."""
    return np.where((rows["dead_flag"] == "1") & ~rows["_bad_id"] & ~rows["_bad_name"], "C", "")


@HEALTH.table(
    "archive",
    dirt=(
        Cell("D01", "name", 0.0005),
        Cell("D04", "id_no", 0.2),
        Cell("D05", "id_no", 0.008),
        Cell("D07", "id_no", 0.01),
        Cell("D03", "id_no", 0.015),
        Cell("D02", "id_no", 0.01),
        Cell("D02", "name", 0.02),
        Cell("D02", "address", 0.02),
        Cell("D30", "name", 0.01),
        Cell("D15", "birth_date", 0.05),
        Cell("D14", "birth_date", 0.005),
        Cell("IMPOSSIBLE", "birth_date", 0.0005),
        Cell("D15", "create_date", 0.05),
        Cell("D14", "dead_date", 0.015, kind=SENTINEL_FOR_NOTHING),
        Cell("D18", "village_code12", 0.04),
        Cell("D22", "sex_code", 0.01),
        Cell("D22", "ethnic_code", 0.03),
        Cell("D22", "education_code", 0.02),
        Cell("D22", "marital_code", 0.02),
        Cell("D08", "name", 0.003),
        Cell("D09", "phone", 0.04),
        Cell("D17", "sex_code", 0.01),
        Cell("D10", "name", 0.002, other="id_no"),
        Cell("D10", "birth_date", 0.001, other="create_date"),
        Cell("D39", "contact_phone", 0.005),
        Cell("D40", "hukou_addr", 0.01),
        Cell("D40N", "crowd_type", 0.01),
    ),
    older=Older("update_time", 0.02, {"phone": "13800001234", "address": "江苏省扬州市广陵区文峰街道旧址3号"}),
    copies=0.01,
    forgotten=Forgotten("status", "cancel_date", 0.1, "0"),
    rejected=(Rejected("D23", "address", 0.001),),
    after_dirt=under_other_numbers,
    snapshots=_snapshots,
    evidence=_of_deaths,
    newline="\r\n",
)
def archives(registers: Registers) -> pd.DataFrame:
    """All archives of the three nights, one row each, as of the night they are first delivered."""
    world, rng = registers.world, registers.world.stream("archives")
    people, deaths, places, patients = world.people, world.deaths, world.institutions, world.hypertension
    real = _real(people, deaths, rng)
    real.loc[patients[real["_person"]] & (real["_activity"] != "dead") & (real["_created"] < np.datetime64("2017-01-01")), "_activity"] = (
        "active"
    )
    late = _after_death(people, deaths, real, rng)
    rows = pd.concat(
        [real, _copies(real, len(people), rng), late, _late_ones(people, real, rng), _invented(len(real), rng)], ignore_index=True
    )
    rows = rows.iloc[rng.permutation(len(rows))].reset_index(drop=True)
    rows["_after_death"] = rows["_after_death"].eq(True)
    rows["_created"] = as_days(rows["_created"].to_numpy())
    rows = _identities(rows, people, rng)
    copies = np.flatnonzero(rows["_copy"].to_numpy() & (rng.random(len(rows)) < 0.5))
    elsewhere = people.iloc[rng.integers(0, len(people), len(copies))]
    for column in ("town", "county6", "ehr_village"):
        rows.iloc[copies, rows.columns.get_loc(f"_{column}")] = elsewhere[column].to_numpy()
    rows.iloc[copies, rows.columns.get_loc("village12")] = elsewhere["village12"].to_numpy()
    rows["_institution"] = places.of_towns(rows["_town"])
    rows["ehr_no"] = _number(rows, rng)
    rows["empi_id"] = "EM" + numbers(rng.permutation(len(rows)) + 1, 10)
    _share_numbers(rows, people, patients, rng)
    rows = _columns(rows, people, deaths, places, patients, rng)
    # what invented archives carry from the start: names typed to get past a form, numbers that are none
    registers.note(ARCHIVE, rows[rows["_placeholder_name"]], "name", "D08")
    registers.note(ARCHIVE, rows[rows["_broken_number"]], "id_no", "D05")
    special = (rows["_kind"] != "real") | rows["_after_death"] | rows["_life_after_flag"] | rows["_shared_number"]
    return rows.assign(_protected=special | rows["_person"].isin(world.mistaken))


def _share_numbers(rows: pd.DataFrame, people: pd.DataFrame, patients: np.ndarray, rng: np.random.Generator) -> None:
    """Two persons under one archive number, in some places."""
    young = (rows["_kind"] == "real") & ~rows["_copy"] & (rows["_night"] == 0) & (rows["_age"] < 60) & (rows["_activity"] != "dead")
    young &= ~patients[rows["_person"].to_numpy()]
    duplicated = rows["_person"].isin(rows.loc[rows["_copy"], "_person"])
    n = counts(SAME_NUMBER_PAIRS, len(people), 2)
    chosen = rng.choice(np.flatnonzero(young & ~duplicated), 2 * n, replace=False)
    rows.loc[chosen[n:], "ehr_no"] = rows.loc[chosen[:n], "ehr_no"].to_numpy()
    rows["_shared_number"] = rows.index.isin(chosen)


def _columns(
    rows: pd.DataFrame, people: pd.DataFrame, deaths: pd.DataFrame, places: Institutions, patients: np.ndarray, rng: np.random.Generator
) -> pd.DataFrame:
    n, at = len(rows), rows["_person"].to_numpy()
    real = at >= 0
    created, institution = as_days(rows["_created"].to_numpy()), rows["_institution"].to_numpy()
    creator = places.doctor(rng, institution)
    old = rows["_age"].to_numpy(dtype=float) >= 65
    sick = real & patients[at]
    allowed = np.where(rows["_night"] > 0, AS_OF, FIRST_NIGHT)
    rows["update"] = np.minimum(between(rng, created, np.minimum(created + 700, AS_OF - 5)), allowed)
    rows["update"] = np.maximum(as_days(rows["update"].to_numpy()), created)
    columns = {
        "id_type": "01",
        "birth_date": day_text(rows["birth"].to_numpy()),
        "contact_name": draw_names(rng, pick(rng, ["1", "2"], n)),
        "contact_phone": draw_phones(rng, n),
        "perm_type": "1",
        "ethnic_code": rows["_ethnic"],
        "abo_code": pick(rng, ["1", "2", "3", "4", "5"], n, [28, 24, 31, 9, 8]),
        "rh_code": pick(rng, ["2", "3", "1"], n, [80, 19.5, 0.5]),
        "education_code": rows["_education"],
        "occupation": pick(rng, ["农民", "工人", "职员", "学生", "退休", "其他"], n),
        "marital_code": rows["_marital"],
        "pay_method": pick(rng, ["01", "02", "03", "01,02"], n, [45, 30, 20, 5]),
        "allergy": pick(rng, ["无药物过敏", "青霉素", "磺胺"], n, [94, 4, 2]),
        "past_disease": np.where(sick, "2", "1"),
        "hukou_addr": rows["address"],
        "village_code12": rows["village12"],
        "mana_org": places.codes[institution],
        "mana_doctor": places.doctor(rng, institution),
        "create_org": places.codes[institution],
        "create_user": creator,
        "create_date": day_text(created),
        "input_user": creator,
        "input_time": clock_text(created, office_seconds(rng, n)),
        "update_user": creator,
        "update_time": clock_text(rows["update"].to_numpy(), 64_000 + office_seconds(rng, n) // 4),
        "status": "0",
        "cancel_reason": None,
        "cancel_date": None,
        "dead_flag": "0",
        "dead_date": None,
        "crowd_type": CROWDS[old + 2 * sick],
    }
    rows = rows.assign(**columns).drop(columns=["update"])
    return _endings(rows, people, deaths, rng)


def _endings(rows: pd.DataFrame, people: pd.DataFrame, deaths: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Archives closed in the past, flags of death, and a wrong flag on a few of the living."""
    n, at = len(rows), rows["_person"].to_numpy()
    group, death = np.full(len(people), "", dtype=object), as_days(people["death"].to_numpy())
    group[deaths["at"]] = deaths["group"]
    of_row, died = np.where(at >= 0, group[at], ""), np.where(at >= 0, death[at], NAT)
    closes = (
        (of_row == "known") & (rng.random(n) < CLOSED_OF_DEAD) & (died < np.datetime64("2019-11-01")) & ~rows["_after_death"].to_numpy()
    )
    _close(rows, closes, "1", np.minimum(died + rng.integers(20, 300, n), np.datetime64("2019-12-20")))
    rows["_known_dead"] = of_row == "known"
    flagged = closes | (of_row == "flag")
    rows.loc[flagged, "dead_flag"] = "1"
    rows.loc[flagged, "dead_date"] = day_text(died)[flagged]
    plain = (rows["_kind"] == "real") & np.isnat(died) & (rows["_night"] == 0) & ~rows["_shared_number"]
    tired = plain & (rng.random(n) < CLOSED_OF_LIVING) & rows["_activity"].isin(["dormant", "never"]).to_numpy() & ~rows["_copy"]
    reason = pick(rng, ["2", "3", "9"], n, [50, 35, 15])
    for code in ("2", "3", "9"):
        _close(
            rows,
            tired & (reason == code),
            code,
            between(rng, np.full(n, np.datetime64("2017-01-01")), np.full(n, np.datetime64("2019-12-01"))),
        )
    alive = np.flatnonzero(plain & (rows["status"] == "0") & (rows["_activity"] == "active") & ~rows["_copy"] & (rows["_age"] > 50))
    rows["_life_after_flag"] = False
    wrong = rng.choice(alive, min(len(alive), counts(LIFE_AFTER_FLAG, len(people), 2)), replace=False)
    rows.loc[wrong, ["dead_flag", "dead_date", "_life_after_flag"]] = ["1", "2019-03-15", True]
    return rows


def _close(rows: pd.DataFrame, which: pd.Series | np.ndarray, reason: str, day: np.ndarray) -> None:
    which = np.asarray(which)
    rows.loc[which, ["status", "cancel_reason"]] = ["1", reason]
    rows.loc[which, "cancel_date"] = day_text(day)[which]
    rows.loc[which, "update_time"] = clock_text(day, np.full(len(rows), 60_000))[which]


def _news(rows: pd.DataFrame, rng: np.random.Generator) -> tuple[list[pd.DataFrame], np.ndarray]:
    """What nights 1 and 2 change: per night a frame of new values (index: row of the archive), and which archive vanishes on night 2.

    Corrections of phone and address by the institution (later update_time), closings with reason 1 or 2.
    """
    n = len(rows)
    known = rows["_night"] == 0
    plain = np.flatnonzero(known & (rows["status"] == "0") & (rows["_activity"] == "active") & ~rows["_copy"] & ~rows["_shared_number"])
    dead = np.flatnonzero(known & (rows["status"] == "0") & rows["_known_dead"] & ~rows["_after_death"])
    vanishing = np.flatnonzero(
        known
        & (rows["status"] == "0")
        & (rows["_activity"] == "never")
        & ~rows["_copy"]
        & (rows["_kind"] == "real")
        & ~rows["_shared_number"]
    )
    corrected = rng.choice(plain, 2 * counts(CORRECTED, n, 4), replace=False)
    closed = rng.choice(dead, min(len(dead), 2 * counts(CLOSED, n, 2)), replace=False)
    out = []
    for night in (1, 2):
        some, ended = corrected[night - 1 :: 2], closed[night - 1 :: 2]
        day = np.datetime64(NIGHTS[night])
        new = pd.DataFrame({"phone": draw_phones(rng, len(some)), "address": "江苏省扬州市邗江区邗上街道翠岗新村3幢2单元501室"}, index=some)
        end = pd.DataFrame({"status": "1", "cancel_reason": "1", "cancel_date": str(day), "dead_flag": "1"}, index=ended)
        both = pd.concat([new, end])
        both["update_time"] = clock_text(np.full(len(both), day), office_seconds(rng, len(both)))
        out.append(both)
    return out, rng.choice(vanishing, 1)
