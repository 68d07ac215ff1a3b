"""The truth about archives and services after the third night, and what a lake with the rules in force must find.

Here: groups of duplicates, the expected state of every archive (best guess by the domain rules C5 and C6), services after a death.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from simulator.basics import AS_OF, NAT, as_days, day_text
from simulator.departments.health import ARCHIVE, CARD, EXAMINATION, FOLLOWUP, HEALTH, VISIT
from simulator.dirt import PLACEHOLDER_IDS
from simulator.registers import Registers

PLACEHOLDER_NUMBERS = set(PLACEHOLDER_IDS) - {"无"}
"""Placeholders that look like a number: what is delivered instead of one, not the statement that there is none."""
OTHER_FACTS = ("D10", "D17", "IMPOSSIBLE")
"""Dirt that makes another fact of a cell, and does not only write it in another way."""
ACTIVE_SINCE = np.datetime64("2017-12-31")


def _last_events(registers: Registers, archives: pd.DataFrame) -> pd.DataFrame:
    """Per archive the last service keyed by its number and the last event of any kind the lake can attach to it."""
    cards, visits = registers.delivered(CARD), registers.delivered(VISIT)
    keyed = pd.concat([registers.delivered(table) for table in (EXAMINATION, FOLLOWUP)]).groupby("ehr_no")["_day"].max()
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


def _recognised(registers: Registers, archives: pd.DataFrame, usable: np.ndarray) -> np.ndarray:
    """Archives that say whose they are without a usable number: name, birth and sex are right, and the phone is one that another record
    of the person knows."""
    at = archives["_person"].to_numpy()
    phone = registers.world.people["phone"].to_numpy(dtype=object)
    same = (at >= 0) & (archives["phone"].to_numpy(dtype=object) == phone[at])
    cards = registers.delivered(CARD)
    sound = cards[~cards["_bad_id"] & ~cards["_bad_name"] & (cards["_person"] >= 0)]
    owners = sound["_person"].to_numpy()
    known = np.concatenate([owners[sound["phone"].to_numpy(dtype=object) == phone[owners]], at[usable & same]])
    record = registers.record()
    wrong = record[(record["table"] == ARCHIVE) & record["column"].isin(["birth_date", "sex_code"]) & record["code"].isin(OTHER_FACTS)]
    return same & np.isin(at, known) & ~archives["_bad_name"].to_numpy() & ~_archive_keys(archives).isin(wrong["key"]).to_numpy()


@HEALTH.truth("archive")
def archives(registers: Registers) -> pd.DataFrame:
    """One row per archive of the last list. A duplicate group: the open archives of a person who has several."""
    people, grade, archives = registers.world.people, registers.death_grades(), registers.delivered(ARCHIVE)
    archives = archives.reset_index(drop=True)
    at, real = archives["_person"].to_numpy(), (archives["_person"] >= 0).to_numpy()
    is_open = (archives["status"] == "0").to_numpy()
    usable = real & ~archives["_bad_id"].to_numpy() & ~archives["_bad_name"].to_numpy()
    member = usable & is_open & (archives.assign(ok=usable & is_open).groupby("_person")["ok"].transform("sum") > 1).to_numpy()
    events = _last_events(registers, archives)
    death = np.where(real, as_days(people["death"].to_numpy())[at], NAT)
    dead = usable & np.isin(np.where(real, grade[at], ""), ["A", "B"]) & (death + 30 < AS_OF)
    hidden = archives["id_no"].isin(PLACEHOLDER_NUMBERS) & ~_recognised(registers, archives, usable)
    placeholder = (archives["_placeholder_name"] | archives["_bad_name"] | hidden).to_numpy(dtype=bool)
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


@HEALTH.truth("service")
def services(registers: Registers) -> pd.DataFrame:
    """Every service delivered by the third night; after_death compares with the true day of death."""
    people = registers.world.people
    exams, followups, visits = (registers.delivered(table) for table in (EXAMINATION, FOLLOWUP, VISIT))
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


def _of_proven_deaths(registers: Registers, rows: pd.DataFrame) -> pd.Series:
    """Whether the death of a row's person is proven."""
    return rows["true_person"].isin(registers.world.people.loc[registers.proven_dead(), "person"])


def _archive_keys(rows: pd.DataFrame) -> pd.Series:
    return rows["ehr_no"] + "|" + rows["empi_id"]


@HEALTH.finding("archives created after the death (X3)", "themes/health/archive", "rules", "X3")
def created_after_death(registers: Registers) -> pd.Series:
    """Open archives of those whose death is proven."""
    rows = archives(registers)
    return _archive_keys(
        rows[(rows["created_after_death"] == 1) & (rows["expected_state"] != "CLOSED") & _of_proven_deaths(registers, rows)]
    )


@HEALTH.finding("services after the death (AFTER_DEATH)", "themes/health/service", "flags", "AFTER_DEATH")
def services_after_death(registers: Registers) -> pd.Series:
    """Services of those whose death is proven."""
    rows = services(registers)
    rows = rows[(rows["after_death"] == 1) & _of_proven_deaths(registers, rows)]
    return rows["kind"].str.upper() + "|" + rows["service_no"]


@HEALTH.finding("fake archives confirmed", "themes/health/archive", "state", "FAKE_CONFIRMED")
def confirmed_fakes(registers: Registers) -> pd.Series:
    """Archives of nobody, with services entered under accounts that were left."""
    rows = archives(registers)
    return _archive_keys(rows[rows["expected_state"] == "FAKE_CONFIRMED"])


@HEALTH.finding("fake archives suspected", "themes/health/archive", "state", "FAKE_SUSPECT")
def suspected_fakes(registers: Registers) -> pd.Series:
    """Archives of nobody, or with a placeholder for a name or a number that does not say whose they are in another way."""
    rows = archives(registers)
    return _archive_keys(rows[rows["expected_state"] == "FAKE_SUSPECT"])
