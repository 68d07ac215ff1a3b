"""Masked values: what is left of a name or a number on a screen, and that the wrong kind of value leaves nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from standards import masking
from standards.masking import HIDDEN, of_column

NAME, NUMBER, MOBILE = "王小明", "321002190802290125", "13900000001"
VECTORS = [
    ("person_name", "王伟", "王*"),
    ("person_name", NAME, "王*明"),
    ("person_name", "买买提·艾力", "买****力"),
    ("identity", NUMBER, "321002********0125"),
    ("identity", "321002080229012", "321002******012"),
    ("phone", MOBILE, "139****0001"),
    ("address", "扬州市邗江区翠岗新村3幢2单元501室", "扬州市邗江区翠岗新村****"),
]
"""Domain rules F3, level M1."""


@pytest.mark.parametrize(("rule", "value", "masked"), VECTORS)
def test_vectors_of_the_rule(rule: str, value: str, masked: str) -> None:
    assert of_column(rule, "L3")(value) == masked


@pytest.mark.parametrize(
    ("rule", "value", "masked"),
    [
        ("person_name", "王", "王*"),
        ("phone", "051482345678", "0514****78"),
        ("phone", "010-62345678", "010****78"),
        ("address", "文昌西路１２３号", "文昌西路****"),
        ("date", "1908-01-05", "1908-01-**"),
        ("timestamp", "1908-01-05 04:00:00", "1908-01-**"),
    ],
)
def test_other_forms(rule: str, value: str, masked: str) -> None:
    assert of_column(rule, "L3")(value) == masked


@pytest.mark.parametrize(
    ("rule", "value"),
    [("identity", NAME), ("identity", NUMBER[:-1]), ("phone", NAME), ("phone", NUMBER), ("address", f"{NAME}{MOBILE}"), ("date", NAME),
     ("text", NAME), ("code", NAME), ("integer", "120"), ("archive_no", NUMBER[:17])],
)  # fmt: skip
def test_a_value_that_is_not_of_its_kind_is_hidden_whole(rule: str, value: str) -> None:
    assert of_column(rule, "L3")(value) == HIDDEN


def test_what_does_the_gravest_harm_is_always_hidden() -> None:
    assert {of_column(rule, "L4")(value) for rule, value, _ in VECTORS} == {HIDDEN}


@pytest.mark.parametrize(
    "value", [NUMBER, NUMBER.translate({ord(d): ord(d) + 0xFEE0 for d in "0123456789"}), MOBILE, NUMBER[:-1], "321002080229012"]
)
def test_a_persons_number_in_the_wrong_column_is_hidden(value: str) -> None:
    masked = of_column("code", "L1")
    assert masked(value) == HIDDEN
    assert masked(f"电话{value}。") == f"电话{HIDDEN}。"


@pytest.mark.parametrize(
    "value", ["1", "正常", "321099001", "2019-12-20 09:00:00", "20191220090000", "1520179200000", "=1+1", "913210991234567890"]
)
def test_what_is_nobodys_stays(value: str) -> None:
    assert of_column("code", "L2")(value) == value


def test_nothing_stays_nothing() -> None:
    mask: Callable[[str], str]
    for mask in (masking.hidden, masking.numbers):
        assert mask("") == ""
