"""The lake's findings compared with the truth of the demo city: precision and recall.

Here: the comparison. Not here: the truth (`simulator`), showing the result (`pipelines.cli.demo`, `pipelines.cli.evaluation`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from contracts import load_all
from resources.lake import Lake

DEATH, PERSON, SCORED = "base/population/death", "base/population/person", "base/population/scored_match"
GRACE_DAYS = 30
GRADES = ("A", "B")


@dataclass(frozen=True)
class Finding:
    """The size of two sets and of their intersection: true, found, right."""

    name: str
    expected: int
    found: int
    right: int

    @property
    def precision(self) -> float:
        return self.right / self.found if self.found else 1.0

    @property
    def recall(self) -> float:
        return self.right / self.expected if self.expected else 1.0

    def facts(self) -> dict[str, Any]:
        return {
            "finding": self.name, "truth": self.expected, "found": self.found, "right": self.right,
            "precision": round(self.precision, 5), "recall": round(self.recall, 5),
        }  # fmt: skip


def cells_of(facts: Mapping[str, Any]) -> tuple[Any, ...]:
    """A finding's cells: name, true, found, right, precision, recall; there is no share of nothing."""
    shares = (f"{facts[name]:.4f}" if facts[of] else "–" for name, of in (("precision", "found"), ("recall", "truth")))
    return facts["finding"], facts["truth"], facts["found"], facts["right"], *shares


def compare(lake: Lake, folder: Path, as_of: date) -> list[Finding]:
    """Compare the published tables with the simulator's truth.

    Args:
        lake: the lake.
        folder: the truth as CSV files. Of departments that take no part in the demo city there is none.
        as_of: the business date of the last night.

    Returns:
        One finding per question, in a fixed order.
    """
    truth = {file.stem: pd.read_csv(file, dtype=str, keep_default_na=False) for file in folder.glob("*.csv")}
    known = truth["person"].assign(
        dead=lambda p: p["alive"] != "1", proven=lambda p: p["death_grade"].isin(GRADES), died=lambda p: pd.to_datetime(p["death_date"])
    )
    archives = _archives(lake, known, truth["archive"], as_of) if "archive" in truth else []
    deaths = [_deaths(lake, known)] if lake.version(DEATH) is not None else []
    return [*deaths, *archives, *_declared(lake, truth["finding"])]


def _deaths(lake: Lake, known: pd.DataFrame) -> Finding:
    death = _table(lake, DEATH, ["person_uid", "grade", "status"])
    person = _table(lake, PERSON, ["person_uid", "id_no"])
    found = set(person.merge(death[death["grade"].isin(GRADES) & (death["status"] == "CONFIRMED")], on="person_uid")["id_no"])
    dead = set(known.loc[known["dead"] & known["proven"], "id_no"])
    living = set(known.loc[~known["dead"], "id_no"])
    return Finding("deaths with evidence of grade A or B (persons)", len(dead), len(found & (dead | living)), len(found & dead))


def _archives(lake: Lake, known: pd.DataFrame, truth: pd.DataFrame, as_of: date) -> list[Finding]:
    archive = _table(
        lake, "themes/health/archive", ["ehr_no", "empi_id", "state", "rules", "person_uid", "survivor_ehr_no", "survivor_empi_id"]
    )
    rows = archive.merge(truth, on=["ehr_no", "empi_id"], how="left").merge(
        known[["true_person", "dead", "proven", "died"]], on="true_person", how="left"
    )
    open_ = rows["state"] != "CLOSED"
    dead, proven = rows["dead"].eq(True), rows["proven"].eq(True)
    due = open_ & dead & proven & (rows["died"] + timedelta(days=GRACE_DAYS) < pd.Timestamp(as_of))
    return [
        _finding("open archives of the dead (X1)", due, open_ & _hit(rows, "X1")),
        _finding("open archives of the dead, or for review (X1, X6)", due, open_ & _hit(rows, "X1", "X6")),
        _finding("archives in state DECEASED", due & (rows["expected_state"] == "DECEASED"), rows["state"] == "DECEASED"),
        _finding("living persons' archives in state DECEASED", open_ & False, (rows["state"] == "DECEASED") & ~dead),
        _duplicates(rows),
        _persons_found(lake, rows, known),
    ]


def _declared(lake: Lake, truth: pd.DataFrame) -> list[Finding]:
    """Compare the findings that departments declare: keys of the rows in which a column is, or has, a value."""
    findings = []
    for (name, table, column, value), expected in truth.groupby(["finding", "table", "column", "value"], sort=False):
        if lake.version(table) is None:
            continue  # of departments that take part, and of others that do not
        key = list(load_all()[table].key)
        rows = _table(lake, table, [*key, column])
        found = {"|".join(map(str, k)) for *k, cell in rows.itertuples(index=False) if _has(cell, value)}
        wanted = set(expected["key"]) - {""}
        findings.append(Finding(name, len(wanted), len(found), len(wanted & found)))
    return findings


def _has(cell: Any, value: str) -> bool:
    return value in cell if isinstance(cell, list | np.ndarray) else str(cell) == value


def _hit(rows: pd.DataFrame, *rules: str) -> pd.Series:
    return rows["rules"].map(lambda hits: not set(rules).isdisjoint(hits)).astype(bool)


def _duplicates(rows: pd.DataFrame) -> Finding:
    """Count merges by identity number: right when archive and survivor belong to the same person."""
    merged = rows[_hit(rows, "U1", "U4")]
    expected = rows[(rows["state"] != "CLOSED") & (rows["duplicate_group"].fillna("") != "")]
    group = rows.set_index(["ehr_no", "empi_id"])["true_person"]
    survivors = list(zip(merged["survivor_ehr_no"], merged["survivor_empi_id"], strict=True))
    same = [group.get(s) == t and t != "" for s, t in zip(survivors, merged["true_person"], strict=True)]
    surplus = len(expected) - expected["duplicate_group"].nunique()
    return Finding("duplicates by identity number (U1, U4)", surplus, len(merged), sum(same))


def _persons_found(lake: Lake, rows: pd.DataFrame, known: pd.DataFrame) -> Finding:
    """Count the persons found by name, birth, phone and what else agrees: right when they are those whom the archive is about."""
    scored = _table(lake, SCORED, ["source_table", "source_key", "candidate_uid", "decision"])
    scored = scored[(scored["source_table"] == "health/archive") & (scored["decision"] == "LINK")]
    person = _table(lake, PERSON, ["person_uid", "id_no"]).rename(columns={"person_uid": "candidate_uid"})
    number = known.set_index("true_person")["id_no"]
    delivered = _table(lake, "cleansed/health/archive", ["ehr_no", "empi_id", "id_no"])
    unusable = delivered[delivered["id_no"].isna()].drop(columns="id_no").merge(rows, on=["ehr_no", "empi_id"])
    unusable = unusable.assign(source_key=unusable["ehr_no"] + "|" + unusable["empi_id"])
    found = unusable.merge(scored, on="source_key").merge(person, on="candidate_uid")
    right = found["true_person"].map(number) == found["id_no"]
    return Finding(
        "archives without a usable number whose person was found", int((unusable["true_person"] != "").sum()), len(found), int(right.sum())
    )


def _finding(name: str, expected: pd.Series, found: pd.Series) -> Finding:
    return Finding(name, int(expected.sum()), int(found.sum()), int((expected & found).sum()))


def _table(lake: Lake, name: str, columns: list[str]) -> pd.DataFrame:
    found = lake.arrow(name, columns=columns)
    assert found is not None, name
    return found.to_pandas()
