"""Code lists: every list is sound, and a delivered value comes out as a code of its list."""

from __future__ import annotations

import re

import pytest

from contracts.loader import code_lists, load_all
from standards.codes import code_list, code_names, labels
from standards.tables import both_names, rows


@pytest.mark.parametrize("name", sorted(code_lists()))
def test_a_list_has_each_code_once_and_no_label_stands_for_two(name):
    codes = [row["code"] for row in rows(f"codes/{name}")]
    assert codes
    assert all(codes)
    assert len(codes) == len(set(codes))
    assert set(labels(name).values()) <= set(code_list(name))


def test_every_code_and_every_county_has_an_english_name_of_its_own():
    for table in ("divisions/county", *(f"codes/{name}" for name in sorted(code_lists()))):
        english = [english for _, english in both_names(table).values()]
        assert all(re.fullmatch(r"[A-Za-z][ -~]*[A-Za-z0-9)]", name) for name in english), table
        assert len(english) == len(set(english)), table
    assert code_names("sex")["1"] == ("男", "Male")


def test_a_list_without_english_names_shows_code_and_name(monkeypatch):
    lists = {"codes/own": ({"code": "1", "name": "甲", "aliases": ""},), "codes/half": ({"code": "2", "name": "乙", "english": ""},)}
    monkeypatch.setattr("standards.tables.rows", lists.__getitem__)
    assert [both_names(table) for table in lists] == [{"1": ("甲", "1 甲")}, {"2": ("乙", "2 乙")}]


def test_every_list_a_contract_names_is_there():
    named = {c.code_list for contract in load_all().values() for c in contract.columns if c.code_list}
    assert named <= code_lists()


SEX = {
    "1": ("1", []),
    "男": ("1", ["F_CODE"]),
    " 女性 ": ("2", ["F_TRIM", "F_CODE"]),
    "f": ("2", ["F_CODE"]),
    "２": ("2", ["F_WIDTH"]),
    "未知": ("0", ["F_CODE"]),
    "1.0": ("1", ["F_DOT0"]),
    "２.0 ": ("2", ["F_WIDTH", "F_TRIM", "F_DOT0"]),
    "1.5": (None, ["E_CODE"]),
    "3.0": (None, ["F_DOT0", "E_CODE"]),
    "3": (None, ["E_CODE"]),
    "": (None, []),
    "NULL": (None, []),
    "1\x07": (None, ["E_CONTROL"]),
}


def test_codes_names_and_aliases_become_the_code(parse_all):
    assert dict(zip(SEX, parse_all("code", list(SEX), code_list="sex"), strict=True)) == SEX


def test_a_lost_leading_zero_comes_back(parse_all):
    assert parse_all("code", ["1", "01", "97", "汉", "99"], code_list="ethnic") == [
        ("01", ["F_CODE"]),
        ("01", []),
        ("97", []),
        ("01", ["F_CODE"]),
        (None, ["E_CODE"]),
    ]


def test_two_digits_of_the_relation_to_the_head_become_the_first(parse_all):
    assert parse_all("code", ["0", "02", "20", "户主", "儿子"], code_list="household_relation") == [
        ("0", []),
        ("0", ["F_CODE"]),
        ("2", ["F_CODE"]),
        ("0", ["F_CODE"]),
        ("2", ["F_CODE"]),
    ]


def test_what_the_source_means_goes_before_the_list(parse_all):
    swapped = {"0": "1", "1": "2"}
    assert parse_all("code", ["0", "1", "9"], code_list="sex", code_map=swapped) == [("1", ["F_CODE"]), ("2", ["F_CODE"]), ("9", [])]


def test_a_code_map_into_nowhere_is_refused(parse_all):
    with pytest.raises(ValueError, match="not in the code list sex"):
        parse_all("code", ["0"], code_list="sex", code_map={"0": "7"})
