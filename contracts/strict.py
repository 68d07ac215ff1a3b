"""What the lake demands of a whole contract: settings that are right one by one, and contradict each other.

Here: types against rules, derived columns, keys, sequences, rules at the table, functions of derived tables. Not here: single settings
(`contracts.loader`, `contracts.short`), origins in other tables (`contracts.loader.load_all`).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Collection, Mapping
from decimal import Decimal
from functools import cache
from math import isfinite

from contracts.date_formats import date_format
from contracts.model import Contract, Field, SourceContract
from contracts.queries import refuse_wrong
from contracts.refused import ROOT, ContractError, one_of
from contracts.registry import PLANES, ROW_RULES, RULES_AT_TABLE, Option
from contracts.rules import ContractRule
from contracts.short import LOGICAL

RANGE = ("minimum", "maximum")
FACTOR_DIGITS = 19
"""A number of 18 digits times a factor of so many fits into the 38 digits that an engine computes with."""


def check(contract: Contract) -> None:
    """Raise ContractError (file, field, remedy) for the first contradiction in a contract."""
    for demand in OF_EVERY_TABLE:
        demand(contract)
    if isinstance(contract, SourceContract):
        for of_source in OF_SOURCES:
            of_source(contract)


def _layer(contract: Contract) -> None:
    if isinstance(contract, SourceContract) == (contract.layer == "cleansed"):
        return
    if contract.layer == "cleansed":
        raise ContractError(contract.path, "schema, customProperties", "has no delivery", "State how the department delivers the table")
    raise ContractError(
        contract.path, "delivery", f"a table of {contract.layer} is not delivered", "Remove it, or name the table cleansed/…"
    )


def _rules_only_where_delivered(contract: Contract) -> None:
    for c in contract.delivered if contract.layer != "cleansed" else ():
        raise ContractError(contract.path, f"column {c.name!r}", f"has rule {c.rule}, but is not delivered", "Remove the rule")


def _key(contract: Contract) -> None:
    for name in contract.key:
        if not contract.column(name).required:
            raise ContractError(contract.path, f"column {name!r}", "is in the key, but not required", "Write required: true")


def _ranges(contract: Contract) -> None:
    for c in contract.columns:
        if c.minimum is not None and c.maximum is not None and c.minimum > c.maximum:
            raise ContractError(contract.path, f"column {c.name!r}", f"no number is from {c.minimum} to {c.maximum}", "Exchange the limits")


def _factors(contract: Contract) -> None:
    """A factor into the unit of a column is a number above 0 of FACTOR_DIGITS digits, before and after the point together."""
    for c in contract.delivered:
        for unit, factor in c.other_units:
            if not (
                isfinite(factor) and factor > 0 and len(format(Decimal(str(factor)).normalize(), "f").replace(".", "")) <= FACTOR_DIGITS
            ):
                raise ContractError(
                    contract.path, f"column {c.name!r}, otherUnits", f"no number of {unit} is {factor} of the column's unit",
                    f"Write a factor above 0 with at most {FACTOR_DIGITS} digits",
                )  # fmt: skip


def _types(contract: Contract) -> None:
    for c in contract.columns:
        kind = one_of(contract.path, f"column {c.name!r}, physicalType", re.split(r"[(<]", c.physical_type)[0], tuple(LOGICAL))
        if c.logical_type != LOGICAL[kind]:
            raise ContractError(
                contract.path, f"column {c.name!r}, logicalType", f"{c.logical_type} does not describe {c.physical_type}",
                f"Write {LOGICAL[kind]}",
            )  # fmt: skip
    for c in contract.delivered:
        rule = ROW_RULES[c.rule or ""]
        if not re.fullmatch(rule.types, c.physical_type):
            wanted = rule.type or "decimal(p,s): p digits, s of them after the point"
            raise ContractError(
                contract.path,
                f"column {c.name!r}, physicalType",
                f"{c.physical_type} does not hold values of rule {rule.name}",
                f"Write {wanted}",
            )


def _codes(contract: Contract) -> None:
    for c in contract.delivered:
        for code in dict(c.code_map).values():
            one_of(contract.path, f"column {c.name!r}, codeMap", code, codes_of(c.code_list or ""))


def _names_of_checks(contract: Contract) -> None:
    names = [c.name for c in contract.checks]
    for twice in {n for n in names if names.count(n) > 1}:
        raise ContractError(contract.path, "quality of the table", f"{twice!r} is there twice", "Rename one")


def _date_formats(contract: Contract) -> None:
    for c in contract.delivered:
        try:
            date_format(c.date_format or "yyyy-MM-dd")
        except ValueError as e:
            raise ContractError(
                contract.path, f"column {c.name!r}, dateFormat", str(e), "Write yyyy, MM and dd, as in dd/MM/yyyy"
            ) from None


def _systems(contract: Contract) -> None:
    """A delivery states one coordinate reference system."""
    for c in contract.delivered:
        one_of(contract.path, f"column {c.name!r}, crs", c.crs, (None, *PLANES))
    if len(contract.systems) > 1:
        raise ContractError(contract.path, "crs", f"are {', '.join(contract.systems)}", "State the one in which the table is delivered")


def _delivered_names(contract: Contract) -> None:
    seen: dict[str, str] = {}
    for c in contract.delivered:
        for name in (c.source or c.name, *c.aliases):
            if seen.setdefault(name, c.name) != c.name:
                raise ContractError(
                    contract.path,
                    f"column {c.name!r}",
                    f"is delivered as {name!r}, like column {seen[name]!r}",
                    "Correct source or aliases",
                )


def _companions(contract: Contract) -> None:
    """A derived column of a delivered table is a companion of the column it names, by name and type."""
    delivered = {c.name: c for c in contract.delivered}
    for c in contract.columns:
        if c.delivered:
            continue
        where = f"column {c.name!r}"
        source = delivered[one_of(contract.path, f"{where}, transformSourceObjects", (*c.derived_from, None)[0], tuple(delivered))]
        rule = ROW_RULES[source.rule or ""]
        made = {companion.name(source.name): companion for companion in rule.companions}
        if c.name not in made:
            remedy = f"Use one of: {', '.join(made)}" if made else f"Remove it: rule {rule.name} derives nothing"
            raise ContractError(contract.path, where, f"does not follow from {source.name} by rule {rule.name}", remedy)
        if c.physical_type != made[c.name].physical_type:
            raise ContractError(contract.path, f"{where}, physicalType", f"is {c.physical_type}", f"Write {made[c.name].physical_type}")


def _sequence(contract: SourceContract) -> None:
    for name in contract.delivery.sequence:
        if not contract.column(name).required:
            raise ContractError(
                contract.path, f"column {name!r}", "orders the versions of a key (delivery, sequence), but is not required",
                "Write required: true",
            )  # fmt: skip


def _shares(contract: SourceContract) -> None:
    for name in ("min_ratio", "max_quarantine_ratio", "max_error_ratio"):
        share = getattr(contract.delivery, name)
        if not isinstance(share, int | float) or not 0 <= share <= 1:
            raise ContractError(contract.path, f"delivery, {name}", f"{share!r} is no share", "Write a number from 0 to 1")


def _rules_at_table(contract: Contract) -> None:
    for stated in (*contract.row_rules, *contract.table_rules):
        rule = RULES_AT_TABLE[stated.rule]
        where = f"{rule.level}, {rule.name!r}"
        for position, name in enumerate(stated.columns):
            takes, column = rule.takes[min(position, len(rule.takes) - 1)] if rule.takes else (), contract.column(name)
            if takes and column.rule not in takes:
                raise ContractError(
                    contract.path, where, f"column {name!r} has rule {column.rule}", f"Name a column of rule {' or '.join(takes)}"
                )
        if rule.different and len({contract.column(name).rule for name in stated.columns}) < len(stated.columns):
            raise ContractError(contract.path, where, "its columns have the same rule", "Name columns of different rules")
        for option in rule.options:
            _option(contract, where, stated, option)


def _option(contract: Contract, where: str, stated: ContractRule, option: Option) -> None:
    value, where = stated.option(option.name), f"{where}, {option.name}"
    if option.choices:
        one_of(contract.path, where, value, option.choices)
    if option.codes_of is not None:
        column: Field = contract.column(stated.columns[option.codes_of])
        one_of(contract.path, where, value, codes_of(column.code_list or ""))
    if option.least is not None and not (re.fullmatch(r"[0-9]+(\.[0-9]+)?", value) and float(value) >= option.least):
        raise ContractError(contract.path, where, f"{value!r} is not a number from {option.least:g} on", "Correct it")


@cache
def codes_of(code_list: str) -> tuple[str, ...]:
    """Return the codes of a list in standards/codes."""
    with (ROOT.parent / "standards" / "codes" / f"{code_list}.csv").open(encoding="utf-8", newline="") as file:
        return tuple(row["code"] for row in csv.DictReader(file))


def match_functions(contracts: Mapping[str, Contract], functions: Mapping[str, Collection[str]]) -> None:
    """Check that every derived table has a contract and a function, that inputs have contracts, and that gates in SQL read what is there.

    Args:
        contracts: by table name, as `load_all` returns them.
        functions: table -> tables its function reads.

    Raises:
        ContractError: one of them is missing, or a query is wrong.
    """
    derived = {name: c for name, c in contracts.items() if not isinstance(c, SourceContract)}
    for name, inputs in functions.items():
        if name not in derived:
            raise ContractError(ROOT / f"{name}.yaml", "file", "is missing, and a function makes the table", "Write the contract")
        for table in inputs:
            one_of(derived[name].path, f"function of {name}, inputs", table, tuple(contracts))
    for name, contract in derived.items():
        if name not in functions:
            raise ContractError(
                contract.path, "name", "no function in assets makes the table", f'Write one with @lake_asset("{name}"), or remove the file'
            )
    for name, contract in contracts.items():
        refuse_wrong(contract, functions.get(name, ()), contracts)


OF_EVERY_TABLE: tuple[Callable[[Contract], None], ...] = (
    _layer, _rules_only_where_delivered, _key, _ranges, _factors, _types, _codes, _names_of_checks, _date_formats, _systems,
    _delivered_names, _rules_at_table,
)  # fmt: skip
OF_SOURCES: tuple[Callable[[SourceContract], None], ...] = (_companions, _sequence, _shares)
