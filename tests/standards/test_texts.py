"""Text, identifiers, names, phones, archive numbers, numbers: what was delivered and what is kept of it."""

from __future__ import annotations

import re
import sys
import unicodedata
from decimal import Decimal

import pytest
from pyspark.sql import functions as F

from standards import names, text

TEXTS = {
    "高血压": ("高血压", []),
    " 东关街８８号　": ("东关街88号", ["F_WIDTH", "F_TRIM"]),
    "a\u200bb": ("ab", ["F_INVIS"]),
    "东关街&nbsp;88号<br>": ("东关街 88号", ["F_HTML"]),
    "two\nlines": ("two\nlines", []),
    "⽂汇⻄路": ("文汇西路", ["F_WIDTH"]),
    "a\u2003b\u202f": ("a b", ["F_INVIS"]),
    "a\u2028b": ("a\nb", ["F_INVIS"]),
    "\u202da\u2060b\u202c\ufe0f": ("ab", ["F_INVIS"]),
    "\u3164\u2800": (None, []),
    "&#24352;&#x4E09;&lt;1&gt;": ("张三<1>", ["F_HTML"]),
    "R&amp;D&#12288;": ("R&D", ["F_HTML"]),
    "&amp;lt;": ("&lt;", ["F_HTML"]),
    "体温&#55349;&#56320;&plusmn;0.1&#8451;": ("体温𝐀±0.1℃", ["F_HTML"]),
    "A&B; &foo; &#; &#x;": ("A&B; &foo; &#; &#x;", []),
    "a&#7;b&#xD800;c&#x110000;d": ("a\ufffdb\ufffdc\ufffdd", ["F_HTML"]),
    '="00123"': ("00123", ["F_TRIM"]),
    ' ="3-2" ': ("3-2", ["F_TRIM"]),
    '="１&lt;２"': ("1<2", ["F_WIDTH", "F_HTML", "F_TRIM"]),
    '="a" & "b"': ('="a" & "b"', []),
    **dict.fromkeys(["#N/A", "#REF!", " #DIV/0! ", "#NAME?", "#VALUE!"], (None, ["E_FORMULA"])),
    "#3楼": ("#3楼", []),
    "#N/A!": ("#N/A!", []),
    "无": (None, []),
    "\u3000": (None, []),
    "nan": (None, []),
    "bad\x07": (None, ["E_CONTROL"]),
    "\x00": (None, ["E_CONTROL"]),
}
IDENTIFIERS = {
    "ab-12": ("AB-12", []),
    "'1234": ("1234", ["F_TRIM"]),
    "12 34": ("1234", ["F_TRIM"]),
    "I10.0": ("I10.0", []),
    "6.2E+15": (None, ["E_SCI"]),
    "3.21099001E8": (None, ["E_SCI"]),
    "1.2E+2": (None, ["E_SCI"]),
    "6E+09": (None, ["E_SCI"]),
    "1E5": ("1E5", []),
    "321099001.0": ("321099001", ["F_DOT0"]),
    " '1.0 ": ("1", ["F_TRIM", "F_DOT0"]),
    "3210020010010001.0": (None, ["E_SCI"]),
    "1.00": ("1.00", []),
    "V1.0": ("V1.0", []),
    "ＡＢ１": ("AB1", ["F_WIDTH"]),
    "N/A": (None, []),
    '="00123"': ("00123", ["F_TRIM"]),
    ' ="l0002" ': ("L0002", ["F_TRIM"]),
    '="321099001.0"': ("321099001", ["F_TRIM", "F_DOT0"]),
    "#REF!": (None, ["E_FORMULA"]),
}
ARCHIVES = {
    "32100200100100001": ("32100200100100001", []),
    "32100200100100000001": ("32100200100100000001", []),
    "3210020010010000 1": ("32100200100100001", ["F_TRIM"]),
    "3210020010010000": (None, ["E_ARCHIVE_NO"]),
    "3210020010010000A": (None, ["E_ARCHIVE_NO"]),
    "": (None, []),
    '="32100200100100001"': ("32100200100100001", ["F_TRIM"]),
}
PHONES = {
    **{n: (n, []) for n in ("13900000001", "14500000001", "16500000001", "17300000001", "19200000001", "19900000001")},
    **{n: (None, ["E_PHONE"]) for n in ("12900000001", "15400000001", "16000000001", "17400000001", "19400000001")},
    "+86 139-0000-0001": ("13900000001", ["F_PHONE"]),
    "008613900000001": ("13900000001", ["F_PHONE"]),
    "013900000001": ("13900000001", ["F_PHONE"]),
    "13900000001.0": ("13900000001", ["F_PHONE"]),
    '="13900000001"': ("13900000001", ["F_PHONE"]),
    '="0514-87340678"': ("051487340678", ["F_PHONE"]),
    "0514-23456789": (None, ["W_PHONE_PLACEHOLDER"]),
    "0514-87340678": ("051487340678", ["F_PHONE"]),
    "87340678": ("051487340678", ["F_PHONE"]),
    "051487340678": ("051487340678", []),
    "7340678": ("05147340678", ["F_PHONE", "W_OLDTEL"]),
    "13800138000": (None, ["W_PHONE_PLACEHOLDER"]),
    "1390000000": (None, ["W_PHONE_PLACEHOLDER"]),
    "139000001": (None, ["E_PHONE"]),
    "13911111111": (None, ["W_PHONE_PLACEHOLDER"]),
    "13912345678": (None, ["W_PHONE_PLACEHOLDER"]),
    "138****0001": (None, ["W_MASKED", "E_PHONE"]),
    "无": (None, []),
}
NAMES = {
    "王小明": ("王小明", []),
    "王　伟": ("王伟", ["F_WIDTH", "F_NAME"]),
    " 王伟 ": ("王伟", ["F_TRIM"]),
    "买买提.艾力": ("买买提·艾力", ["F_NAME"]),
    "买买提•艾力": ("买买提·艾力", ["F_NAME"]),
    "买买提·艾力": ("买买提·艾力", []),
    "John  A. Smith": ("John A. Smith", ["F_NAME"]),
    "呂於": ("呂於", []),
    "测试": ("测试", ["W_NAME_PLACEHOLDER"]),
    "TEST01": ("TEST01", ["W_NAME_PLACEHOLDER"]),
    "李某之子": ("李某之子", ["W_NAME_PLACEHOLDER"]),
    "张三": ("张三", ["W_NAME_PLACEHOLDER"]),
    "张三丰": ("张三丰", []),
    "王?": ("王?", ["W_RARE"]),
    "王*": ("王*", ["W_MASKED"]),
    "王**": ("王**", ["W_NAME_PLACEHOLDER", "W_MASKED"]),
    "未知": (None, []),
    "李\ue863": ("李䶮", ["F_WIDTH"]),
    "⾼伟": ("高伟", ["F_WIDTH"]),
    "葛\U000e0100亮": ("葛亮", ["F_INVIS"]),
    "李\u2003伟": ("李伟", ["F_INVIS", "F_NAME"]),
    "买买提･艾力": ("买买提·艾力", ["F_WIDTH", "F_NAME"]),
    "陈\uf92e": ("陈\uf92e", []),
    "王&#13507;": ("王㓃", ["F_HTML"]),
    "赵&#x2C35B;": ("赵𬍛", ["F_HTML"]),
    "李&#55408;&#57179;": ("李𬍛", ["F_HTML"]),
    "买买提&middot;艾力": ("买买提·艾力", ["F_HTML"]),
    "王&nbsp;伟": ("王伟", ["F_HTML", "F_NAME"]),
    "王&#65533;": ("王\ufffd", ["F_HTML", "W_RARE"]),
    '="王伟"': ("王伟", ["F_TRIM"]),
    "#N/A": (None, ["E_FORMULA"]),
    **{name: (name, ["W_RARE"]) for name in ["鐜嬩紵", "寮犳晱", "鏉庢槑\ue1d3", "娆ч槼鏄庢槑"]},
    **{name: (name, []) for name in ["濮存昕", "閻玉芳", "鐘楚红", "郭晓嬿"]},
    **{name: (name, ["W_RARE"]) for name in ["王?国", "王▯", "锟斤拷", "王\ue000", "⿰王文", "〓伟", "ÍõÎ°", "çŽ‹ä¼Ÿ"]},
    "José André": ("José André", []),
}
INTEGERS = {
    "120": (120, []),
    "１２０": (120, ["F_WIDTH"]),
    "120.0": (120, []),
    "1,200": (None, ["E_RANGE"]),
    "12,8": (None, ["E_NUMBER"]),
    "8,0": (None, ["E_NUMBER"]),
    "0,125": (None, ["E_NUMBER"]),
    "-5": (None, ["E_RANGE"]),
    "36.5": (None, ["E_SCALE"]),
    "99999999999": (None, ["E_SCALE"]),
    "1E2": (None, ["E_NUMBER"]),
    "NaN": (None, []),
    "Infinity": (None, ["E_NUMBER"]),
    "abc": (None, ["E_NUMBER"]),
    "-": (None, []),
}
DECIMALS = {
    "1234.50": (Decimal("1234.50"), []),
    "1234.500": (Decimal("1234.50"), []),
    "-0.5": (Decimal("-0.50"), []),
    "+7": (Decimal("7.00"), []),
    "00007.50": (Decimal("7.50"), []),
    "1,234.50元": (Decimal("1234.50"), ["F_NUMBER"]),
    "1,234.50": (Decimal("1234.50"), ["F_NUMBER"]),
    "-999,999": (Decimal("-999999.00"), ["F_NUMBER"]),
    "１，２３４．５": (Decimal("1234.50"), ["F_WIDTH", "F_NUMBER"]),
    **dict.fromkeys(
        ["12,5", "20,00", "1,2,3", "1,23,456.00", "36,5", "1234,500", "1,234,5", ",123", "123,", "1.234,50", "0,125"], (None, ["E_NUMBER"])
    ),
    "¥12": (Decimal("12.00"), ["F_NUMBER"]),
    "1.239": (None, ["E_SCALE"]),
    "12345678901.00": (None, ["E_SCALE"]),
    "1000000.01": (None, ["E_RANGE"]),
    "1e3": (None, ["E_NUMBER"]),
    "<0.01": (None, ["E_NUMBER"]),
    "1.2.3": (None, ["E_NUMBER"]),
}
JSON_NUMBERS = {
    "1.2E+2": (Decimal("120.00"), []),
    "5.9999E5": (Decimal("599990.00"), []),
    "-1.25e1": (Decimal("-12.50"), []),
    "1E2": (Decimal("100.00"), []),
    "125e-2": (Decimal("1.25"), []),
    "0.0E0": (Decimal("0.00"), []),
    "1.234E0": (None, ["E_SCALE"]),
    "1E40": (None, ["E_SCALE"]),
    "1E999": (None, ["E_NUMBER"]),
    "1,234.50": (Decimal("1234.50"), ["F_NUMBER"]),
    "120": (Decimal("120.00"), []),
    '="120"': (Decimal("120.00"), ["F_TRIM"]),
}
FAMILIES = {
    "text": (TEXTS, {}),
    "address": (TEXTS, {}),
    "identifier": (IDENTIFIERS, {}),
    "archive_no": (ARCHIVES, {}),
    "phone": (PHONES, {}),
    "person_name": (NAMES, {}),
    "integer": (INTEGERS, {"physical_type": "int", "minimum": 0, "maximum": 250}),
    "decimal": (DECIMALS, {"physical_type": "decimal(12,2)", "minimum": -1e6, "maximum": 1e6}),
}


