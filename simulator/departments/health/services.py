"""What was done for whom: examinations, hypertension follow-ups and outpatient visits, true and invented.

Here: rows of health/examination, health/hypertension_followup and health/outpatient_visit for all three nights. Not here: the archives
they are written in (`archives`). Hidden columns: _person (row of the person, -1 when the archive is invented), _archive (row of the
archive), _day (of the service), _night (of delivery), _after_death.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from simulator.basics import (
    AS_OF,
    NAT,
    NIGHTS,
    as_days,
    clock_text,
    counts,
    day_text,
    decimals,
    night_of,
    numbers,
    office_seconds,
    only,
    pick,
    stream,
    working_days,
)
from simulator.declare import Again, Late
from simulator.departments.health import ARCHIVE, CARD, EXAMINATION, FOLLOWUP, HEALTH
from simulator.dirt import Cell, Older, labels, unit
from simulator.registers import Registers
from simulator.rejects import Number, Rejected
from simulator.world.institutions import Institutions

EXAM_OLD, EXAM_OTHER = 0.74, 0.10
"""Per year of 2017 to 2019, of active persons of 65 and more, and of the others."""
FOLLOWUP_KEPT = 0.9
"""Of the quarters."""
PATIENTS = {"active": 0.50, "none": 0.5, "dead": 0.5}
"""Share of persons who visit a hospital, by the activity of their archive; none: they have none."""
HEAVY_PATIENTS, HEAVY_VISITS = 0.18, 26
BY_CARD_ONLY, WITHOUT_ANY = 0.25, 0.01
"""Visits for which only a card is shown, or nothing."""
AFTER_DEATH_PERSONS, DAILY_LEAST = 105, 3
"""In a city of the reference size."""
KEPT_IN_COPY = 0.3
"""Of the services of persons with a second archive."""
GRACE = 12  # days before a death without any service, so that a few days of doubt about the date do not matter
LATEST_DORMANT = np.datetime64("2017-12-15")


def _limits(archives: pd.DataFrame, people: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """First and last day on which an archive may hold a true service."""
    at = archives["_person"].to_numpy()
    death = np.where(at >= 0, as_days(people["death"].to_numpy())[at], NAT)
    last = np.where(np.isnat(death), AS_OF, death - GRACE)
    last = np.where(archives["_activity"] == "dormant", np.minimum(last, LATEST_DORMANT), last)
    closed = pd.to_datetime(archives["cancel_date"]).to_numpy().astype("datetime64[D]")
    return as_days(archives["_created"].to_numpy()) + 2, np.where(np.isnat(closed), last, np.minimum(last, closed - 1))


def _periods(
    rng: np.random.Generator, chosen: np.ndarray, first: np.ndarray, last: np.ndarray, starts: list[str], days: int, kept: np.ndarray
) -> pd.DataFrame:
    """At most one service per archive and period, each kept with the archive's probability."""
    parts = []
    for start in np.array(starts, dtype="datetime64[D]"):
        low, high = np.maximum(first[chosen], start), np.minimum(last[chosen], start + days)
        there = (rng.random(len(chosen)) < kept) & (low <= high)
        parts.append(pd.DataFrame({"_archive": chosen[there], "_day": working_days(rng, low[there], high[there])}))
    return pd.concat(parts, ignore_index=True)


