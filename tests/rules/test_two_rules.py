"""A theme of two rules over small frames: hits, score, states, work list and explanation; and rule tables that are refused."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from assets.rules import Conditions, RuleTable, proof, read_rules, says, work_list
from assets.rules.explain import hits, section
from assets.rules.work_list import EVENTS_SHOWN
from tests.refusals import refused_with

CARDS: dict[str, Any] = {
    "defaults": {"most_rides": 40, "suspect_score": 0.85},
    "rules": {
        "R1": {
            "class": "misuse", "zh": "乘车过频", "en": "Too many rides a day", "automatic": False, "action": "REVIEW", "evidence": ["ride"],
            "family": "rides", "weight": 0.5,
        },
        "R2": {
            "class": "misuse", "zh": "死亡后使用", "en": "Used after the death", "automatic": True, "action": "CLOSE",
            "evidence": ["death", "ride"], "family": "life", "weight": 0.8, "closed": True,
            "needs": {"table": "civil_affairs/cremation", "departments": 1},
        },
    },
    "states": {"SUSPECT": {"zh": "存疑"}, "LAPSED": {"zh": "失效", "by": ["R2"]}, "NORMAL": {"zh": "正常"}},
}  # fmt: skip
DELIVERED = frozenset({"civil_affairs/cremation", "public_security/resident", "traffic/ride"})


@dataclass(frozen=True)
class Thresholds:
    """Rides a day; score of 1."""

    most_rides: int
    suspect_score: float


rule = Conditions[Thresholds]()


@rule("R1")
def too_many(t: Thresholds) -> Column:
    return F.col("rides") > t.most_rides


@rule("R2")
def after_death(_: Thresholds) -> Column:
    return F.col("last_ride") > F.col("death_date")


def written(folder: Path, table: dict[str, Any]) -> Path:
    file = folder / "rules.yaml"
    file.write_text(yaml.safe_dump(table, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return file


def read(folder: Path, table: dict[str, Any] = CARDS, conditions: Conditions[Thresholds] = rule) -> RuleTable[Thresholds]:
    witnesses = frozenset({"public_security/resident", "health/archive"})
    return read_rules(written(folder, table), Thresholds, conditions, witnesses=lambda: witnesses)


def judged(spark: SparkSession, table: RuleTable[Thresholds], delivered: frozenset[str] = DELIVERED) -> DataFrame:
    cards = [
        ("both", True, 50, "2019-06-01", "2019-01-01"),
        ("dead", True, 5, "2019-06-01", "2019-01-01"),
        ("busy", True, 50, "2019-06-01", None),
        ("closed", False, 50, "2019-06-01", "2019-01-01"),
        ("good", True, 40, "2018-12-31", "2019-01-01"),
    ]
    facts = spark.createDataFrame(cards, "card_no string, open boolean, rides int, last_ride string, death_date string")
    suspect = {"SUSPECT": F.col("score") >= table.thresholds.suspect_score}
    return (
        facts.transform(table.with_hits, delivered, F.col("open"))
        .transform(table.with_score, "score")
        .transform(table.with_state, suspect)
    )  # fmt: skip


def test_hits_lead_to_a_score_and_one_state(spark: SparkSession, tmp_path: Path) -> None:
    found = {r.card_no: (r.rules, r.score, r.families, r.state, r.also) for r in judged(spark, read(tmp_path)).collect()}
    assert found == {
        "both": (["R1", "R2"], 0.9, 2, "SUSPECT", ["LAPSED"]),
        "dead": (["R2"], 0.8, 1, "LAPSED", []),
        "busy": (["R1"], 0.5, 1, "NORMAL", []),
        "closed": (["R2"], 0.8, 1, "LAPSED", []),
        "good": ([], 0.0, 0, "NORMAL", []),
    }


def test_a_rule_waits_for_those_who_could_know(spark: SparkSession, tmp_path: Path) -> None:
    """Rides are no witness of deaths."""
    table, alone = read(tmp_path), DELIVERED - {"public_security/resident"}
    assert table.not_applied(DELIVERED) == []
    assert table.not_applied(alone) == [
        "rule R2 (Used after the death) is not applied: it needs civil_affairs/cremation and the records of 1 other departments; "
        "civil_affairs/cremation is delivered, and no other department"
    ]
    assert {r.card_no: r.rules for r in judged(spark, table, alone).collect()}["both"] == ["R1"]


def test_the_work_list_has_the_evidence_of_each_hit(spark: SparkSession, tmp_path: Path) -> None:
    table = read(tmp_path)
    cards = judged(spark, table)
    rides = [(card, f"{n:02d}", "rides.csv", n) for card in ("both", "dead", "good") for n in range(EVENTS_SHOWN + 5)]
    ridden = spark.createDataFrame(rides, "card_no string, ride_no string, _source_file string, _row_no bigint")
    deaths = spark.createDataFrame(
        [("both", "d1", "2019-01-01", "deaths.csv", 7)], "card_no string, no string, day string, _source_file string, _row_no bigint"
    )
    proofs = {
        "ride": proof(ridden, "card_no", F.lit("traffic/ride"), "ride_no", F.lit("ride")),
        "death": proof(deaths, "card_no", F.lit("civil_affairs/cremation"), "no", says("died on", "day")),
    }
    work = {
        (r.card_no, r.rule): r.asDict(recursive=True) for r in work_list(cards, table, proofs, "card_no", ["card_no", "state"]).collect()
    }
    assert set(work) == {("both", "R1"), ("both", "R2"), ("dead", "R2")}
    assert {k: (r["state"], r["action"], r["automatic"], len(r["evidence"])) for k, r in work.items()} == {
        ("both", "R1"): ("SUSPECT", "REVIEW", False, EVENTS_SHOWN),
        ("both", "R2"): ("SUSPECT", "CLOSE", True, EVENTS_SHOWN),
        ("dead", "R2"): ("LAPSED", "CLOSE", True, EVENTS_SHOWN),
    }
    first = work["both", "R2"]["evidence"][0]
    assert first == {
        "source_table": "civil_affairs/cremation", "source_key": "d1", "fact": "died on 2019-01-01",
        "_source_file": "deaths.csv", "_row_no": 7,
    }  # fmt: skip
    assert [e["source_key"] for e in work["both", "R1"]["evidence"]] == [f"{n:02d}" for n in range(EVENTS_SHOWN)]
    explained = hits([r for (card, _), r in reversed(work.items()) if card == "both"], table)
    assert [(h["rule"], h["means"]) for h in explained] == [
        ("R1", "Too many rides a day (乘车过频)"),
        ("R2", "Used after the death (死亡后使用)"),
    ]
    shown = section(explained[1])
    assert shown.title == "R2: Used after the death (死亡后使用) → CLOSE, automatic"
    assert shown.rows[0] == ("died on 2019-01-01", "civil_affairs/cremation", "deaths.csv", "7")
    with pytest.raises(ValueError, match=r"the evidence of rules\.yaml and of the work list differ in: death"):
        work_list(cards, table, {"ride": proofs["ride"]}, "card_no", ["card_no"])


Change = Callable[[dict[str, Any]], Any]
BROKEN: dict[str, tuple[Change, str, str, str]] = {
    "entry without a condition": (
        lambda t: t["rules"].update(R3=t["rules"]["R1"]), "rules", "differ from the conditions in R3", "one entry and one condition",
    ),
    "condition without an entry": (lambda t: t["rules"].pop("R1"), "rules", "differ from the conditions in R1", "one entry"),
    "misspelt threshold": (
        lambda t: t["defaults"].update(most_ride=t["defaults"].pop("most_rides")),
        "defaults", "differ from Thresholds in most_ride, most_rides", "Correct",
    ),
    "misspelt setting": (lambda t: t["rules"]["R1"].update(wieght=1), "rule 'R1'", "unknown settings ['wieght']", "Use only: class"),
    "no action": (lambda t: t["rules"]["R1"].pop("action"), "rule 'R1'", "has no action", "Add it"),
    "weight without a family": (lambda t: t["rules"]["R1"].pop("family"), "rule 'R1'", "without a weight", "Give both, or neither"),
    "weight in percent": (lambda t: t["rules"]["R1"].update(weight=50), "rule 'R1'", "a weight from 0 to 1", "Give both, or neither"),
    "needs without a number": (
        lambda t: t["rules"]["R2"]["needs"].pop("departments"), "rule 'R2', needs", "is {'table'", "Write {table: …, departments: 3}",
    ),
    "state by a rule that is not there": (
        lambda t: t["states"]["LAPSED"].update(by=["R9"]), "state 'LAPSED', by", "'R9' is not known", "Use one of: R1, R2",
    ),
    "setting of a state that the theme does not have": (
        lambda t: t["states"]["LAPSED"].update(close={}), "state 'LAPSED'", "unknown settings ['close']", "Use only: zh, by",
    ),
    "no states": (lambda t: t.pop("states"), "states", "is missing", "Add it"),
}  # fmt: skip


@pytest.mark.parametrize("wrong", BROKEN)
def test_a_wrong_rule_table_is_refused_with_file_field_and_remedy(wrong: str, tmp_path: Path) -> None:
    change, where, problem, remedy = BROKEN[wrong]
    table = copy.deepcopy(CARDS)
    change(table)
    with refused_with("rules.yaml", where, problem, remedy):
        read(tmp_path, table)
