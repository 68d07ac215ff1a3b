"""Numbers of parties: that of a person or that of an organisation, in one column.

Here: telling them apart. Not here: what makes either valid (`standards.identity`, `standards.organisations`). Source: domain rules A1 to
A7, B10, D6.
"""

from __future__ import annotations

from itertools import zip_longest

from pyspark.sql import Column
from pyspark.sql import functions as F

from standards import organisations
from standards.identity import identity_rule
from standards.organisations import organisation_no_rule
from standards.text import Row, Step, Steps

PERSON = "PERSON"
ALL_DIGITS = r"^[0-9*]*[0-9X*]\z"
"""A number that fails both rules is a person's when it looks like this, and an organisation's otherwise."""


def _within(prefix: str, step: Step) -> Step:
    """A step of another rule whose names have a prefix, so that two rules do not meet."""

    def taken(row: Row) -> dict[str, Column]:
        own = {name.removeprefix(prefix): value for name, value in row.items() if name.startswith(prefix)}
        return {f"{prefix}{name}": value for name, value in step({**row, **own}).items()}

    return taken


def _both(steps: tuple[Step | None, ...]) -> Step:
    return lambda row: {name: value for step in steps if step for name, value in step(row).items()}


def party_no_rule(business_date: Column, test_divisions: bool = False) -> Steps:
    """Rule `party_no`: value string, a number in the normal form of the rule `identity` or `organisation_no`; kind PERSON, USCC, ORG, REG.

    Of 18 characters that are right as both a credit code and an identity number, they are the credit code, which no citizen's number can
    be; of 15 digits, the identity number. Codes: those of the rule by which the number was read, or which it looks like.
    """
    rules = {"person_": identity_rule(business_date, test_divisions), "entity_": organisation_no_rule()}
    apart = [tuple(_within(prefix, step) for step in steps) for prefix, steps in rules.items()]

    def told(row: Row) -> dict[str, Column]:
        kind = organisations.kind(row["entity_value"])
        other = F.when(row["person_value"].isNotNull(), PERSON).otherwise(kind)
        return {"kind": F.when(kind == "USCC", kind).otherwise(other)}

    def answer(row: Row) -> dict[str, Column]:
        person = row["kind"] == PERSON
        looks = F.when(row["kind"].isNull(), row["person_s"].rlike(ALL_DIGITS)).otherwise(person)
        return {
            "value": F.when(person, row["person_value"]).otherwise(row["entity_value"]),
            "codes": F.when(looks, row["person_codes"]).otherwise(row["entity_codes"]),
        }

    return *(_both(steps) for steps in zip_longest(*apart)), told, answer
