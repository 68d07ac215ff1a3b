"""The truth about the demo city after its third night, and what a lake with the rules in force should find.

Here: grades of death by the evidence delivered, groups of duplicates, the expected state of every archive (best guess by
the domain rules C5 and C6). Not here: anything a department delivers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from simulator.basics import AS_OF, NAT, as_days, day_text

ACTIVE_SINCE = np.datetime64("2017-12-31")


@dataclass(frozen=True)
class Evidence:
    """The rows of death evidence as delivered, with their hidden columns."""

    certificates: pd.DataFrame
    cancellations: pd.DataFrame
    cremations: pd.DataFrame
    pensions: pd.DataFrame


def _persons(rows: pd.DataFrame, n: int) -> np.ndarray:
    mask = np.zeros(n, dtype=bool)
    mask[rows["_person"].to_numpy()[rows["_person"].to_numpy() >= 0]] = True
    return mask


def exactly_dated(e: Evidence, n: int) -> np.ndarray:
    """Persons whose day of death the delivered evidence gives exactly (certificate, or dated cancellation)."""
    certified = e.certificates[~e.certificates["_bad_id"] & ~e.certificates["_wrong"] & (e.certificates["_night"] >= 0)]
    cancelled = e.cancellations[e.cancellations["_dated"] & ~e.cancellations["_wrong"]]
    return _persons(certified, n) | _persons(cancelled, n)


def grades(people: pd.DataFrame, archives: pd.DataFrame, e: Evidence) -> np.ndarray:
    """The grade (A, B, C, none; '' for the living) of the best usable evidence; two independent C are a B."""
    n = len(people)
    best_a = exactly_dated(e, n)
    best_b = _persons(e.cancellations[~e.cancellations["_wrong"]], n) | _persons(e.cremations[~e.cremations["_bad_id"]], n)
    pension = _persons(e.pensions[e.pensions["_stop"] & ~e.pensions["_bad_id"]], n)
    flag = _persons(
        archives[(archives["dead_flag"] == "1") & ~archives["_bad_id"] & ~archives["_bad_name"] & (archives["_person"] >= 0)], n
    )
    grade = np.select([best_a, best_b | (pension & flag), pension | flag], ["A", "B", "C"], "none")
    return np.where(people["death"].isna(), "", grade)


def persons(people: pd.DataFrame, grade: np.ndarray) -> pd.DataFrame:
    dead = people["death"].notna()
    return pd.DataFrame(
        {
            "true_person": people["person"],
            "id_no": people["id_no"],
            "name": people["name"],
            "sex": people["sex"],
            "birth_date": day_text(people["birth"].to_numpy()),
            "county6": people["county6"],
            "alive": np.where(dead, 0, 1),
            "death_date": day_text(people["death"].to_numpy()),
            "death_grade": np.where(dead, grade, "none"),
        }
    )


def _last_events(
    archives: pd.DataFrame, people: pd.DataFrame, cards: pd.DataFrame, exams: pd.DataFrame, followups: pd.DataFrame, visits: pd.DataFrame
) -> pd.DataFrame:
    """Per archive the last service keyed by its number and the last event of any kind the lake can attach to it."""
    keyed = pd.concat([exams, followups]).groupby("ehr_no")["_day"].max()
    good_card = set(cards.loc[~cards["_bad_id"], "card_no"])
    by_number = visits["id_no"].notna() & ~visits["_bad_id"]
    linked = visits[by_number | visits["card_no"].isin(good_card)]
    visited = linked.groupby("_person")["_day"].max()
    service = archives["ehr_no"].map(keyed)
    visit = archives["_person"].where(~archives["_bad_id"] & ~archives["_bad_name"] & (archives["_person"] >= 0)).map(visited)
    return pd.DataFrame({"service": service, "visit": visit, "any": pd.concat([service, visit], axis=1).max(axis=1)})


def _survivors(archives: pd.DataFrame, people: pd.DataFrame, service: pd.Series, member: np.ndarray) -> np.ndarray:
    """Which members of groups of open archives of one person survive a merge: residence, latest service, earliest creation, number."""
    at = archives["_person"].to_numpy()
    home = np.where(at >= 0, people["county6"].to_numpy(dtype=object)[at], "")
    order = pd.DataFrame(
        {
            "person": at,
            "away": archives["_county6"] != home,
            "service": service.fillna(pd.Timestamp("1900-01-01")),
            "created": archives["_created"],
            "ehr_no": archives["ehr_no"],
        }
    )
    order = order[member].sort_values(["person", "away", "service", "created", "ehr_no"], ascending=[True, True, False, True, True])
    return archives.index.isin(order.drop_duplicates("person").index)


def archive_table(
    people: pd.DataFrame,
    archives: pd.DataFrame,
    cards: pd.DataFrame,
    grade: np.ndarray,
    exams: pd.DataFrame,
    followups: pd.DataFrame,
    visits: pd.DataFrame,
) -> pd.DataFrame:
    """One row per archive of the last snapshot. A duplicate group: the open archives of a person who has several."""
    archives = archives.reset_index(drop=True)
    at, real = archives["_person"].to_numpy(), (archives["_person"] >= 0).to_numpy()
    is_open = (archives["status"] == "0").to_numpy()
    usable = real & ~archives["_bad_id"].to_numpy() & ~archives["_bad_name"].to_numpy()
    member = usable & is_open & (archives.assign(ok=usable & is_open).groupby("_person")["ok"].transform("sum") > 1).to_numpy()
    events = _last_events(archives, people, cards, exams, followups, visits)
    death = np.where(real, as_days(people["death"].to_numpy())[at], NAT)
    dead = usable & np.isin(np.where(real, grade[at], ""), ["A", "B"]) & (death + 30 < AS_OF)
    placeholder = (archives["_placeholder_name"] | archives["_bad_name"] | archives["_placeholder_id"]).to_numpy(dtype=bool)
    created, last = as_days(archives["_created"].to_numpy()), events["any"].to_numpy().astype("datetime64[D]")
    quiet = created <= np.datetime64("2017-12-31")
    state = np.select(
        [
            ~is_open,
            member & ~_survivors(archives, people, events["service"], member),
            dead,
            archives["_kind"] == "fake_confirmed",
            (archives["_kind"] == "fake_suspect") | placeholder,
            quiet & np.isnat(last),
            quiet & (last < ACTIVE_SINCE),
        ],
        ["CLOSED", "DUPLICATE", "DECEASED", "FAKE_CONFIRMED", "FAKE_SUSPECT", "DORMANT_NEVER", "DORMANT"],
        "ACTIVE",
    )
    return pd.DataFrame(
        {
            "ehr_no": archives["ehr_no"],
            "empi_id": archives["empi_id"],
            "true_person": np.where(real, people["person"].to_numpy(dtype=object)[at], ""),
            "kind": archives["_kind"],
            "duplicate_group": np.where(member, "G" + pd.Series(at).astype(str), ""),
            "created_after_death": archives["_after_death"].astype(int),
            "expected_state": state,
        }
    )


def service_table(people: pd.DataFrame, exams: pd.DataFrame, followups: pd.DataFrame, visits: pd.DataFrame) -> pd.DataFrame:
    """Every service delivered by the third night; after_death compares with the true day of death."""
    parts = [
        exams.assign(kind="exam", service_no=exams["exam_no"]),
        followups.assign(kind="followup", service_no=followups["fu_no"]),
        visits.assign(kind="visit", service_no=visits["org_code"] + "|" + visits["visit_no"], ehr_no=""),
    ]
    rows = pd.concat([p[["kind", "service_no", "ehr_no", "_person", "_day"]] for p in parts], ignore_index=True)
    at = rows["_person"].to_numpy()
    death, day = as_days(people["death"].to_numpy())[at], as_days(rows["_day"].to_numpy())
    rows["true_person"] = np.where(at >= 0, people["person"].to_numpy(dtype=object)[at], "")
    rows["service_date"] = day_text(day)
    rows["after_death"] = ((at >= 0) & (day > death)).astype(int)
    return rows[["kind", "service_no", "ehr_no", "true_person", "service_date", "after_death"]]