def _plan_exams(archives: pd.DataFrame, first: np.ndarray, last: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
    served = (
        (archives["_kind"] == "real")
        & archives["_activity"].isin(["active", "dormant", "dead"])
        & ~archives["_after_death"]
        & ~archives["_copy"]
    )
    chosen = np.flatnonzero(served & (archives["_night"] == 0))
    kept = np.where(archives["_age"].to_numpy(dtype=float)[chosen] >= 65, EXAM_OLD, EXAM_OTHER / 3)
    return _periods(rng, chosen, first, last, ["2017-01-05", "2018-01-05", "2019-01-05"], 355, kept)


def _plan_followups(
    archives: pd.DataFrame, patients: np.ndarray, first: np.ndarray, last: np.ndarray, rng: np.random.Generator
) -> pd.DataFrame:
    served = (archives["_kind"] == "real") & archives["_activity"].isin(["active", "dead"]) & ~archives["_after_death"] & ~archives["_copy"]
    chosen = np.flatnonzero(served & patients[archives["_person"].to_numpy()] & (archives["_night"] == 0) & ~archives["_shared_number"])
    quarters = [f"{y}-{m}-01" for y in (2017, 2018, 2019) for m in ("01", "04", "07", "10")]
    return _periods(rng, chosen, first, last, quarters, 89, np.full(len(chosen), FOLLOWUP_KEPT))


def _in_the_nights(archives: pd.DataFrame, rng: np.random.Generator, n_people: int) -> pd.DataFrame:
    """Some services on the very days of the last two nights, however small the city."""
    steady = (
        (archives["_kind"] == "real")
        & (archives["_activity"] == "active")
        & ~archives["_copy"]
        & (archives["status"] == "0")
        & (archives["_night"] == 0)
    )
    n = 2 * counts(DAILY_LEAST, n_people, 2)
    chosen = rng.choice(np.flatnonzero(steady & ~archives["_shared_number"]), n, replace=False)
    return pd.DataFrame({"_archive": chosen, "_day": np.datetime64(NIGHTS[1]) + np.arange(n) % 2, "_prompt": True})


def _invented(archives: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Follow-ups of invented archives: those sure to be caught are entered under accounts that were left."""
    parts = []
    for kind, most, departed in (("fake_suspect", 3, False), ("fake_confirmed", 6, True)):
        chosen = np.flatnonzero(archives["_kind"] == kind)
        times = rng.integers(2 if departed else 0, most + 1, len(chosen))
        at = np.repeat(chosen, times)
        low = np.maximum(as_days(archives["_created"].to_numpy())[at] + 10, np.datetime64("2016-06-01"))
        parts.append(
            pd.DataFrame(
                {"_archive": at, "_day": working_days(rng, low, np.full(len(at), np.datetime64("2019-12-20"))), "_departed": departed}
            )
        )
    return pd.concat(parts, ignore_index=True)


def _after_death(archives: pd.DataFrame, people: pd.DataFrame, dated: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
    """Services of persons who had been dead for weeks; only where the day of death is beyond doubt (`dated` persons)."""
    at = archives["_person"].to_numpy()
    death = np.where(at >= 0, as_days(people["death"].to_numpy())[at], NAT)
    sure = (
        (at >= 0) & dated[at] & ~archives["_bad_id"].to_numpy() & ~archives["_bad_name"].to_numpy() & ~archives["_shared_number"].to_numpy()
    )
    sure &= (death < np.datetime64("2019-10-01")) & (death > np.datetime64("2013-01-01"))
    usual = rng.permutation(np.flatnonzero(sure & (archives["status"] == "0").to_numpy() & ~archives["_after_death"].to_numpy()))
    usual = usual[: counts(AFTER_DEATH_PERSONS, len(people), 3)]
    chosen = np.concatenate([usual, np.flatnonzero(sure & archives["_after_death"].to_numpy())])
    chosen = np.repeat(chosen, rng.integers(1, 5, len(chosen)))
    low = np.maximum(np.maximum(death[chosen] + 40, np.datetime64("2016-06-01")), as_days(archives["_created"].to_numpy())[chosen] + 5)
    high = np.maximum(low, np.minimum(low + 700, np.datetime64("2019-12-20")))
    days = working_days(rng, low, high)
    return pd.DataFrame({"_archive": chosen, "_day": days, "_departed": rng.random(len(chosen)) < 0.7, "_after_death": True})


def _spread_over_copies(plan: pd.DataFrame, archives: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Some services of persons with a second archive are written there, once it exists."""
    copies = archives[archives["_copy"]]
    copy = pd.Series(copies.index, index=copies["_person"]).reindex(archives["_person"].to_numpy()[plan["_archive"]]).to_numpy()
    there = ~np.isnan(copy) & (rng.random(len(plan)) < KEPT_IN_COPY)
    opened = as_days(archives["_created"].to_numpy())[np.where(there, copy, 0).astype(int)]
    there &= as_days(plan["_day"].to_numpy()) > opened + 1
    return plan.assign(_archive=np.where(there, copy, plan["_archive"]).astype(int))


def _staffed(plan: pd.DataFrame, archives: pd.DataFrame, places: Institutions, rng: np.random.Generator) -> pd.DataFrame:
    """Who did it, who entered it and when; rows that reach the lake by the last night."""
    plan = plan.reset_index(drop=True)
    for column in ("_departed", "_after_death", "_prompt"):
        plan[column] = plan[column].eq(True) if column in plan else False
    n, day = len(plan), as_days(plan["_day"].to_numpy())
    entered = np.minimum(day + np.where(plan["_prompt"], 0, rng.integers(0, 4, n)), AS_OF)
    institution = archives["_institution"].to_numpy()[plan["_archive"]]
    doctor = places.doctor(rng, institution)
    former = places.departed(rng, institution, day)
    plan["_person"] = archives["_person"].to_numpy()[plan["_archive"]]
    plan["_input"], plan["_night"] = entered, night_of(entered)
    plan["ehr_no"], plan["org_code"], plan["doctor"] = archives["ehr_no"].to_numpy()[plan["_archive"]], places.codes[institution], doctor
    plan["input_user"] = np.where(plan["_departed"] & ~pd.isna(former), former, doctor)
    plan["input_time"] = clock_text(entered, office_seconds(rng, n))
    return plan.sort_values("input_time", kind="stable", ignore_index=True)


def _body(rng: np.random.Generator, seed: int, archives: pd.DataFrame, plan: pd.DataFrame, sick: np.ndarray) -> pd.DataFrame:
    """Measurements that agree with each other: body-mass index of height and weight, diastolic below systolic."""
    n, at = len(plan), plan["_archive"].to_numpy()
    own = stream(seed, "bodies").random(len(archives))[at]
    age = archives["_age"].to_numpy(dtype=float)[at]
    height = np.round(np.clip(np.where(age < 15, 60 + 7 * age, 152 + 20 * own), 50, 190), 1)
    weight = np.round(np.clip((19 + 8 * own) * (height / 100) ** 2 + rng.normal(0, 1, n), 3, 130), 1)
    sbp = np.clip(np.where(sick, rng.normal(142, 11, n), rng.normal(126, 11, n)), 90, 200).astype(int)
    dbp = np.clip(sbp * 0.6 + rng.normal(0, 6, n), 50, 120).astype(int)
    return pd.DataFrame(
        {
            "sbp": numbers(sbp),
            "dbp": numbers(dbp),
            "height_cm": decimals(height, 1),
            "weight_kg": decimals(weight, 1),
            "waist_cm": decimals(60 + 30 * own + rng.normal(0, 1, n), 1),
            "bmi": decimals(weight / (height / 100) ** 2, 2),
            "pulse": numbers(rng.integers(60, 95, n)),
        }
    )


def _examined_again(rows: pd.DataFrame) -> pd.DataFrame:
    """The drop of a night once more: other measurements in some rows."""
    corrected = rows.copy()
    some = corrected.index.isin(corrected.index[::3])  # a repeated row has the index of its original, and stays its copy
    corrected.loc[some, "sbp"] = numbers(np.full(int(some.sum()), 128))
    corrected.loc[some, "conclusion"] = "更正:定期复查"
    return corrected


KILOPASCAL = unit(lambda v: f"{v / 7.5:.1f}")


@HEALTH.table(
    "examination",
    dirt=(
        Cell("D15", "exam_date", 0.05),
        Cell("D16", "input_time", 0.003, other="exam_date"),
        Cell("D19", "height_cm", 0.005, kind=unit(lambda v: f"{v / 100:.3f}")),
        Cell("D19", "sbp", 0.005, kind=KILOPASCAL),
        Cell("D19", "fpg", 0.005, kind=unit(lambda v: f"{v * 18:.1f}", least=3.5)),
        Cell("D27", "ehr_no", 0.01),
        Cell("D37", "input_time", 0.003),
    ),
    older=Older("input_time", 0.02, {"sbp": "121", "dbp": "79"}),
    copies=0.01,
    rejected=(Rejected("IMPOSSIBLE", "exam_date", 0.0005),),
    number=Number("exam_no", 2),
    again=Again(night=1, comes=2, corrected=_examined_again),
)
def examinations(registers: Registers) -> pd.DataFrame:
    """Yearly examinations, above all of those from 65 on; a share of the services after death."""
    world, rng, archives, dated = (
        registers.world,
        registers.world.stream("examinations"),
        registers.rows(ARCHIVE),
        registers.exactly_dated(),
    )
    people, places, patients, seed = world.people, world.institutions, world.hypertension, world.seed
    first, last = _limits(archives, people)
    dead = _after_death(archives, people, dated, rng)
    dead = dead[rng.random(len(dead)) < 0.3]
    usual = _spread_over_copies(_plan_exams(archives, first, last, rng), archives, rng)
    plan = _staffed(pd.concat([usual, _in_the_nights(archives, rng, len(people)), dead]), archives, places, rng)
    n, at = len(plan), plan["_person"].to_numpy()
    rows = pd.concat([plan, _body(rng, seed, archives, plan, (at >= 0) & patients[at])], axis=1)
    rows = rows.assign(
        exam_no="TJ" + numbers(rng.permutation(n) + 1, 9),
        exam_date=day_text(plan["_day"].to_numpy()),
        symptom=pick(rng, ["无症状", "头晕", "咳嗽", "乏力"], n, [80, 9, 6, 5]),
        temperature=decimals(36.2 + rng.random(n) * 0.8, 1),
        fpg=decimals(np.clip(rng.normal(5.5, 0.9, n), 3.2, 18), 2),
        conclusion=pick(rng, ["未见异常", "血压偏高", "血糖偏高", "定期复查"], n, [60, 20, 8, 12]),
    )
    return rows.assign(_protected=rows["_after_death"])[rows["_night"] >= 0].reset_index(drop=True)


@HEALTH.table(
    "hypertension_followup",
    dirt=(
        Cell("D15", "fu_date", 0.05),
        Cell("D14", "next_date", 0.02),
        Cell("IMPOSSIBLE", "next_date", 0.001),
        Cell("D16", "next_date", 0.003, other="fu_date"),
        Cell("D22", "way_code", 0.03, kind=labels({"1": ("门诊",), "2": ("家庭",), "3": ("电话",)})),
        Cell("D22", "class_code", 0.03, kind=labels({"1": ("控制满意",), "2": ("控制不满意",), "4": ("并发症",)})),
        Cell("D19", "sbp", 0.005, kind=KILOPASCAL),
        Cell("D27", "ehr_no", 0.01),
    ),
    older=Older("input_time", 0.02, {"sbp": "133", "dbp": "84"}),
    copies=0.01,
    rejected=(Rejected("IMPOSSIBLE", "fu_date", 0.0005),),
    number=Number("fu_no", 2),
    late=Late(night=1, comes=2),
)
def followups(registers: Registers) -> pd.DataFrame:
    """Quarterly follow-ups of hypertension, the invented ones, and services after death."""
    world, rng, archives, dated = registers.world, registers.world.stream("followups"), registers.rows(ARCHIVE), registers.exactly_dated()
    people, places, patients, seed = world.people, world.institutions, world.hypertension, world.seed
    first, last = _limits(archives, people)
    usual = _spread_over_copies(_plan_followups(archives, patients, first, last, rng), archives, rng)
    parts = [usual, _in_the_nights(archives, rng, len(people)), _invented(archives, rng), _after_death(archives, people, dated, rng)]
    plan = _staffed(pd.concat(parts), archives, places, rng)
    n = len(plan)
    rows = pd.concat([plan, _body(rng, seed, archives, plan, np.ones(n, dtype=bool))], axis=1).rename(columns={"pulse": "heart_rate"})
    satisfied = rows["sbp"].astype(int) < 140
    rows = rows.assign(
        fu_no="SF" + numbers(rng.permutation(n) + 1, 9),
        fu_date=day_text(plan["_day"].to_numpy()),
        way_code=pick(rng, ["1", "2", "3"], n, [55, 30, 15]),
        smoke=numbers(pick(rng, [0, 5, 10, 20], n, [75, 5, 12, 8])),
        compliance_code=pick(rng, ["1", "2", "3"], n, [75, 20, 5]),
        class_code=np.where(satisfied, "1", pick(rng, ["2", "4"], n, [95, 5])),
        drugs=pick(rng, ["氨氯地平", "缬沙坦", "厄贝沙坦", "硝苯地平缓释片"], n),
        next_date=day_text(as_days(plan["_day"].to_numpy()) + 85 + rng.integers(0, 10, n)),
    )
    return rows.assign(_protected=rows["_after_death"])[rows["_night"] >= 0].reset_index(drop=True)


def _visit_plan(people: pd.DataFrame, archives: pd.DataFrame, seen: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
    """Who visits a hospital, and when. `seen` marks archives with an examination or follow-up of the last two years."""
    n = len(people)
    activity = np.full(n, "none", dtype=object)
    needs = np.zeros(n, dtype=bool)
    first = np.maximum(as_days(people["birth"].to_numpy()), np.datetime64("2016-01-01"))
    own = archives[(archives["_person"] >= 0) & ~archives["_copy"] & ~archives["_after_death"] & (archives["_night"] == 0)]
    at = own["_person"].to_numpy()
    activity[at] = own["_activity"]
    created = as_days(own["_created"].to_numpy())
    needs[at] = (own["_activity"] == "active") & ~seen[own.index] & (created < np.datetime64("2018-01-01"))
    opened = first.copy()
    opened[at] = np.maximum(created + 1, first[at])
    death = as_days(people["death"].to_numpy())
    last = np.where(np.isnat(death), AS_OF, death - GRACE)
    share = pd.Series(activity).map(PATIENTS).fillna(0.0).to_numpy()
    share = np.where((activity == "none") & ~np.isnat(death), 0.3, share)
    patient = np.flatnonzero((rng.random(n) < share) & (first < last) & (people["registered"].to_numpy() == 0))
    times = 1 + np.where(
        rng.random(len(patient)) < HEAVY_PATIENTS, rng.geometric(1 / HEAVY_VISITS, len(patient)), rng.poisson(0.2, len(patient))
    )
    who = np.repeat(patient, times)
    parts = [pd.DataFrame({"_person": who, "_day": working_days(rng, first[who], last[who])})]
    recent = parts[0].loc[parts[0]["_day"] >= np.datetime64("2018-01-05"), "_person"].unique()
    forced = np.setdiff1d(np.flatnonzero(needs), recent)
    low = np.full(len(forced), np.datetime64("2018-01-05"))
    parts.append(pd.DataFrame({"_person": forced, "_day": working_days(rng, low, np.full(len(forced), np.datetime64("2019-12-28")))}))
    sleeping = np.repeat(np.flatnonzero(activity == "dormant"), 2)[rng.random(2 * (activity == "dormant").sum()) < 0.8]
    parts.append(pd.DataFrame({"_person": sleeping, "_day": working_days(rng, opened[sleeping], np.full(len(sleeping), LATEST_DORMANT))}))
    flagged = own.loc[own["_life_after_flag"], "_person"].to_numpy()
    low = np.full(len(flagged), np.datetime64("2019-04-10"))
    parts.append(
        pd.DataFrame(
            {"_person": flagged, "_day": working_days(rng, low, np.full(len(flagged), np.datetime64("2019-12-20"))), "_with_id": True}
        )
    )
    k = 2 * counts(DAILY_LEAST, n, 2)
    busy = rng.choice(np.flatnonzero(activity == "active"), k, replace=False)
    parts.append(pd.DataFrame({"_person": busy, "_day": np.datetime64(NIGHTS[1]) + np.arange(k) % 2}))
    plan = pd.concat(parts, ignore_index=True)
    return plan.assign(_with_id=plan["_with_id"].eq(True))


def _seen_lately(registers: Registers, archives: pd.DataFrame) -> np.ndarray:
    """Which archives have an examination or follow-up of the last two years."""
    recent = pd.concat([registers.rows(table)[["_archive", "_day"]] for table in (EXAMINATION, FOLLOWUP)])
    seen = np.zeros(len(archives), dtype=bool)
    seen[recent.loc[recent["_day"] >= np.datetime64("2018-01-02"), "_archive"]] = True
    return seen


@HEALTH.table(
    "outpatient_visit",
    dirt=(
        Cell("D04", "id_no", 0.2),
        Cell("D05", "id_no", 0.008),
        Cell("D07", "id_no", 0.01),
        Cell("D03", "id_no", 0.005),
        Cell("D02", "name", 0.02),
        Cell("D30", "name", 0.01),
        Cell("D15", "birth_date", 0.03),
        Cell("D14", "birth_date", 0.02),
        Cell("D22", "sex_code", 0.03),
        Cell("D10", "name", 0.002, other="id_no"),
        Cell("D20", "fee", 0.02),
        Cell("D35", "fee", 0.005),
        Cell("D37", "visit_time", 0.003),
    ),
    copies=0.01,
    rejected=(Rejected("UNREADABLE", "visit_time", 0.0003),),
    number=Number("visit_no", 2),
)
def visits(registers: Registers) -> pd.DataFrame:
    """Outpatient visits of persons with and without an archive; some identified by card alone, a few by nothing.

    What a hospital reads from a card is what the card company has written on it; a person's first card is used.
    """
    people, places, rng = registers.world.people, registers.world.institutions, registers.world.stream("visits")
    archives, cards = registers.rows(ARCHIVE), registers.rows(CARD)
    seen = _seen_lately(registers, archives)
    plan = _visit_plan(people, archives, seen, rng)
    n, at = len(plan), plan["_person"].to_numpy()
    who, day = people.iloc[at], as_days(plan["_day"].to_numpy())
    card = cards.drop_duplicates("_person").set_index("_person")
    card_no, card_type = (card[c].reindex(at).to_numpy(dtype=object) for c in ("card_no", "card_type"))
    has_card, with_id = ~pd.isna(card_no), plan["_with_id"].to_numpy(dtype=bool)
    by_card = (rng.random(n) < BY_CARD_ONLY) & has_card & ~with_id
    nothing = (rng.random(n) < WITHOUT_ANY) & ~with_id
    shows = has_card & (by_card | (rng.random(n) < 0.6)) & ~nothing
    home, clinic = places.of_towns(who["town"]), places.hospitals(who["county6"])
    institution = np.where(rng.random(n) < 0.45, home, clinic)
    rows = pd.DataFrame(
        {
            "org_code": places.codes[institution],
            "visit_no": "MZ" + numbers(rng.permutation(n) + 1, 9),
            "patient_local_id": "L" + numbers(at + 1, 8),
            "id_type": only(~by_card & ~nothing, "01"),
            "id_no": only(~by_card & ~nothing, who["id_no"].to_numpy()),
            "card_no": only(shows, card_no),
            "card_type": only(shows, card_type),
            "name": who["name"].to_numpy(),
            "sex_code": who["sex"].to_numpy(),
            "birth_date": day_text(who["birth"].to_numpy()),
            "visit_time": clock_text(day, office_seconds(rng, n)),
            "dept_code": pick(rng, ["0101", "0201", "0301", "0501", "5001"], n, [45, 20, 10, 10, 15]),
            "dr_code": places.doctor(rng, institution),
            "icd10": pick(rng, ["I10", "J06.9", "E11.9", "K29.5", "M54.5", "J20.9"], n, [25, 30, 12, 13, 12, 8]),
            "fee": decimals(np.clip(rng.lognormal(4.6, 0.8, n), 5, 5000), 2),
            "_person": at,
            "_day": day,
            "_night": night_of(day),
        }
    )
    return rows[rows["_night"] >= 0].sort_values("visit_time", kind="stable", ignore_index=True)
