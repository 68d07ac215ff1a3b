"""The demo city: put together in memory, delivered night by night, and the truth about it.

Here: the order in which the parts are built, what each night delivers, late and repeated deliveries. Not here: the parts.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from contracts.loader import load_all
from contracts.model import SourceContract, sources
from simulator import archives as archive_part
from simulator import benefits, deaths, evidence, mixups, police, rejects, services, truth
from simulator.basics import NIGHTS, counts, numbers, rates
from simulator.dirt import Dirt, keys
from simulator.drops import LINE, write_drop, write_exchange
from simulator.people import people as population
from simulator.staff import institutions

RESIDENT = "public_security/resident"
LATE = "health/hypertension_followup"  # its second night arrives with the third
RESENT = "health/examination"  # its second night is sent again, corrected, with the third


def _contract(table: str) -> SourceContract:
    return sources(load_all())[f"cleansed/{table}"]


@dataclass(frozen=True)
class City:
    """`tables`: the rows of each file table by night, `exchange`: those of the exchange database, `corrected`: the drop sent again."""

    tables: dict[str, tuple[pd.DataFrame, ...]]
    exchange: tuple[pd.DataFrame, ...]
    corrected: pd.DataFrame
    truth: dict[str, pd.DataFrame]
    nights: tuple[date, ...] = NIGHTS

    def deliver(self, night: int, landing: Path, exchange_url: str, on_time: bool = False) -> None:
        """Write what the departments deliver before the run of night 0, 1 or 2.

        The follow-ups of night 1 come with night 2, unless `on_time`.
        """
        for table, drops in self.tables.items():
            if table == LATE and night == 1 and not on_time:
                continue
            self._drop(table, drops[night], night, landing)
        if night == 2:
            if not on_time:
                self._drop(LATE, self.tables[LATE][1], 1, landing)
            self._drop(RESENT, self.corrected, 1, landing, edition=2)
        write_exchange(exchange_url, _contract(RESIDENT), self.exchange[night], self.nights[night])

    def _drop(self, table: str, rows: pd.DataFrame, night: int, landing: Path, edition: int = 1) -> None:
        first = self.nights[night] if night else date(2009, 1, 1)
        write_drop(landing, _contract(table), rows, self.nights[night], first, edition)

    def write_truth(self, folder: Path) -> None:
        """person.csv, archive.csv, service.csv, dirt.csv (UTF-8): the situation after the third night."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, rows in self.truth.items():
            rows.to_csv(folder / f"{name}.csv", index=False, encoding="utf-8", lineterminator="\n")


def build(people: int = 46_000, seed: int = 20191231, first_number: int = 10) -> City:
    """Build the city: the same people and seed give the same bytes. `people` from about 500 on.

    first_number: the sequence with which the identity numbers of a day of birth begin, for cities that are to be put together.
    """
    return _Builder(people, seed, first_number).city()