def test_exponents_are_numbers_in_json(parse_all):
    answers = parse_all("decimal", list(JSON_NUMBERS), physical_type="decimal(12,2)", minimum=-1e6, maximum=1e6, json=True)
    assert dict(zip(JSON_NUMBERS, answers, strict=True)) == JSON_NUMBERS
    assert parse_all("integer", ["1.2E+2", "1.25E1"], physical_type="int", json=True) == [(120, []), (None, ["E_SCALE"])]


@pytest.mark.parametrize("rule", FAMILIES)
def test_values_and_their_codes(parse_all, rule):
    cases, options = FAMILIES[rule]
    assert dict(zip(cases, parse_all(rule, list(cases), **options), strict=True)) == cases


def test_names_compare_without_variants_spaces_dots_and_case(column_of):
    written = ["呂　於", "吕于", "买买提.艾力", "买买提艾力", "john smith", "John Smith"]
    keys = column_of(written, names.compare_key)
    assert keys[::2] == keys[1::2]
    assert len(set(keys)) == 3


COMPARED = {
    "⾼伟": "高伟", "王⼩明": "王小明", "\u2ee2伟": "马伟", "鄭凱儀": "郑凯仪", "李鈺": "李钰", "歐陽欽": "欧阳钦", "竇來": "窦来",
    "李\ue863": "李䶮", "陈\uf92e": "陈冷", "葛\U000e0100亮": "葛亮", "葛\ufe00亮": "葛亮", "李\u202d伟\u202c": "李伟",
    "李\u2060伟": "李伟", "李\u2003伟": "李伟", "买买提\uff65艾力": "买买提·艾力", "买买提\ufe52艾力": "买买提·艾力",
    "买买提\u0387艾力": "买买提·艾力", "買買提‧艾力": "买买提艾力", "蘇鑾鏵": "苏銮铧", "龔藝": "龚艺", "\U0002f804明": "你明",
    "肖明": "蕭明",
    "閆明": "闫明",
}  # fmt: skip
"""One name in several code points."""


