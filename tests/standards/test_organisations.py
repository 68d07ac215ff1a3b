"""Numbers and names of organisations: three kinds of number in one column, names that are one organisation's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pyspark.sql import functions as F

from standards import organisations

RIGHT = {
    "USCC": [
        "91321002MA0FAKE170", "91321012MA0FAKE25A", "92321003MA0FAKE331", "93321084MA0FAKE413", "1132100000FAKE0558", "12321000FAKE00064W",
        "51321000MJFAKE070A", "54321002MEFAKE099K", "91321091FAKE0011XF", "91350100M000100Y43", "91512081MA62K0260E",
    ],
    "ORG": ["MA0FAKE17", "MA0FAKE25", "FAKE00064", "FAKE0011X", "MJFAKE070", "000013338"],
    "REG": [
        "321000000000017", "321002100000021", "321081600000031", "321023400000045", "321084000000053", "321091200000068", "110108000000016",
        "1234567890123",
    ],
}  # fmt: skip
WRONG = {
    "91350100M000100Y4Z": "E_CHARS", "91321002MA0FAKE171": "E_CHECK", "9132100SMA0FAKE170": "E_CHARS", "91321002MA0FAKE17": "E_LEN",
    "96321002MA0FAKE170": "E_CLASS", "91321002MA0FAKE710": "E_CHECK", "91350100M0001TGQXM": "E_CHECK", "91350211M0000XUF46": "E_CHECK",
    "MA0FAKE18": "E_CHECK", "FAKE00110": "E_CHECK", "FAKE00065": "E_CHECK", "MJFAKE07X": "E_CHECK", "000013383": "E_CHECK",
    "321000000000018": "E_CHECK", "321002100000012": "E_CHECK", "321081600000013": "E_CHECK", "321023400000054": "E_CHECK",
    "110108000000061": "E_CHECK", "9.132E+17": "E_SCI", "9.1321002E8": "E_SCI",
    "321099190601010392": "E_PERSONAL", "321099190601010480": "E_PERSONAL", "32109919060101086X": "E_PERSONAL",
    "000000000": "E_PLACEHOLDER", "000000000000000000": "E_PLACEHOLDER", "0000000000000": "E_PLACEHOLDER",
    "无此号": "E_LEN",
}  # fmt: skip
TREATED = {
    "91321002ma0fake170": ("91321002MA0FAKE170", ["F_FORM"]),
    "MA0FAKE1-7": ("MA0FAKE17", ["F_FORM"]),
    "'321000000000017": ("321000000000017", ["F_TRIM"]),
    "321000000000017.0": ("321000000000017", ["F_DOT0"]),
    "９1321002MA0FAKE170": ("91321002MA0FAKE170", ["F_WIDTH"]),
    "91321002MA0FAKE183": ("91321002MA0FAKE183", ["W_ORGCHECK"]),
    "无": (None, []),
}


@pytest.mark.proves("D33")
def test_kinds_of_number_are_told_by_length_and_check(
    parse_all: Callable[..., Any], column_of: Callable[..., Any], proven: Callable[..., None]
) -> None:
    right = [n for numbers in RIGHT.values() for n in numbers]
    assert parse_all("organisation_no", right) == [(n, []) for n in right]
    assert column_of(right, organisations.kind) == [kind for kind, numbers in RIGHT.items() for _ in numbers]
    assert column_of(["91321002MA0FAKE170", "MA0FAKE17", "321000000000017"], organisations.code_of) == ["MA0FAKE17", "MA0FAKE17", None]
    wrong = parse_all("organisation_no", list(WRONG))
    assert {n: codes for n, (_, codes) in zip(WRONG, wrong, strict=True)} == {n: [code] for n, code in WRONG.items()}
    assert all(value is None for value, _ in wrong)
    proven(
        done="credit codes, organisation codes and registration numbers in one column, right and wrong",
        seen=f"{len(right)} numbers told apart by kind, {len(WRONG)} wrong ones refused, each with its code",
    )


def test_repairs_of_a_number_and_the_issuer_is_believed(parse_all: Callable[..., Any]) -> None:
    assert dict(zip(TREATED, parse_all("organisation_no", list(TREATED)), strict=True)) == TREATED
    assert parse_all("organisation_no", ["91350100M0001TGQXM"], registrar=True) == [("91350100M0001TGQXM", ["W_CHECK_LEGACY"])]


TAXPAYERS = {
    "91321002MA0FAKE170": ("91321002MA0FAKE170", []),
    "321002MA0FAKE17": ("321002MA0FAKE17", []),
    "MA0FAKE1-7": ("MA0FAKE17", ["F_FORM"]),
    "321002ma0fake17": ("321002MA0FAKE17", ["F_FORM"]),
    "321002MA0FAKE18": (None, ["E_CHECK"]),
    "91321002MA0FAKE171": (None, ["E_CHECK"]),
    "32109919060101039201": (None, ["E_PERSONAL"]),
    "321099190601010392": (None, ["E_PERSONAL"]),
    "1234567890123": (None, ["E_LEN"]),
    "3210021234": (None, ["E_LEN"]),
    "无": (None, []),
}


def test_a_tax_number_of_before_2015_holds_the_organisation_code(parse_all: Callable[..., Any], column_of: Callable[..., Any]) -> None:
    assert dict(zip(TAXPAYERS, parse_all("taxpayer_no", list(TAXPAYERS)), strict=True)) == TAXPAYERS
    kept = ["91321002MA0FAKE170", "321002MA0FAKE17", "MA0FAKE17"]
    assert column_of(kept, organisations.taxpayer_kind) == ["USCC", "TAX", "ORG"]
    assert column_of(kept, organisations.taxpayer_code_of) == ["MA0FAKE17"] * 3


def test_names_of_branches_and_short_names(column_of: Callable[..., Any]) -> None:
    assert column_of(["扬州测试公司江都分公司", "测试公司营业部", "测试公司", None], organisations.is_branch) == [True, True, False, None]
    assert column_of(["江苏省扬州市测试公司", "扬州测试公司", "测试公司", "江苏"], organisations.short_key) == ["测试公司"] * 3 + [None]


ONE = ["扬州测试（广陵）有限责任公司", "扬州测试(广陵)有限公司", "扬州 测试 广陵有限公司", "扬州测试【广陵】有限公司"]


@pytest.mark.proves("D32")
def test_variants_of_a_name_have_one_key(parse_all: Callable[..., Any], column_of: Callable[..., Any], proven: Callable[..., None]) -> None:
    assert len(set(column_of(ONE, organisations.compare_key))) == 1
    assert column_of(["扬州测试股份有限公司"], organisations.compare_key) != column_of(["扬州测试有限公司"], organisations.compare_key)
    assert parse_all("organisation_name", [ONE[0], ONE[2]]) == [
        ("扬州测试(广陵)有限责任公司", ["F_WIDTH"]), ("扬州测试广陵有限公司", ["F_NAME"]),
    ]  # fmt: skip
    proven(
        done="one company written in four ways: full-width brackets, blanks, 有限责任公司 and 有限公司",
        seen="one comparison key for the four, another for the 股份有限公司 of the same name",
    )


@pytest.mark.parametrize("rule", ["organisation_no", "organisation_name", "taxpayer_no"])
def test_a_value_kept_stays_as_it_is(parse_all: Callable[..., Any], rule: str) -> None:
    kept = [value for value, _ in parse_all(rule, [*TREATED, *ONE]) if value is not None]
    assert [value for value, _ in parse_all(rule, kept)] == kept


def test_a_check_of_nothing_is_nothing(column_of: Callable[..., Any]) -> None:
    assert column_of([None], lambda c: organisations.credit_check(organisations.credit_sum(c))) == [None]
    assert column_of([None], lambda c: organisations.registration_check(F.length(c))) == [None]
