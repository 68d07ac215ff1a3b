"""Identity numbers: the vectors of the rule, and a plain second reading of it as oracle for mutated numbers."""

from __future__ import annotations

import datetime
import random
import re
import unicodedata

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pyspark.sql import functions as F

from standards import divisions
from standards.rules import Options, parse
from tests.standards.answers import codes

ON = datetime.date(2017, 12, 31)
ABSENT = (None, [])

ACCEPTED = {
    "citizen": {
        "321002190802290125": "321002190802290125",
        "32100219110315003X": "32100219110315003X",
        "321012190802295180": "321012190802295180",
        "321084190910010033": "321084190910010033",
        "321081190910010122": "321081190910010122",
        "32108819091001518X": "32108819091001518X",
    },
    "as typed": {
        "32100319120606005x": "32100319120606005X",
        "３２１００２１９０８０２２９０１２５": "321002190802290125",
        " 321002-19080229-0125 ": "321002190802290125",
        "'32100219110315003×": "32100219110315003X",
        "321002190802290125.0": "321002190802290125",
        "32100219110315003Х": "32100219110315003X",
        "32100219110315003ｘ": "32100219110315003X",
        "\u200b321002190802290125\ufeff": "321002190802290125",
    },
    "15 digits": {
        "321002080229012": "321002190802290125",
        "321081110315003": "321081191103150035",
        "321084091001518": "321084190910015184",
        "321027120606007": "321027191206060077",
        "321011110315003": "321011191103150036",
    },
    "Hong Kong, Macao, Taiwan": dict.fromkeys(
        ["810000190802290136", "820000191103150245", "830000190910010350", "830000191206060463", "810000190707075016"]
    ),
    "foreigners, 2023": dict.fromkeys(
        [
            "932840190802290017",
            "932392191103150027",
            "932826190910010038",
            "932250191206060041",
            "932410190707070059",
            "911124198108030024",
        ]
    ),
    "foreigners, 2017": {
        **dict.fromkeys(["USA321008022914", "JPN321011031524", "GBR321009100116", "FRA321012060612", "KOR321007070717", "CAN110081080310"]),
        "usa321008022914": "USA321008022914",
        "ＪＰＮ321011031524": "JPN321011031524",
        '="KOR321007070717"': "KOR321007070717",
        "USA321000022916": "USA321000022916",
    },
}

REJECTED = {
    "321002190802290126": "E_CHECK",
    "321002190002290127": "E_DATE",
    "321002191113150121": "E_DATE",
    "992100190802290125": "E_DIVISION",
    "321002209912310120": "E_FUTURE",
    "32100219080229012": "E_LEN",
    "321002190802290000": "E_EXCEL",
    "3.21002E+17": "E_SCI",
    "3.21002190802290E17": "E_SCI",
    "111111111111111111": "E_PLACEHOLDER",
    "123456789012345678": "E_PLACEHOLDER",
    "321002190001010000": "E_PLACEHOLDER",
    "父母身份证": "E_PLACEHOLDER",
    "32100219080229O125": "E_CHARS",
    "321002********0125": "E_CHARS",
    "321002190802290152": "E_CHECK",
    "321002100000021": "E_DATE",
    "321002081332012": "E_DATE",
    "321023060101996": "W_CENTURY",
    "32100208022901X": "E_CHARS",
    "992002080229012": "E_DIVISION",
    "810000190802290137": "E_CHECK",
    "820000191113150245": "E_DATE",
    "840000191103150245": "E_DIVISION",
    "83000019091001035": "E_LEN",
    "830000190910010305": "E_CHECK",
    "932840190802290018": "E_CHECK",
    "911124198108030042": "E_CHECK",
    "932392191103150072": "E_CHECK",
    "932826190910010083": "E_CHECK",
    "832250191206060041": "E_CHECK",
    "321002\x00190802290125": "E_CONTROL",
    "USA321008022915": "E_CHECK",
    "CAN110081080301": "E_CHECK",
    "GBR321009100117": "E_CHECK",
    "USA991008022914": "E_DIVISION",
    "USA321008023014": "E_DATE",
    "US3321008022914": "E_CHARS",
    "USA32100802291X": "E_CHARS",
}