def test_one_name_in_several_code_points_has_one_key(column_of):
    keys = column_of([*COMPARED, *COMPARED.values()], names.compare_key)
    assert dict(zip(COMPARED, keys[: len(COMPARED)], strict=True)) == dict(zip(COMPARED, keys[len(COMPARED) :], strict=True))


def test_every_format_character_and_blank_of_unicode_is_removed_or_trimmed():
    invisible, blank = re.compile(f"[{text.INVISIBLE}]"), f"{text.BLANKS}{text.LINES}\u3000 "
    named = [(c, unicodedata.category(c)) for c in map(chr, range(sys.maxunicode + 1))]
    assert [c for c, kind in named if kind == "Cf" and not invisible.fullmatch(c)] == []
    assert [c for c, kind in named if kind in ("Zs", "Zl", "Zp") and c not in blank] == []
    assert [
        c for c, kind in named if kind[0] in "LN" and invisible.fullmatch(c) and unicodedata.normalize("NFKC", c) not in "\u115f\u1160"
    ] == []


SAME = [
    ("王▯国", "王建国", None, "RARE"),
    ("王建国", "王▯国", None, "RARE"),
    ("王?", "王", None, None),
    ("王?", "王建国", None, None),
    ("王??", "王建国", None, "RARE"),
    ("王??", "王建", None, "RARE"),
    ("王?_国", "王建大国", None, "RARE"),
    ("李?国", "王建国", None, None),
    ("王?a?b?", "王1a2b3", None, "RARE"),
    ("王?a?b?c?", "王1a2b3c4", None, None),
    ("?a" * 50, "a" * 99 + "b", None, None),
    ("??", "王建", None, None),
    ("鐜嬩紵", "王伟", None, None),
    ("鐜嬩紵", "鐜嬩紶", None, None),
    ("锟斤拷", "王建国", None, None),
    ("王*国", "王建国", None, None),
    ("王?国", "王建国", None, "RARE"),
    ("王小明", "王小明", None, "EXACT"),
    ("王小明", "王大明", "王小明", "FORMER"),
    ("王小明", "王大明", None, "ONE_EDIT"),
    ("王伟", "王芳", None, "ONE_EDIT"),
    ("王小明", "李大明", None, None),
    ("王", "李", None, None),
    ("王", "王伟", None, None),
    (None, "王伟", None, None),
    ("王伟", None, None, None),
    ("", "", None, "EXACT"),
]


def test_what_makes_two_names_one_persons(spark):
    frame = spark.createDataFrame([(i, *row[:3]) for i, row in enumerate(SAME)], "i int, a string, b string, former string")
    found = frame.select("i", names.same_person_name(F.col("a"), F.col("b"), F.col("former")).alias("how")).orderBy("i").collect()
    assert [row["how"] for row in found] == [row[3] for row in SAME]


def test_no_class_of_characters_is_too_deep_for_java() -> None:
    variants = names.variants()[0]
    pattern = text.one_of(variants)
    assert len(variants) > 5_000
    assert all(re.fullmatch(pattern, c) for c in variants)
    assert not re.search(pattern, "国强 Li·Ming")
    assert max(len(part) for part in pattern.split("|")) <= text.CLASS + len("[]")
