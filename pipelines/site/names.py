"""What values, columns and places are called on pages, in both languages.

Here: names out of contracts, code lists, divisions and the labels of a chart. Not here: the cells of a chart (`charts`), texts of the pages
themselves (`texts.yaml`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from assets.pages import Chart
from assets.texts import Text
from contracts import Contract, Field, load_all
from contracts.loader import chinese
from standards.codes import code_names
from standards.divisions import CITY
from standards.tables import both_names

YES, NO, EMPTY = Text("是", "yes"), Text("否", "no"), Text("（空）", "(empty)")

IN_NAMES = {
    "km/h": "kmh", "m²": "m2", "m³": "m3", "kW·h": "kwh", "CNY": "yuan", "°": "deg", "s²": "s2", "吨标准煤": "tce", "亩": "mu", "mV": "mv",
    "fen": "cents", "h": "hours", "d": "days",
}  # fmt: skip
"""A unit -> how names of columns end that have it, where that is another word."""


def field_of(contract: Contract, column: str) -> Field | None:
    """A column of a contract, None when it is not its own."""
    return next((c for c in contract.columns if c.name == column), None)


def listed(contract: Contract, chart: Chart, column: str) -> dict[str, Text]:
    """The closed list of a column's values, each with its text; empty when it has none."""
    if column in chart.labels:
        return dict(chart.labels[column])
    field = field_of(contract, column)
    return {} if field is None else _own_list(field)


def _own_list(field: Field) -> dict[str, Text]:
    if field.meanings:
        return {value: spoken(said, value) for value, said in field.meanings}
    if field.code_list:
        return {code: Text(*names) for code, names in code_names(field.code_list).items()}
    if field.name.endswith("county6"):
        return {**divisions(), CITY: Text("县区不明", "County unknown")}
    return divisions() if field.name.endswith("div_code") else {}


@cache
def units() -> dict[str, Text]:
    """Every unit that pages know, as contracts write it -> in both languages."""
    return {unit: Text(**said) for unit, said in yaml.safe_load(Path(__file__).with_name("units.yaml").read_text(encoding="utf-8")).items()}


def unit(written: str) -> Text:
    """A unit of an indicator or a column in both languages."""
    return units().get(written, Text(written, written))


@cache
def _inherited(table: str, column: str) -> dict[str, Text]:
    """The closed list of the column of the same name that a column without one follows from; empty when there is none."""
    ahead, seen = [table], set[str]()
    while ahead:
        contract = load_all().get(ahead.pop(0))
        field = None if contract is None or contract.name in seen else field_of(contract, column)
        if contract is None or field is None:
            continue
        if own := _own_list(field):
            return own
        seen.add(contract.name)
        ahead += [origin.rpartition(".")[0] for origin in field.derived_from if origin.rpartition(".")[2] == column]
    return {}


@cache
def towns() -> dict[str, Text]:
    """Towns by their codes."""
    return {code: Text(*names) for code, names in both_names("divisions/town").items()}


@cache
def divisions() -> dict[str, Text]:
    """Counties and the city by their codes."""
    found = {code: Text(*names) for code, names in both_names("divisions/county").items()}
    return {**found, "000000": Text("未知", "Unknown")}


def certified(key: str, text: Text) -> str:
    """How the disclosure certificate names a cell, for readers of both languages: by its code in the dataset and its English name."""
    return text.en if text.en.startswith(key) else f"{key} {text.en}"


def spoken(said: str, value: str) -> Text:
    """What a value means, in both languages.

    `已注销: closed in the delivery` is that; of a Chinese text the English is the value, `ON_TIME` as `On time`; of an English one the
    Chinese is that of the table, else the value.
    """
    zh, colon, en = said.partition(": ")
    if colon and not zh.isascii():
        return Text(zh, _begun(en))
    return Text(chinese().get(said, value), _begun(said)) if said.isascii() else Text(said, value.replace("_", " ").capitalize())


def _begun(text: str) -> str:
    """A text as it stands alone, in a legend or a cell: with a capital, unless its first word is written in some way of its own."""
    return text[:1].upper() + text[1:] if text[:2].islower() else text


def texts_of(contract: Contract, chart: Chart, column: str) -> dict[str, Text]:
    """What the values of a column are called that are codes, of places too."""
    return {**divisions(), **towns(), **_inherited(contract.name, column), **listed(contract, chart, column)}


def label(value: Any, texts: Mapping[str, Text]) -> Text:
    """What a value is called as a category; texts: of the values of its column."""
    found = EMPTY if value is None else value_cell(value, texts)
    return found if isinstance(found, Text) else Text(str(value), str(value))


def value_cell(value: Any, texts: Mapping[str, Text]) -> Any:
    """A value of a list: its text in both languages where it has one."""
    if isinstance(value, list):
        named = [label(v, texts) for v in value]
        return Text("、".join(t.zh for t in named), ", ".join(t.en for t in named))
    if isinstance(value, bool):
        return YES if value else NO
    return texts.get(str(value)) or plain(value)


def head(contract: Contract, column: str) -> Text:
    """What a column is called above its values, with its unit."""
    field = field_of(contract, column)
    return Text(column, in_words(column)) if field is None else titled(field)


def titled(field: Field) -> Text:
    """What a column is called, with its unit."""
    if not field.unit:
        return Text(field.title, in_words(field.name))
    said, words = unit(field.unit), in_words(field.name.removesuffix(f"_{IN_NAMES.get(field.unit, field.unit)}"))
    return Text(f"{field.title}（{said.zh}）", f"{words} ({said.en})")


def in_both(said: str) -> Text:
    """What a contract says in English, such as a column's description, in both languages where contracts/chinese.csv has it."""
    return Text(chinese().get(said, said), said)


def in_words(name: str) -> str:
    """The name of a table or column in English words: `County` of county6."""
    return name.strip("_").replace("county6", "county").replace("_", " ").capitalize()


def plain(value: Any) -> Any:
    """A value as a page shows it that has no text: numbers and moments as JSON knows them."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, date | datetime):
        return value.isoformat()
    return round(value, 4) if isinstance(value, float) else value