FLAGGED = {
    "321002080229012": ["F_UP15"],
    "32100219110315003x": ["F_X"],
    "３２１００２１９０８０２２９０１２５": ["F_WIDTH"],
    " 321002-19080229-0125 ": ["F_TRIM"],
    "321002190802290125.0": ["F_DOT0"],
    "321002\u200b190802290125": ["F_INVIS"],
    '="321002190802290125"': ["F_TRIM"],
    "321002********0125": ["W_MASKED", "E_CHARS"],
    "321002190802290126": ["E_CHECK"],
    "321002190802290125": [],
}


def primary(codes: list[str]) -> str | None:
    return next((c for c in codes if c.startswith("E_") or c == "W_CENTURY"), None)


@pytest.mark.proves("H3", "H13")
@pytest.mark.parametrize("family", ACCEPTED)
def test_numbers_that_are_right_come_out_with_18_characters(parse_all, family, proven):
    vectors = ACCEPTED[family]
    answers = parse_all("identity", list(vectors))
    assert {raw: value for raw, (value, _) in zip(vectors, answers, strict=True)} == {raw: norm or raw for raw, norm in vectors.items()}
    assert all(primary(codes) is None for _, codes in answers)
    proven(
        done=f"valid numbers of the standard: {family}",
        seen=f"{len(ACCEPTED[family])} of {len(ACCEPTED[family])} come out as published",
    )


@pytest.mark.proves("H13")
def test_numbers_that_are_wrong_give_no_value_and_their_first_error(parse_all, proven):
    answers = parse_all("identity", list(REJECTED))
    assert {raw: primary(codes) for raw, (_, codes) in zip(REJECTED, answers, strict=True)} == REJECTED
    assert all(value is None for value, _ in answers)
    proven(done="numbers that are wrong in one way each", seen="each gives no value and its own error")


def test_repairs_and_warnings_are_named(parse_all):
    answers = parse_all("identity", list(FLAGGED))
    assert {raw: codes for raw, (_, codes) in zip(FLAGGED, answers, strict=True)} == FLAGGED


def test_nothing_delivered_is_no_error(parse_all):
    assert parse_all("identity", [None, "", "  ", "无", "NULL", "不详", "--", "\\N"]) == [ABSENT] * 8


def test_the_unassigned_division_is_a_person_only_in_a_test_city(parse_all):
    invented = "32109919080229011" + _check("32109919080229011")
    assert parse_all("identity", [invented]) == [(None, ["E_DIVISION"])]
    assert parse_all("identity", [invented], test_divisions=True) == [(invented, [])]


def test_unknown_county_sequence_zero_and_great_age_are_warnings(parse_all):
    bodies = {
        "32101019080229012": "W_DIVISION",
        "81010019080229012": "W_DIVISION",
        "32100219080229000": "W_SEQ0",
        "32100218960229012": "W_OLD",
    }
    numbers = [body + _check(body) for body in bodies]
    assert parse_all("identity", numbers) == [(n, [code]) for n, code in zip(numbers, bodies.values(), strict=True)]


def test_the_business_date_may_differ_from_row_to_row(spark):
    frame = spark.createDataFrame([("321002190802290125", "1908-02-28"), ("321002190802290125", "1908-02-29")], "raw string, d string")
    answered = parse(frame, {"p": ("identity", "raw", Options(F.col("d").cast("date")))})
    assert [codes(r["p"]["codes"]) for r in answered.orderBy("d").collect()] == [["E_FUTURE"], []]


def _check(body: str) -> str:
    """ISO 7064 MOD 11-2 by its definition: the characters' values, weighted by powers of two, add up to 1 modulo 11."""
    held = sum(int(digit) * 2 ** (17 - i) for i, digit in enumerate(body)) % 11
    return next(c for c in "0123456789X" if (held + "0123456789X".index(c)) % 11 == 1)


def _birth(text: str) -> datetime.date | None:
    try:
        return datetime.datetime.strptime(text, "%Y%m%d").date() if text.isascii() else None
    except ValueError:
        return None


