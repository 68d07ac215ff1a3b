"""A theme's rules.yaml with its conditions: which rules hit, the score of those with a weight, one state by precedence.

Here: reading and checking the table, what follows from it for a frame of facts. Not here: the rules and the facts themselves (the
theme's package), what people have to do (`assets.rules.work_list`).

    defaults: {most_rides: 40, suspect_score: 0.7}            # the thresholds, fields of the theme's own class
    rules:
      R1: {class: misuse, zh: …, en: …, automatic: false, action: REVIEW, evidence: [ride], family: rides, weight: 0.5}
    states:                                                   # the first that holds
      SUSPECT: {zh: 存疑}                                      # its condition is the theme's
      LOST: {zh: 已挂失, by: [R2]}                             # holds when one of these rules hits
      NORMAL: {zh: 正常}                                       # the default

    class      free, for people
    automatic  the lake proposes the action as decided; everything else is a work list for people
    evidence   the kinds of records that the work list shows
    family     rules of one family look at the same thing; each has a weight, from 0 to 1, which adds to the score
    closed     the rule also holds for what is closed
    needs      the rule takes a missing record as evidence: it is not applied before `table`, and the records of so many other
               departments, are delivered
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import reduce
from operator import or_
from pathlib import Path
from typing import Any, Generic, TypeVar

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from contracts.kinds import Kind, stated
from contracts.refused import ContractError, one_of
from contracts.short import unique_yaml

T = TypeVar("T")
"""The theme's class of thresholds."""
Condition = Callable[[T], Column]
"""Thresholds -> boolean Column over the facts; NULL counts as no hit."""
SCORE_DIGITS = 6
FILE = {"defaults": Kind.SETTINGS, "rules": Kind.SETTINGS, "states": Kind.SETTINGS}
RULE = {
    "class": Kind.TEXT, "zh": Kind.TEXT, "en": Kind.TEXT, "automatic": Kind.TRUTH, "action": Kind.TEXT, "evidence": Kind.TEXTS,
    "family": Kind.TEXT, "weight": Kind.NUMBER, "closed": Kind.TRUTH, "needs": Kind.SETTINGS,
}  # fmt: skip
NEEDED = ("class", "zh", "en", "automatic", "action", "evidence")
NEEDS = {"table": Kind.TEXT, "departments": Kind.COUNT}
STATE = {"zh": Kind.TEXT, "by": Kind.TEXTS}


@dataclass(frozen=True)
class Needs:
    """What must be delivered before a missing record is evidence: a table, and the records of so many other departments."""

    table: str
    departments: int

    def met(self, present: frozenset[str]) -> bool:
        return self.table in present and len(self.others(present)) >= self.departments

    def others(self, present: frozenset[str]) -> set[str]:
        """The departments of the present tables other than that of `table`."""
        return {t.split("/")[0] for t in present} - {self.table.split("/")[0]}


@dataclass(frozen=True)
class DetectionRule(Generic[T]):
    """One line of rules.yaml with its condition."""

    id: str
    kind: str
    title: str
    meaning: str
    automatic: bool
    action: str
    evidence: tuple[str, ...]
    condition: Condition[T]
    family: str | None = None
    weight: float = 0.0
    closed: bool = False
    needs: Needs | None = None


@dataclass(frozen=True)
class State:
    """One state of rules.yaml: `by` are the rules that lead to it, `own` what only the theme knows."""

    name: str
    title: str
    by: tuple[str, ...]
    own: Mapping[str, Any]


class Conditions(Generic[T]):
    """The conditions of a theme's rules, each registered with its rule's id: `@rule("U1")`."""

    def __init__(self) -> None:
        self.of: dict[str, Condition[T]] = {}

    def __call__(self, identifier: str) -> Callable[[Condition[T]], Condition[T]]:
        def register(condition: Condition[T]) -> Condition[T]:
            self.of[identifier] = condition
            return condition

        return register


