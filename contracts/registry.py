"""The registry of rules: what a contract may ask of a column, of several columns, of several rows, and the codes each rule can give.

Here: the declarative part, one entry per rule. Not here: the functions (`standards.rules`, `quality.row_rules`,
`quality.table_rules`), which are joined to these entries by name and checked against them at import; reading contracts
(`contracts.loader`). From these entries follow the loader's checks, the columns derived with a rule, the list of rules in
docs/rules.md, and what departments read about a code.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

from contracts.kinds import Kind

WORDING = ("F_WIDTH", "F_INVIS", "F_HTML", "F_TRIM")
"""Repairs of free text."""
TEXT_WORDING = ("E_FORMULA", *WORDING)
"""Of a text that may say anything, a failed formula, too; where values have a form it is no number, no date, no code."""
SPELLING = ("F_WIDTH", "F_INVIS", "F_TRIM", "F_DOT0")
"""Repairs of an identifier."""
CODE_WORDING = (*WORDING, "F_DOT0")
"""Repairs of a code."""
EVERY_RULE = ("E_CONTROL", "E_REQUIRED")
"""Codes of every column."""
EVERY_ROW = ("E_COLUMNS", "E_ENCODING", "E_OPERATION", "E_KEY_CONFLICT")
"""Codes of a whole row, which readers and the merge of versions give."""


@dataclass(frozen=True)
class Companion:
    """A column derived with a rule from the column the rule parses.

    Its name is the source's, without the ending `drop` (a regular expression), and `_suffix`. `title` of the form `(x)` is appended to
    the source's title. `classification` None: that of the source. `usual`: made unless the contract says otherwise.
    """

    suffix: str
    title: str
    description: str
    physical_type: str = "string"
    classification: str | None = None
    usual: bool = False
    drop: str = ""

    def name(self, source: str) -> str:
        stem = re.sub(self.drop, "", source) if self.drop else source
        return f"{stem}_{self.suffix}"


@dataclass(frozen=True)
class RowRule:
    """A rule that parses one delivered column.

    `reads`: what it accepts. `type`: the physical type of its value, None when the contract states it; `types`: pattern of permitted
    types. `classification`: the level of its values by domain rules F2, None when the contract states it. `options`: settings a
    column of this rule may have; `needs`: settings it must have. `codes`: all codes it can give besides `EVERY_RULE`.
    """

    name: str
    reads: str
    codes: tuple[str, ...]
    type: str | None = "string"
    types: str = "string"
    classification: str | None = None
    companions: tuple[Companion, ...] = ()
    options: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()


class Level(StrEnum):
    """What a rule at the table compares: several columns of one ROW, or several rows of the TABLE."""

    ROW = "rowRules"
    TABLE = "tableRules"


@dataclass(frozen=True)
class Option:
    """An option of a rule at the table: one of `choices`, a code of the list of column number `codes_of`, or a number from `least` on."""

    name: str
    choices: tuple[str, ...] = ()
    codes_of: int | None = None
    least: float | None = None


@dataclass(frozen=True)
class RuleAtTable:
    """A rule stated at the table; its options are all required.

    `columns`: smallest and largest number of columns. `takes`: for each column the rules it may have, the last entry for all that follow,
    () for any. `different`: no two columns have the same rule.
    """

    name: str
    level: Level
    does: str
    columns: tuple[int, int]
    codes: tuple[str, ...]
    options: tuple[Option, ...] = ()
    takes: tuple[tuple[str, ...], ...] = ()
    different: bool = False


NUMBER_OPTIONS = ("minimum", "maximum", "otherUnits")
COUNTY = Companion("county", "县级区划", "County, 6 digits; 321000 when unknown", classification="L1", usual=True, drop=r"_(code\d*|div)$")
QUALIFIER = Companion("qualifier", "(限定符)", "What was delivered with the number: < > ≤ ≥, L, %, ND")
COMPARISON = "For comparison only: variants unified, spaces removed"

_ROW_RULES = (
    RowRule(
        "identity", "citizen identity numbers, residence permits; the value has 18 characters, 15 for a foreigner's card of 2017",
        ("E_SCI", "E_PLACEHOLDER", "E_LEN", "E_CHARS", "E_DIVISION", "E_DATE", "E_EXCEL", "E_CHECK", "E_FUTURE", "E_NULL", "W_CENTURY",
         "W_DIVISION", "W_SEQ0", "W_OLD", "W_MASKED", *SPELLING, "F_X", "F_UP15"),
        classification="L3",
        companions=(
            Companion("raw", "(原值)", "As delivered", usual=True),
            Companion("error", "(错误)", "Primary error of the delivered number, empty when it is valid", classification="L1", usual=True),
        ),
    ),
    RowRule(
        "person_name", "names of persons", ("W_NAME_PLACEHOLDER", "W_RARE", "W_MASKED", *TEXT_WORDING, "F_NAME"),
        classification="L3", companions=(Companion("key", "(比对键)", COMPARISON, usual=True),),
    ),
    RowRule(
        "phone", "mobile numbers and landlines of the city", ("E_PHONE", "W_PHONE_PLACEHOLDER", "W_OLDTEL", "W_MASKED", "F_PHONE"),
        classification="L3",
    ),
    RowRule(
        "division", "administrative divisions as codes of 4 to 12 digits or names; the value has 12 digits or as many as `digits` says",
        ("E_DIVISION", "F_DIVISION", *CODE_WORDING), classification="L2", companions=(COUNTY,), options=("digits",),
    ),
    RowRule(
        "code", "codes, names and aliases of a list in standards/codes", ("E_CODE", "F_CODE", *CODE_WORDING),
        options=("codeList", "codeMap"), needs=("codeList",),
    ),
    RowRule(
        "date", "dates in the formats of domain rules D15", ("E_DATE", "F_DATE", "F_SENTINEL", "F_ZONE", *CODE_WORDING),
        type="date", types="date", options=("dateFormat",),
    ),
    RowRule(
        "timestamp", "dates with a time of day", ("E_DATE", "F_DATE", "F_SENTINEL", "F_ZONE", *CODE_WORDING),
        type="timestamp_ntz", types="timestamp_ntz", options=("dateFormat",),
    ),
    RowRule(
        "clock", "times of day of a timetable, in which 24:30 is half past midnight; the value is seconds since the day began",
        ("E_CLOCK", "F_CLOCK", *CODE_WORDING), type="int", types="int",
    ),
    RowRule("month", "months; the value is YYYYMM", ("E_DATE", "F_DATE", "F_SENTINEL", *CODE_WORDING)),
    RowRule(
        "integer", "whole numbers", ("E_NUMBER", "E_SCALE", "E_RANGE", "F_NUMBER", "F_UNIT", "F_QUALIFIER", *WORDING),
        type="int", types="int|bigint", companions=(QUALIFIER,), options=NUMBER_OPTIONS,
    ),
    RowRule(
        "decimal", "decimal numbers", ("E_NUMBER", "E_SCALE", "E_RANGE", "F_NUMBER", "F_UNIT", "F_QUALIFIER", *WORDING),
        type=None, types=r"decimal\(\d+,\s*\d+\)", companions=(QUALIFIER,), options=NUMBER_OPTIONS,
    ),
    RowRule(
        "degrees", "longitudes and latitudes in degrees, decimal or with minutes and seconds", ("E_DEGREES", "F_DMS", *WORDING),
        type="decimal(18,8)", types=r"decimal\(18,\s*8\)",
    ),
    RowRule(
        "geometry", "points, lines and polygons as well-known text in the stated system; the value stays this text",
        ("E_GEOMETRY", *WORDING), options=("crs",), needs=("crs",),
    ),
    RowRule(
        "organisation_no", "unified social credit codes, organisation codes, registration numbers",
        ("E_SCI", "E_PLACEHOLDER", "E_PERSONAL", "E_LEN", "E_CHARS", "E_CLASS", "E_CHECK", "W_CHECK_LEGACY", "W_ORGCHECK",
         "W_DIVISION", *SPELLING, "F_FORM"),
        classification="L1", options=("registrar",),
        companions=(
            Companion("kind", "(类别)", "USCC, ORG or REG"),
            Companion("code", "(组织机构代码)", "Organisation code, 9 characters"),
        ),
    ),
    RowRule(
        "taxpayer_no", "numbers of taxpayers: a credit code, or of the time before it six digits of a division and an organisation code",
        ("E_SCI", "E_PLACEHOLDER", "E_PERSONAL", "E_LEN", "E_CHARS", "E_CLASS", "E_CHECK", "W_ORGCHECK", "W_DIVISION", *SPELLING, "F_FORM"),
        classification="L1",
        companions=(
            Companion("kind", "(类别)", "USCC, TAX or ORG"),
            Companion("code", "(组织机构代码)", "Organisation code, 9 characters"),
        ),
    ),
    RowRule(
        "organisation_name", "names of organisations", (*TEXT_WORDING, "F_NAME"),
        classification="L1", companions=(Companion("key", "(比对键)", "For comparison only: brackets, dots, spaces removed", usual=True),),
    ),
    RowRule(
        "party_no", "numbers of persons or of organisations, whichever a row has; the value is that of `identity` or `organisation_no`",
        ("E_SCI", "E_PLACEHOLDER", "E_LEN", "E_CHARS", "E_DIVISION", "E_DATE", "E_EXCEL", "E_CHECK", "E_FUTURE", "E_NULL", "E_CLASS",
         "E_PERSONAL", "W_CENTURY", "W_DIVISION", "W_SEQ0", "W_OLD", "W_MASKED", "W_ORGCHECK", *SPELLING, "F_X", "F_UP15", "F_FORM"),
        classification="L3",
        companions=(
            Companion("kind", "(类别)", "PERSON, USCC, ORG or REG", classification="L1", usual=True),
            Companion("raw", "(原值)", "As delivered", usual=True),
            Companion("error", "(错误)", "Primary error of the delivered number, empty when it is valid", classification="L1", usual=True),
        ),
    ),
    RowRule(
        "licence_id", "identifiers of electronic licences (GB/T 36904)", ("E_LICENCE_ID", "E_CHECK", "W_CHECK_LEGACY", *SPELLING),
        classification="L2", options=("registrar",),
        companions=(
            Companion("series", "(系列)", "Type, issuer and serial: what all versions have in common"),
            Companion("type", "(类型)", "Type inside the identifier, 21 characters", classification="L1"),
            Companion("issuer", "(颁发机构)", "Issuer inside the identifier: credit code or division", classification="L1"),
            Companion("version", "(版本)", "Version inside the identifier, 3 digits", classification="L1"),
        ),
    ),
    RowRule("plate", "number plates of vehicles", ("E_PLATE", *SPELLING, "F_FORM"), classification="L3"),
    RowRule("vin", "identification numbers of vehicles (GB 16735), 17 characters", ("E_VIN", "E_CHECK", *SPELLING), classification="L3"),
    RowRule("identifier", "numbers and codes of a source's own", ("E_SCI", "E_FORMULA", *SPELLING)),
    RowRule(
        "archive_no", "numbers of health archives, 17 or 20 digits", ("E_ARCHIVE_NO", *SPELLING), classification="L3",
    ),
    RowRule(
        "address", "addresses", TEXT_WORDING, classification="L3",
        companions=(
            Companion("key", "(比对键)", "For comparison only: county, town, road, door, compound, building, unit, room"),
            Companion("level", "(层级)", "Finest element: 9 room … 2 county, 1 city, 0 nothing", physical_type="int", classification="L1"),
        ),
    ),
    RowRule("text", "free text", TEXT_WORDING),
)  # fmt: skip

DATES = ("date", "timestamp")
NUMBERS = ("integer", "decimal")
WITH_A_SHAPE = ("identity", "person_name", "phone", "address")
"""Rules whose values are recognised in another column."""
SYSTEMS = ("CGCS2000", "WGS84", "GCJ02", "BD09", "GK120", "XIAN80", "BEIJING54", "YANGZHOU")
"""Coordinate reference systems; those behind the fifth may not be converted: E_CRS."""
PLANES = ("CGCS2000", "WGS84", "GK120", "GK40")
"""Systems of geometries, longitude or easting first: degrees, or metres of the Gauss-Krüger zone of 3 degrees around 120°E, without
(EPSG:4549) and with the zone's number before the easting (EPSG:4528)."""

