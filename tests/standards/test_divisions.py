"""Divisions: codes of every length, cancelled ones, names; the city's tables."""

from __future__ import annotations

import re
from itertools import groupby

from standards import divisions
from standards.tables import rows

GENERIC = {"街道": "Subdistrict", "镇": "Town", "乡": "Township"}
SPECIFIC = re.compile(r"[A-Z][a-zü]+('[aoe][a-zü]*)*( Hui Ethnic)?")
"""A word in pinyin; a township of a nationality names it."""

CASES = {
    "321002001003": ("321002001003", []),
    "321002001000": ("321002001000", []),
    "321002000000": ("321002000000", []),
    "321002001": ("321002001000", []),
    "321002": ("321002000000", []),
    "3210": ("321000000000", []),
    "３２１００２": ("321002000000", ["F_WIDTH"]),
    "321002.0": ("321002000000", ["F_DOT0"]),
    "321002001003.0": ("321002001003", ["F_DOT0"]),
    "321088.0": ("321012000000", ["F_DOT0", "F_DIVISION"]),
    "321088": ("321012000000", ["F_DIVISION"]),
    "321088100001": ("321012100001", ["F_DIVISION"]),
    "321088999001": ("321012000000", ["F_DIVISION"]),
    "广陵区": ("321002000000", ["F_DIVISION"]),
    "江苏省扬州市广陵区": ("321002000000", ["F_DIVISION"]),
    "扬州市": ("321000000000", ["F_DIVISION"]),
    "江都市": ("321012000000", ["F_DIVISION"]),
    "东关街道": ("321002001000", ["F_DIVISION"]),
    "扬州市广陵区东关街道": ("321002001000", ["F_DIVISION"]),
    "双桥乡": ("321003005000", ["F_DIVISION"]),
    "杭集镇": ("321002401000", ["F_DIVISION"]),
    "321082": (None, ["E_DIVISION"]),
    "321099": (None, ["E_DIVISION"]),
    "321002999001": ("321002000000", ["F_DIVISION"]),
    "329999999001": (None, ["E_DIVISION"]),
    "321002001700": (None, ["E_DIVISION"]),
    "320100": (None, ["E_DIVISION"]),
    "32100": (None, ["E_DIVISION"]),
    "火星": (None, ["E_DIVISION"]),
    "不详": (None, []),
}


def test_codes_and_names_become_twelve_digits_in_force(parse_all):
    assert dict(zip(CASES, parse_all("division", list(CASES)), strict=True)) == CASES


def test_the_county_of_a_device_is_that_of_today(column_of):
    """In force, cancelled, without an heir in the city, of the city itself, of nowhere."""
    cases = {
        "321002": "321002", "321088": "321012", "321011": "321003", "321091": "321071", "321071": "321071", "321082": None, "321001": None,
        "321000": None, "320100": None, "32100": None, "": None, None: None,
    }  # fmt: skip
    assert dict(zip(cases, column_of(list(cases), divisions.county_today), strict=True)) == cases


def test_a_column_may_keep_the_county_or_the_town_only(parse_all):
    delivered = ["321002001003", "321002", "江都市", "321088100001", "火星"]
    assert parse_all("division", delivered, digits=6) == [
        ("321002", []), ("321002", []), ("321012", ["F_DIVISION"]), ("321012", ["F_DIVISION"]), (None, ["E_DIVISION"]),
    ]  # fmt: skip
    assert [value for value, _ in parse_all("division", delivered[:2], digits=9)] == ["321002001", "321002000"]


def test_the_unassigned_division_exists_only_in_a_test_city(parse_all):
    assert parse_all("division", ["321099000000"], test_divisions=True) == [("321099000000", [])]


def test_the_town_of_a_division_that_names_none_is_not_known(column_of):
    assert column_of(["321002001003", "321002000000", None], divisions.town_of) == ["321002001", None, None]


def test_the_county_of_an_unknown_division_is_the_city(column_of):
    assert column_of(["321002001003", None], divisions.county_of) == ["321002", "321000"]


def test_every_town_lies_in_a_county_in_force():
    assert len(divisions.towns()) == 98
    assert {town[:6] for town in divisions.towns()} == set(divisions.counties()) - {divisions.CITY}


def test_every_name_means_a_division_in_force(parse_all):
    names = divisions.names()
    answers = parse_all("division", list(names))
    assert dict(zip(names, (value for value, _ in answers), strict=True)) == names


def test_every_town_has_an_english_name_by_the_rules_for_place_names():
    towns = rows("divisions/town")
    assert not [t["name"] for t in towns if not re.fullmatch(r"[A-Z][A-Za-zü',() -]+", t["english"])]
    for county, of_county in groupby(towns, lambda t: t["code"][:6]):
        english = [t["english"] for t in of_county]
        assert len(english) == len(set(english)), county
    for town in towns:
        suffix = next((s for s in GENERIC if town["name"].endswith(s)), None)
        named, _, above = town["english"].partition(", ")
        specific, _, generic = named.rpartition(" ")
        if suffix:
            assert generic == GENERIC[suffix], town
            assert SPECIFIC.fullmatch(specific), town
            assert bool(above) == town["name"].startswith("扬州市"), town
        else:
            assert generic.rstrip(")") not in GENERIC.values() or "(" in town["name"], town
    names = {t["name"]: t["english"] for t in towns}
    assert (names["氾水镇"], names["西安丰镇"], names["菱塘回族乡"]) == ("Fanshui Town", "Xi'anfeng Town", "Lingtang Hui Ethnic Township")