def oracle(raw: str | None) -> tuple[str | None, str | None]:
    """(value, primary error) by a second, plain reading of the rule."""
    s = re.sub(r"[\s'\"\u200b-\u200f\ufeff-]", "", unicodedata.normalize("NFKC", raw or "")).upper()
    s = re.sub("[×ХΧ]$", "X", re.sub(r"\.0$", "", re.sub("^=", "", s)))
    if s in ("", "无", "不详", "未知", "NULL"):
        return None, None
    if re.fullmatch(r"[0-9](\.[0-9]+E\+?|E\+)[0-9]{1,3}", s):
        return None, "E_SCI"
    if (
        re.fullmatch(r"(\d)\1+", s)
        or re.search(r"(\d)\1{9}", s)
        or s in ("123456789012345678", "123456789012345", "321002190001010000", "父母身份证")
    ):
        return None, "E_PLACEHOLDER"
    if len(s) not in (15, 18):
        return None, "E_LEN"
    card = re.fullmatch(r"[A-Z]{3}[0-9]{12}", re.sub("[×ХΧ]", "X", s))
    if not card and not re.fullmatch(r"[0-9]{15}|[0-9]{17}[0-9X]", s):
        return None, "E_CHARS"
    mainland = ["11-15", "21-23", "31-37", "41-46", "50-54", "61-65", "71-71"]
    provinces = {f"{p}" for span in mainland for p in range(int(span[:2]), int(span[3:]) + 1)}
    if card:
        s = card.group()
        region, births = s[3:5], [_birth(century + s[7:13]) for century in ("19", "20")]
        right = sum(int(c, 36) * (7, 3, 1)[i % 3] for i, c in enumerate(s[:14])) % 10 == int(s[14])
        wrong = [("E_DIVISION", region not in provinces | {"81", "82", "83"}), ("E_DATE", births == [None, None]), ("E_CHECK", not right)]
        error = next((code for code, found in wrong if found), None)
        return None if error else s, error
    foreigner = s[0] == "9" and len(s) == 18 and s[1:3] in provinces
    if s[:2] not in provinces | {"81", "82", "83"} and not foreigner:
        return None, "E_DIVISION"
    if s.startswith("321099"):
        return None, "E_DIVISION"
    body = s[:17] if len(s) == 18 else s[:6] + "19" + s[6:]
    birth = _birth(body[6:14])
    if birth is None:
        return None, "E_DATE"
    if len(s) == 15:
        return (None, "W_CENTURY") if body[14:17] >= "996" else (body + _check(body), None)
    if _check(body) != s[17]:
        return None, "E_EXCEL" if s.endswith("000") else "E_CHECK"
    return (None, "E_FUTURE") if birth > ON else (s, None)


SEEDS = [raw for vectors in ACCEPTED.values() for raw in vectors] + [raw for raw in REJECTED if "\x00" not in raw]
NOISE = "0123456789xX×Х .-'/OE+３０Ｘ\u200b\u3000*\"年无"


def mutated(draw: random.Random) -> str:
    """A known number, or one with a right check digit, after up to three slips of the pen."""
    day = datetime.date(1890, 1, 1) + datetime.timedelta(draw.randrange(47_000))
    county = draw.choice(["321002", "321099", "321010", "110101", "810000", "932840", "921840", "160101"])
    body = f"{county}{day:%Y%m%d}{draw.randrange(1000):03d}"
    text = draw.choice([draw.choice(SEEDS), body + _check(body), body[:6] + body[8:]])
    for _ in range(draw.randrange(4)):
        at = draw.randrange(len(text) + 1)
        head, tail, noise = text[:at], text[at + 1 :], draw.choice(NOISE)
        swapped = head + text[at + 1 : at + 2] + text[at : at + 1] + text[at + 2 :]
        text = draw.choice([head + noise + tail, head + noise + text[at:], head + tail, swapped])
    return text


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck), database=None, derandomize=True)
@example(seed=1_209_140_631)
@given(seed=st.integers(0, 2**32))
def test_the_column_function_agrees_with_the_plain_reading(parse_all, seed):
    draw = random.Random(seed)
    texts = [mutated(draw) for _ in range(2_000)]
    answers = parse_all("identity", texts)
    found = [(raw, value, primary(codes)) for raw, (value, codes) in zip(texts, answers, strict=True)]
    expected = [(raw, *oracle(raw)) for raw in texts]
    assert [pair for pair in zip(found, expected, strict=True) if pair[0] != pair[1]] == []


def test_the_history_of_the_city_has_the_codes_identity_numbers_may_carry():
    assert {"321000", "321002", "321027", "321088"} <= set(divisions.city_history())
    assert {"321071", "321091", "321099"}.isdisjoint(divisions.city_history())