@dataclass(frozen=True)
class RuleTable(Generic[T]):
    """The rules of a theme by id, their thresholds, and the states in the order of precedence; the last one is the default.

    witnesses: the delivered tables that could know what a rule with `needs` says nobody knows.
    """

    thresholds: T
    rules: Mapping[str, DetectionRule[T]]
    states: Mapping[str, State]
    witnesses: Callable[[], frozenset[str]]

    def applies(self, rule: DetectionRule[T], delivered: frozenset[str]) -> bool:
        """Whether the delivered tables can decide the rule."""
        return rule.needs is None or rule.needs.met(delivered & (self.witnesses() | {rule.needs.table}))

    def not_applied(self, delivered: frozenset[str]) -> list[str]:
        """One sentence for each rule that the delivered tables cannot decide."""
        return [
            f"rule {r.id} ({r.meaning}) is not applied: "
            f"it needs {r.needs.table} and the records of {r.needs.departments} other departments; "
            f"{r.needs.table} {'is' if r.needs.table in delivered else 'was never'} delivered, and "
            f"{', '.join(sorted(r.needs.others(delivered & self.witnesses()))) or 'no other department'}"
            for r in self.rules.values()
            if r.needs is not None and not self.applies(r, delivered)
        ]

    def hit(self, *rules: str) -> Column:
        """Whether one of these rules hits, of a frame with `rules`."""
        return reduce(or_, [F.array_contains("rules", r) for r in rules], F.lit(False))

    def with_hits(self, facts: DataFrame, delivered: frozenset[str], is_open: Column) -> DataFrame:
        """Add `rules`: the ids of all rules that hit, in the order of the table.

        Args:
            facts: the columns that the conditions look at.
            delivered: the tables that have rows; no row is judged by rules that they cannot decide.
            is_open: what is not open is judged only by rules that say so (`closed`).
        """

        def found(rule: DetectionRule[T]) -> Column:
            condition = rule.condition(self.thresholds)
            return F.when(condition if rule.closed else condition & is_open, rule.id)

        applied = [found(r) for r in self.rules.values() if self.applies(r, delivered)]
        return facts.withColumn("rules", F.array_compact(F.array(*applied)))

    def with_score(self, frame: DataFrame, score: str) -> DataFrame:
        """Add `score` = 1 - product of (1 - weight) over the rules that hit, and `families`: how many independent families they are of."""
        scored = [r for r in self.rules.values() if r.family]
        doubt = reduce(lambda a, r: a * F.when(self.hit(r.id), F.lit(1 - r.weight)).otherwise(F.lit(1.0)), scored, F.lit(1.0))
        members = [self.hit(*[r.id for r in scored if r.family == family]) for family in dict.fromkeys(r.family for r in scored)]
        families = sum((hit.cast("int") for hit in members), F.lit(0))
        return frame.withColumn(score, F.round(1 - doubt, SCORE_DIGITS)).withColumn("families", families)

    def with_state(self, frame: DataFrame, special: Mapping[str, Column]) -> DataFrame:
        """Add `state`, the first that holds, and `also`, the further ones that would; the default is never among `also`.

        special: the conditions of states to which not only rules lead.
        """
        *_, left = self.states
        conditions = {s.name: self.hit(*s.by) for s in self.states.values()} | {left: F.lit(True), **special}
        held = F.array_compact(F.array(*[F.when(conditions[name], name) for name in self.states]))
        frame = frame.withColumn("held", held).withColumn("state", F.get("held", 0))
        return frame.withColumn("also", F.filter("held", lambda s: (s != F.col("state")) & (s != left)))


def read_rules(
    path: Path,
    thresholds: type[T],
    conditions: Conditions[T],
    *,
    own: Mapping[str, Kind] | None = None,
    witnesses: Callable[[], frozenset[str]] = frozenset,
) -> RuleTable[T]:
    """Read a theme's rules.yaml.

    Args:
        path: the file.
        thresholds: a dataclass with the fields of `defaults`.
        conditions: one for each rule.
        own: settings of states that only the theme knows.
        witnesses: see RuleTable; needed for rules with `needs`.

    Raises:
        ContractError: what is missing or unknown, with file, field and remedy; a rule without a condition or the reverse.
    """
    file = stated(path, "file", unique_yaml(path), FILE)
    for setting in FILE:
        if not file.get(setting):
            raise ContractError(path, setting, "is missing", "Add it")
    names = {f.name for f in fields(thresholds)}  # type: ignore[arg-type]
    if odd := sorted(names ^ file["defaults"].keys()):
        raise ContractError(path, "defaults", f"differ from {thresholds.__name__} in {', '.join(odd)}", "Correct one of both")
    if odd := sorted(file["rules"].keys() ^ conditions.of.keys()):
        raise ContractError(path, "rules", f"differ from the conditions in {', '.join(odd)}", "Each rule has one entry and one condition")
    rules = {name: _rule(path, name, line, conditions.of[name]) for name, line in file["rules"].items()}
    states = {name: _state(path, name, line, own or {}, tuple(rules)) for name, line in file["states"].items()}
    return RuleTable(thresholds(**file["defaults"]), rules, states, witnesses)


def _rule(path: Path, name: str, line: Any, condition: Condition[T]) -> DetectionRule[T]:
    where = f"rule {name!r}"
    settings = stated(path, where, line, RULE)
    if missing := [s for s in NEEDED if s not in settings]:
        raise ContractError(path, where, f"has no {', '.join(missing)}", "Add it")
    if ("family" in settings) != ("weight" in settings) or not 0 < settings.get("weight", 0.5) <= 1:
        raise ContractError(path, where, "has a family without a weight from 0 to 1, or the reverse", "Give both, or neither")
    needs = stated(path, f"{where}, needs", settings["needs"], NEEDS) if "needs" in settings else None
    if needs is not None and needs.keys() != NEEDS.keys():
        raise ContractError(path, f"{where}, needs", f"is {settings['needs']}", "Write {table: …, departments: 3}")
    return DetectionRule(
        id=name,
        kind=settings["class"],
        title=settings["zh"],
        meaning=settings["en"],
        automatic=settings["automatic"],
        action=settings["action"],
        evidence=tuple(settings["evidence"]),
        condition=condition,
        family=settings.get("family"),
        weight=settings.get("weight", 0.0),
        closed=settings.get("closed", False),
        needs=Needs(**needs) if needs else None,
    )


def _state(path: Path, name: str, line: Any, own: Mapping[str, Kind], rules: tuple[str, ...]) -> State:
    where = f"state {name!r}"
    settings = stated(path, where, line, {**STATE, **own})
    if "zh" not in settings:
        raise ContractError(path, where, "has no zh", "Add it")
    by = tuple(one_of(path, f"{where}, by", r, rules) for r in settings.get("by", ()))
    return State(name, settings["zh"], by, {s: settings[s] for s in own if s in settings})
