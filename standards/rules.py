"""The rules by their names, as contracts state them.

Here: which function parses a column of which rule, and with what. Not here: the rules themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from standards.addresses import address_rule
from standards.archive_no import archive_no_rule
from standards.codes import code_rule
from standards.coordinates import degrees_rule
from standards.dates import date_rule, month_rule, timestamp_rule
from standards.divisions import division_rule
from standards.identity import identity_rule
from standards.names import person_name_rule
from standards.numbers import decimal_rule, integer_rule
from standards.organisations import organisation_name_rule, organisation_no_rule
from standards.phones import phone_rule
from standards.text import UNTIDY, Row, Steps, has_control, identifier_rule, text_rule


@dataclass(frozen=True)
class Options:
    """What a rule may need beside the value.

    business_date: date Column, the day the delivery speaks about. code_list, code_map: list of the column, and what this
    source means by a value. minimum, maximum: inclusive. physical_type: type of the value, e.g. `decimal(12,2)`.
    units: other units -> factor. qualified: a number may have a qualifier beside it. keyed: an address is taken
    apart, too. registrar: the source issues the numbers of
    organisations itself. test_divisions: 321099 counts as a county. excel: the source is a workbook. json: it is JSON.
    """

    business_date: Column
    code_list: str | None = None
    code_map: Mapping[str, str] = field(default_factory=dict)
    minimum: float | None = None
    maximum: float | None = None
    physical_type: str = "string"
    units: Mapping[str, float] = field(default_factory=dict)
    qualified: bool = False
    keyed: bool = False
    registrar: bool = False
    test_divisions: bool = False
    excel: bool = False
    json: bool = False


def _code(o: Options) -> Steps:
    if o.code_list is None:
        raise ValueError("rule code needs a code list. Name one of standards/codes in the contract.")
    return code_rule(o.code_list, o.code_map)


RULES: dict[str, Callable[[Options], Steps]] = {
    "identity": lambda o: identity_rule(o.business_date, o.test_divisions),
    "person_name": lambda _: person_name_rule(),
    "phone": lambda _: phone_rule(),
    "division": lambda o: division_rule(o.test_divisions),
    "code": _code,
    "date": lambda o: date_rule(o.excel),
    "timestamp": lambda o: timestamp_rule(o.excel),
    "month": lambda _: month_rule(),
    "integer": lambda o: integer_rule(o.minimum, o.maximum, o.physical_type, o.units, o.qualified, o.json),
    "decimal": lambda o: decimal_rule(o.minimum, o.maximum, o.physical_type, o.units, o.qualified, o.json),
    "degrees": lambda _: degrees_rule(),
    "organisation_no": lambda o: organisation_no_rule(o.registrar),
    "organisation_name": lambda _: organisation_name_rule(),
    "identifier": lambda _: identifier_rule(),
    "archive_no": lambda _: archive_no_rule(),
    "address": lambda o: address_rule(o.keyed),
    "text": lambda _: text_rule(),
}


ANSWERS = ("value", "codes", "key", "level")
"""What a rule may name for the outside: every rule the first two, the others as it says."""


def _looked_at(row: Row) -> dict[str, Column]:
    return {"untidy": F.coalesce(row["raw"].rlike(UNTIDY), F.lit(False))}


def _undamaged(row: Row) -> dict[str, Column]:
    """Control characters inside: the rule gets to see nothing."""
    damaged = F.when(row["untidy"], has_control(row["raw"])).otherwise(False)
    return {"delivered": row["raw"], "raw": F.when(~damaged, row["raw"])}


def _damage(row: Row) -> dict[str, Column]:
    damaged = row["delivered"].isNotNull() & row["raw"].isNull()
    return {"codes": F.when(damaged, F.lit("E_CONTROL")).otherwise(row["codes"])}


def steps(rule: str, options: Options) -> Steps:
    """The rule with the common check before and after it. KeyError for an unknown rule."""
    return (_looked_at, _undamaged, *RULES[rule](options), _damage)


def parse(frame: DataFrame, rules: Mapping[str, tuple[str, str, Options]]) -> DataFrame:
    """Raw strings by their rules: the frame with one column struct{value, codes: string, …} more for each entry of `rules`.

    rules: new column -> (rule, raw string column, options). KeyError for an unknown rule.
    codes: `CODE,CODE`, NULL when there is none. E_: the value is NULL. W_: kept, with a warning. F_: kept after a repair.
    Nothing delivered: NULL without a code. E_CONTROL, for every rule: control characters inside.

    Every intermediate is computed once, for all columns together, one projection a step. Spelled out as one expression per
    column, engines would plan for seconds and compute the same thing many times.
    """
    kept = frame.columns
    todo = {column: steps(rule, options) for column, (rule, _, options) in rules.items()}
    held: dict[str, dict[str, str]] = {column: {"raw": source} for column, (_, source, _) in rules.items()}
    for i in range(max(map(len, todo.values()), default=0)):
        added: dict[str, Column] = {}
        for column, rule_steps in todo.items():
            if i < len(rule_steps):
                fields = rule_steps[i]({field: F.col(f"`{name}`") for field, name in held[column].items()})
                names = {field: f"{column}|{i}|{field}" for field in fields}
                added |= {names[field]: fields[field] for field in fields}
                held[column] |= names
        frame = frame.withColumns(added)
    answers = [F.struct(*(F.col(f"`{held[c][f]}`").alias(f) for f in ANSWERS if f in held[c])).alias(c) for c in todo]
    return frame.select(*(F.col(f"`{c}`") for c in kept), *answers)
