"""Titles, purposes, descriptions, units: every table that is shipped has them in both languages."""

from __future__ import annotations

import csv
import re
from collections import Counter

from contracts import load_all
from contracts.loader import chinese
from contracts.refused import ROOT
from contracts.registry import ROW_RULES
from pipelines.site import names
from pipelines.site.catalogue import SYSTEM

CHINESE, WORDS = re.compile("[\u4e00-\u9fff]"), re.compile(r"\b[A-Za-z]?[a-z]{3,}\b")
"""A Chinese character; a word of English, as YYYYMM, GB/T 4754 and pm25 have none."""


def said() -> set[str]:
    """All that the contracts and the lake's own columns and rules say in English of columns, their values, and gates."""
    contracts = load_all().values()
    described = {c.description for contract in contracts for c in contract.columns} | {text for _, text, _ in SYSTEM.values()}
    values = {said for contract in contracts for c in contract.columns for value, said in c.meanings if said.isascii() and said != value}
    return {*described, *values, *(c.says for contract in contracts for c in contract.checks), *(r.reads for r in ROW_RULES.values())} - {
        ""
    }


def test_every_table_has_an_english_title_of_its_own_in_its_layer() -> None:
    titles = {name: contract.title_en for name, contract in load_all().items()}
    assert not [name for name, title in titles.items() if not re.fullmatch(r"[A-Z][ -~]*[a-z0-9)]", title)]
    assert not [key for key, n in Counter((name.split("/")[0], title) for name, title in titles.items()).items() if n > 1]


def test_every_purpose_is_there_in_both_languages() -> None:
    assert not [name for name, c in load_all().items() if not re.search(r"[\u4e00-\u9fff].*。\Z", c.purpose_zh)]
    assert not [name for name, c in load_all().items() if not c.purpose.endswith(".")]


def test_every_description_and_every_sentence_of_a_gate_has_its_chinese() -> None:
    assert not sorted(said() - set(chinese())), "add a row of each to contracts/chinese.csv"
    assert not [en for en, zh in chinese().items() if WORDS.search(en) and not CHINESE.search(zh)]
    assert not [en for en, zh in chinese().items() if zh != zh.strip("。 ")]


def test_the_table_of_chinese_is_in_order_and_has_no_row_too_many() -> None:
    assert not sorted(set(chinese()) - said()), "remove them from contracts/chinese.csv"
    with (ROOT / "chinese.csv").open(encoding="utf-8", newline="") as file:
        rows = [row["en"] for row in csv.DictReader(file)]
    assert rows == sorted(set(rows)), "by the English, each once"


def test_every_unit_is_known_and_stands_in_no_description() -> None:
    columns = [(contract.name, c) for contract in load_all().values() for c in contract.columns]
    units = {c.unit for _, c in columns if c.unit}
    assert not sorted(units - set(names.units())), "add them to pipelines/site/units.yaml"
    assert not [unit for unit in units if CHINESE.search(names.unit(unit).en)]
    by_hand = [(table, c.name) for table, c in columns if c.description.rpartition(", ")[2] in names.units()]
    assert not by_hand, "write `unit` in the contract"