_RULES_AT_TABLE = (
    RuleAtTable(
        "swapped", Level.ROW, "swaps back two columns of different rules, each with a value of the other", (2, 2), ("F_SWAPCOL",),
        takes=(WITH_A_SHAPE,), different=True,
    ),
    RuleAtTable("order", Level.ROW, "flags a second date before the first", (2, 2), ("W_ORDER",), takes=(DATES,)),
    RuleAtTable("past", Level.ROW, "flags a date after the business date", (1, 1), ("W_FUTURE",), takes=(DATES,)),
    RuleAtTable(
        "sex", Level.ROW, "corrects a sex (first) that contradicts the identity number (second)", (2, 2), ("F_SEX",),
        takes=(("code",), ("identity",)),
    ),
    RuleAtTable(
        "birth", Level.ROW, "swaps back date of birth and another date when the identity number (third) proves the swap", (3, 3),
        ("F_SWAPCOL",), takes=(DATES, DATES, ("identity",)),
    ),
    RuleAtTable(
        "status", Level.ROW, "sets a status (first) that is `open` to `closed` when the date of its end (second) is past", (2, 2),
        ("F_STATUS", "W_FUTURE"), (Option("open", codes_of=0), Option("closed", codes_of=0)), takes=(("code",), DATES),
    ),
    RuleAtTable(
        "needs", Level.ROW, "flags a value (first) without the one it refers to (second), such as a level without its datum", (2, 2),
        ("W_REFERENCE",),
    ),
    RuleAtTable(
        "reversal", Level.ROW, "flags negative amounts (first), with or without the number of the reversed payment (second)", (1, 2),
        ("W_REVERSAL", "W_NEGATIVE", "W_ZERO"), takes=(NUMBERS, ()),
    ),
    RuleAtTable(
        "coordinates", Level.ROW,
        "converts longitude and latitude (GK120: easting, northing) from `crs` (CGCS2000, WGS84, GCJ02, BD09, GK120) to CGCS2000",
        (2, 2),
        ("E_CRS", "E_BBOX", "F_UNIT", "F_SWAP", "F_NULL", "F_CRS"), (Option("crs", SYSTEMS),), takes=(("degrees",),),
    ),
    RuleAtTable(
        "shared", Level.TABLE, "flags values (first) with more than `most` different owners (second)", (2, 2), ("W_SHARED",),
        (Option("most", least=1),),
    ),
    RuleAtTable(
        "constant", Level.TABLE, "flags equal measurements (third on) that fill a group, e.g. doctor and day (first two)", (4, 12),
        ("W_CONSTANT",),
    ),
    RuleAtTable(
        "series", Level.TABLE,
        "flags readings (third) of a station (first) over time (second): `stuck` equal ones, jumps over `spike`, gaps over `every` minutes",
        (3, 3), ("W_STUCK", "W_SPIKE", "W_GAP"), (Option("every", least=1), Option("stuck", least=2), Option("spike", least=0)),
        takes=((), ("timestamp",), NUMBERS),
    ),
)  # fmt: skip