class _Builder:
    def __init__(self, n: int, seed: int, first_number: int) -> None:
        self.n, self.seed, self.dirt = n, seed, Dirt(seed)
        self.people = population(n, seed, first_number)
        self.plan = evidence.plan(self.people, seed)

    def soiled(self, table: str, rows: pd.DataFrame, protected: pd.Series | None = None) -> pd.DataFrame:
        marked = rows if protected is None else rows.assign(_protected=protected)
        return self.dirt.spoil(table, marked, _contract(table).key)

    def delivered(self, table: str, rows: pd.DataFrame) -> tuple[pd.DataFrame, ...]:
        """The rows of an appended or incremental table by night, with repeated and unusable rows."""
        more = self._more(table, rows)
        return tuple(self._shown(table, rows[rows["_night"] == night], more[more["_night"] == night]) for night in (0, 1, 2))

    def _more(self, table: str, rows: pd.DataFrame) -> pd.DataFrame:
        """Repeated and unusable rows, with the index of the row they are made of."""
        contract = _contract(table)
        return pd.concat([self.dirt.repeat(table, rows, contract.key), rejects.additional(contract, rows, self.dirt, self.seed)])

    @staticmethod
    def _shown(table: str, rows: pd.DataFrame, more: pd.DataFrame) -> pd.DataFrame:
        """Rows and additional rows as they are delivered, each behind the row it is made of."""
        columns = [c.name for c in _contract(table).delivered] + [LINE] * (LINE in more)
        return pd.concat([rows, more]).sort_index(kind="stable")[columns]

    def city(self) -> City:
        n, seed, people, plan = self.n, self.seed, self.people, self.plan
        wrong = evidence.wronged(people, seed, max(2, counts(rates()["deaths"]["wrong_identity"], n)))
        places, staff = institutions(seed)
        patients = services.hypertension(people, seed)
        register = self.soiled(RESIDENT, police.residents(people, plan, seed))
        later = police.resident_changes(register, people, plan, seed)
        cancelled = police.death_cancellations(people, plan, wrong[::2], seed)
        cancelled = self.soiled("public_security/death_cancellation", cancelled)
        certified = deaths.certificates(people, plan, wrong[1::2], places, seed)
        certified = self.soiled("health/death_certificate", certified, certified["_wrong"] | certified["cert_no"].duplicated(keep=False))
        cremated = self.soiled("civil_affairs/cremation", deaths.cremations(people, plan, seed))
        pensions = self.soiled("human_resources/pension_payment", benefits.pensions(people, plan, seed))
        cards = self.soiled("citizen_card/card", benefits.cards(people, seed))
        known = truth.Evidence(certified, cancelled, cremated, pensions)
        archives = archive_part.archives(people, plan, places, patients, seed)
        self._note_invented(archives)
        special = (
            (archives["_kind"] != "real")
            | archives["_after_death"]
            | archives["_life_after_flag"]
            | archives["_shared_number"]
            | archives["_person"].isin(wrong)
        )
        archives = mixups.fifteen_digits(self.soiled("health/archive", archives, special), self.dirt)
        archives = mixups.borrowed_numbers(archives, special, people, seed, self.dirt)
        dated = truth.exactly_dated(known, n)
        exams = services.examinations(people, archives, patients, dated, places, seed)
        followups = services.followups(people, archives, patients, dated, places, seed)
        recent = pd.concat([exams, followups])
        seen = np.zeros(len(archives), dtype=bool)
        seen[recent.loc[recent["_day"] >= np.datetime64("2018-01-02"), "_archive"]] = True
        visits = services.visits(people, archives, cards, seen, places, seed)
        exams, followups, visits = (
            self.soiled(t, r, r["_after_death"])
            for t, r in (("health/examination", exams), ("health/hypertension_followup", followups), ("health/outpatient_visit", visits))
        )
        snapshots, final = self._snapshots(archives)
        tables = {
            "health/staff": self._full("health/staff", self.soiled("health/staff", staff)),
            "health/archive": snapshots,
            "health/death_certificate": self.delivered("health/death_certificate", certified),
            "health/examination": self.delivered("health/examination", exams),
            LATE: self.delivered(LATE, followups),
            "health/outpatient_visit": self.delivered("health/outpatient_visit", visits),
            "civil_affairs/cremation": self.delivered("civil_affairs/cremation", cremated),
            "public_security/death_cancellation": self.delivered("public_security/death_cancellation", cancelled),
            "human_resources/pension_payment": self.delivered("human_resources/pension_payment", pensions),
            "citizen_card/card": self._full("citizen_card/card", cards),
        }
        grade = truth.grades(people, final, known)
        found = {
            "person": truth.persons(people, grade),
            "archive": truth.archive_table(people, final, cards, grade, exams, followups, visits),
            "service": truth.service_table(people, exams, followups, visits),
            "dirt": self.dirt.log(),
        }
        return City(tables, self._exchange(register, later), self._sent_again(tables[RESENT][1]), found)

    def _note_invented(self, archives: pd.DataFrame) -> None:
        """What invented archives carry from the start: names typed to get past a form, numbers that are none."""
        table, names = "health/archive", keys(archives, _contract("health/archive").key)
        self.dirt.note(table, names[archives["_placeholder_name"]], "name", "D08")
        self.dirt.note(table, names[archives["_broken_number"]], "id_no", "D05")

    def _full(self, table: str, rows: pd.DataFrame) -> tuple[pd.DataFrame, ...]:
        """A full list that is the same every night."""
        return (self._shown(table, rows, self._more(table, rows)),) * 3

    def _snapshots(self, archives: pd.DataFrame) -> tuple[tuple[pd.DataFrame, ...], pd.DataFrame]:
        """The full list of archives of each night, and the archives (with hidden columns) of the last one."""
        table = "health/archive"
        changes, vanished = archive_part.changes(archives, self.seed)
        changes[0] = changes[0].drop(index=vanished, errors="ignore")
        more = self._more(table, archives[(archives["_night"] == 0) & ~archives.index.isin(vanished)])
        now, out = archives.copy(), []
        forgotten = self.dirt.forgotten(table, archives, _contract(table).key)
        for night in (0, 1, 2):
            if night:
                now.update(changes[night - 1])
            if night == 2:
                now = now.drop(index=vanished)
            present = now[now["_night"] <= night].copy()
            present.loc[forgotten.reindex(present.index) & (present["status"] == "1"), "status"] = "0"
            out.append(self._shown(table, present, more))
        return tuple(out), now

    def _exchange(self, register: pd.DataFrame, later: pd.DataFrame) -> tuple[pd.DataFrame, ...]:
        rows = pd.concat([register, later], ignore_index=True).sort_values("_night", kind="stable", ignore_index=True)
        rows["cd_id"], rows["cd_operation"] = np.arange(len(rows)) + 1, rows["_op"]
        columns = ["cd_id", "cd_operation", *(c.name for c in _contract(RESIDENT).delivered)]
        return tuple(rows.loc[rows["_night"] == night, columns] for night in (0, 1, 2))

    @staticmethod
    def _sent_again(rows: pd.DataFrame) -> pd.DataFrame:
        """The drop of the second night once more: other measurements in some rows."""
        corrected = rows.copy()
        some = corrected.index.isin(corrected.index[::3])  # a repeated row has the index of its original, and stays its copy
        corrected.loc[some, "sbp"] = numbers(np.full(int(some.sum()), 128))
        corrected.loc[some, "conclusion"] = "更正:定期复查"
        return corrected
