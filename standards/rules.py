"""The rules of single columns by their names, as contracts state them.

Here: the functions of each entry of `contracts.registry`, and parsing a frame by them. Not here: the rules themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial, reduce
from operator import or_

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from contracts.registry import ROW_RULES, agree
from standards import divisions, licence_id, names, organisations
from standards.addresses import address_rule
from standards.archive_no import archive_no_rule
from standards.codes import code_rule
from standards.coordinates import degrees_rule
from standards.dates import clock_rule, date_rule, month_rule, timestamp_rule
from standards.divisions import division_rule
from standards.geometry import geometry_rule
from standards.identity import identity_rule
from standards.licence_id import licence_id_rule
from standards.names import person_name_rule
from standards.numbers import decimal_rule, integer_rule
from standards.organisations import organisation_name_rule, organisation_no_rule, taxpayer_no_rule
from standards.parties import party_no_rule
from standards.phones import phone_rule
from standards.plates import plate_rule
from standards.text import FAILED_FORMULA, MARKED, UNTIDY, Row, Step, Steps, has_control, identifier_rule, text_rule, unmarked
from standards.vin import vin_rule

CompanionOf = Callable[[Column, Column], Column]
"""Makes a companion of (raw string, parsed struct) of its source."""


@dataclass(frozen=True)
class Rule:
    """The functions of one entry of `contracts.registry`: its steps, and its companions by suffix."""

    steps: Callable[[Options], Steps]
    companions: Mapping[str, CompanionOf] = field(default_factory=dict)


@dataclass(frozen=True)
class Options:
    """What a rule may need besides the value.

    business_date: date Column, the business date of the delivery. code_list, code_map: code list of the column, and this source's own
    codes -> codes of the list. minimum, maximum: inclusive. physical_type: type of the value, e.g. `decimal(12,2)`. units: other units
    -> factor. companions: suffixes of the columns derived with the rule (`contracts.registry`): with `qualifier` a number may have one
    (`<`, `%`, ND), with any an address is parsed into its elements. registrar: the source itself issues the numbers of organisations.
    date_format: how the source writes dates. digits: of a division's code, how many are kept. crs: the system of geometries.
    test_divisions: 321099 counts as a county. excel: the source is a workbook. json: it is JSON.
    """

    business_date: Column
    code_list: str | None = None
    code_map: Mapping[str, str] = field(default_factory=dict)
    minimum: float | None = None
    maximum: float | None = None
    physical_type: str = "string"
    units: Mapping[str, float] = field(default_factory=dict)
    companions: Collection[str] = ()
    registrar: bool = False
    date_format: str | None = None
    digits: int | None = None
    crs: str | None = None
    test_divisions: bool = False
    excel: bool = False
    json: bool = False


def _number(rule: Callable[..., Steps]) -> Callable[[Options], Steps]:
    return lambda o: rule(o.minimum, o.maximum, o.physical_type, o.units, "qualifier" in o.companions, o.json)


def _error(raw: Column, parsed: Column) -> Column:
    """The primary error of an identity number, NULL when it is valid."""
    error = F.regexp_extract(F.coalesce(parsed.getField("codes"), F.lit("")), "(E_[A-Z0-9_]+|W_CENTURY)", 1)
    return F.when(parsed.getField("value").isNull(), F.when(error == "", F.lit("E_NULL")).otherwise(error))


def _of_value(function: Callable[[Column], Column]) -> CompanionOf:
    return lambda raw, parsed: function(parsed.getField("value"))


def _of_field(name: str) -> CompanionOf:
    return lambda raw, parsed: parsed.getField(name)


QUALIFIER: Mapping[str, CompanionOf] = {"qualifier": _of_field("qualifier")}
RULES: dict[str, Rule] = {
    "identity": Rule(lambda o: identity_rule(o.business_date, o.test_divisions), {"raw": lambda raw, parsed: raw, "error": _error}),
    "person_name": Rule(lambda _: person_name_rule(), {"key": _of_value(names.compare_key)}),
    "phone": Rule(lambda _: phone_rule()),
    "division": Rule(lambda o: division_rule(o.test_divisions, o.digits), {"county": _of_value(divisions.county_of)}),
    "code": Rule(lambda o: code_rule(o.code_list or "", o.code_map)),
    "date": Rule(lambda o: date_rule(o.excel, o.date_format)),
    "timestamp": Rule(lambda o: timestamp_rule(o.excel, o.date_format)),
    "clock": Rule(lambda _: clock_rule()),
    "month": Rule(lambda _: month_rule()),
    "integer": Rule(_number(integer_rule), QUALIFIER),
    "decimal": Rule(_number(decimal_rule), QUALIFIER),
    "degrees": Rule(lambda _: degrees_rule()),
    "geometry": Rule(lambda o: geometry_rule(o.crs or "")),
    "organisation_no": Rule(
        lambda o: organisation_no_rule(o.registrar),
        {"kind": _of_value(organisations.kind), "code": _of_value(organisations.code_of)},
    ),
    "taxpayer_no": Rule(
        lambda _: taxpayer_no_rule(),
        {"kind": _of_value(organisations.taxpayer_kind), "code": _of_value(organisations.taxpayer_code_of)},
    ),
    "organisation_name": Rule(lambda _: organisation_name_rule(), {"key": _of_value(organisations.compare_key)}),
    "party_no": Rule(
        lambda o: party_no_rule(o.business_date, o.test_divisions),
        {"kind": _of_field("kind"), "raw": lambda raw, parsed: raw, "error": _error},
    ),
    "licence_id": Rule(
        lambda o: licence_id_rule(o.registrar),
        {
            "series": _of_value(licence_id.series),
            **{name: _of_value(partial(licence_id.part, name=name)) for name in ("type", "issuer", "version")},
        },
    ),
    "plate": Rule(lambda _: plate_rule()),
    "vin": Rule(lambda _: vin_rule()),
    "identifier": Rule(lambda _: identifier_rule()),
    "archive_no": Rule(lambda _: archive_no_rule()),
    "address": Rule(lambda o: address_rule(bool(o.companions)), {"key": _of_field("key"), "level": _of_field("level")}),
    "text": Rule(lambda _: text_rule()),
}
agree("standards/rules.py", RULES, ROW_RULES)
for _name, _rule in RULES.items():
    agree(f"standards/rules.py, companions of {_name}", _rule.companions, [c.suffix for c in ROW_RULES[_name].companions])


ANSWERS = ("value", "codes", "key", "level", "qualifier", "kind")
"""What the last step of a rule may return: always `value` and `codes`, the others by rule."""


def _looked_at(row: Row) -> dict[str, Column]:
    return {"untidy": F.coalesce(row["raw"].rlike(UNTIDY), F.lit(False))}


def _undamaged(judges: str) -> Step:
    """Hide a damaged value from the rule."""

    def undamaged(row: Row) -> dict[str, Column]:
        damage = F.when(has_control(row["raw"]), "E_CONTROL")
        if "E_FORMULA" in ROW_RULES[judges].codes:
            damage = damage.when(row["raw"].rlike(FAILED_FORMULA), "E_FORMULA")
        damage = F.when(row["untidy"], damage)
        return {"damage": damage, "raw": F.when(damage.isNull(), row["raw"])}

    return undamaged


def _damage(row: Row) -> dict[str, Column]:
    return {"codes": F.coalesce(row["damage"], row["codes"])}


Fields = dict[str, dict[str, Column]]
"""Of each column that is parsed, what its steps have named so far."""


def _taken(frame: DataFrame, todo: Mapping[str, Steps], fields_of: Fields, stage: str) -> DataFrame:
    """Take the steps of all columns, side by side: one projection for the first of each, one for the second, …"""
    for i in range(max(map(len, todo.values()), default=0)):
        added: dict[str, Column] = {}
        for column, steps in todo.items():
            if i < len(steps):
                named = {field: (f"{column}|{stage}{i}|{field}", value) for field, value in steps[i](fields_of[column]).items()}
                added |= dict(named.values())
                fields_of[column] |= {field: F.col(f"`{name}`") for field, (name, _) in named.items()}
        frame = frame.withColumns(added)
    return frame


def _unmarked(frame: DataFrame, columns: Sequence[str], fields_of: Fields) -> DataFrame:
    """Give these columns the field `text`: the value without HTML and formulas.

    All values of a row are in one array, made only for rows with such a value: an engine plans for a tenth of a second over `unmarked`.
    """
    fields = [fields_of[c] for c in columns]
    for i, each in enumerate(fields):
        each["text"] = F.coalesce(F.get("`|texts|`", F.lit(i)), each["raw"])
    if not fields:
        return frame
    marked = reduce(or_, [F.when(each["untidy"], each["raw"].rlike(MARKED)) for each in fields])
    return frame.withColumn("|texts|", F.when(marked, F.transform(F.array(*(each["raw"] for each in fields)), unmarked)))


def parse(frame: DataFrame, rules: Mapping[str, tuple[str, str, Options]]) -> DataFrame:
    """Parse raw strings by their rules: adds one column struct{value, codes: string, …} for each entry of `rules`.

    codes: `CODE,CODE`, NULL when there is none. E_: the value is NULL. W_: kept, with a warning. F_: kept after a repair.
    Nothing delivered: NULL without a code. E_CONTROL, for every rule: the value contains control characters. E_FORMULA, for texts:
    a formula that failed.

    Every intermediate is computed once, for all columns together, one projection per step. As one expression per column, engines
    plan for seconds and compute the same intermediates many times.

    rules: new column -> (rule, raw string column, options). KeyError for an unknown rule.
    """
    kept = frame.columns
    fields_of: Fields = {column: {"raw": F.col(f"`{source}`")} for column, (_, source, _) in rules.items()}
    frame = _taken(frame, {column: (_looked_at, _undamaged(rule)) for column, (rule, _, _) in rules.items()}, fields_of, "delivered")
    frame = _unmarked(frame, [column for column, (rule, _, _) in rules.items() if "F_HTML" in ROW_RULES[rule].codes], fields_of)
    todo = {column: (*RULES[rule].steps(options), _damage) for column, (rule, _, options) in rules.items()}
    frame = _taken(frame, todo, fields_of, "")
    structs = [F.struct(*(fields_of[c][f].alias(f) for f in ANSWERS if f in fields_of[c])).alias(c) for c in rules]
    return frame.select(*(F.col(f"`{c}`") for c in kept), *structs)