ROW_RULES = {rule.name: rule for rule in _ROW_RULES}
RULES_AT_TABLE = {rule.name: rule for rule in _RULES_AT_TABLE}
CUSTOM = {
    "rule": Kind.TEXT, "unit": Kind.TEXT, "codeList": Kind.TEXT, "codeMap": Kind.CODES, "otherUnits": Kind.FACTORS, "registrar": Kind.TRUTH,
    "dateFormat": Kind.TEXT, "digits": Kind.COUNT, "crs": Kind.TEXT, "aliases": Kind.TEXTS, "width": Kind.COUNT, "onError": Kind.TEXT,
}  # fmt: skip
"""Custom properties of a delivered column -> what they hold."""
COLUMN_OPTIONS = ("rule", "aliases", "width", "onError", "unit")
"""Settings of every delivered column."""


def at_level(level: Level) -> dict[str, RuleAtTable]:
    return {name: rule for name, rule in RULES_AT_TABLE.items() if rule.level is level}


def agree(where: str, entries: Collection[str], registered: Collection[str]) -> None:
    """Raise ValueError when the entries of `where` are not exactly those that are registered."""
    missing, unknown = sorted(set(registered) - set(entries)), sorted(set(entries) - set(registered))
    if missing or unknown:
        raise ValueError(
            f"{where}: nothing for {missing}, and {unknown} are not in contracts/registry.py. Each registered name needs exactly one entry."
        )


@dataclass(frozen=True)
class Meaning:
    """What a code says to a department, and the remedy, in English and Chinese; repairs and warnings may have no remedy."""

    english: str
    chinese: str
    remedy_english: str
    remedy_chinese: str


@cache
def meanings() -> dict[str, Meaning]:
    """Return the meaning of every code (`E_DATE`), from codes.csv. Raises ValueError when a rule gives a code without meaning."""
    with (Path(__file__).parent / "codes.csv").open(encoding="utf-8", newline="") as file:
        found = {row.pop("code"): Meaning(**row) for row in csv.DictReader(file)}
    agree("contracts/codes.csv", found, set(_codes()))
    return found


def _codes() -> Iterable[str]:
    for rule in (*_ROW_RULES, *_RULES_AT_TABLE):
        yield from rule.codes
    yield from (*EVERY_RULE, *EVERY_ROW)
