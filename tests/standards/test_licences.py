"""Identifiers of electronic licences (domain rules D6), and the numbers of their holders, persons and organisations in one column."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from standards import licence_id
from standards.checksums import mod_37_36
from standards.rules import Options, parse
from tests.population.cleansed import number
from tests.standards.answers import codes

OID = "1.2.156.3005.2."
RIGHT = [
    "11100000000013338W011.11430000006122244L.20230000403.001.U", "11100000000013338W009.11330105002500287C.2025052201.002.0",
    "11100000MB03271699022.340100.000000016.001.9", "1132100000FAKE0558001.1132100000FAKE0558.FAKE20171231000001.001.7",
    "1132100000FAKE0558002.1132100000FAKE0558.FAKE20180101000002.001.J",
    "1132100000FAKE0558003.12321000FAKE00064W.FAKE20190615000003.002.K",
]  # fmt: skip
WRONG = [
    "1132100000FAKE0558001.1132100000FAKE0558.FAKE20171231000010.001.7",
    "1132100000FAKE0558002.1132100000FAKE0558.FAKE20180101000020.001.J",
    "1132100000FAKE0558003.12321000FAKE00064W.FAKE20190615000030.002.K", "11100000000013338W011.11430000006122244L.20230000430.001.U",
    "11100000MB03271699022.340100.000000061.001.9",
]  # fmt: skip
TREATED = {
    OID + RIGHT[2].lower(): (OID + RIGHT[2], []),
    f" {OID}{RIGHT[2]} ": (OID + RIGHT[2], ["F_TRIM"]),
    (OID + RIGHT[0]).replace(".", "．"): (OID + RIGHT[0], ["F_WIDTH"]),
    RIGHT[0]: (None, ["E_LICENCE_ID"]),
    OID + RIGHT[0][:-1]: (None, ["E_LICENCE_ID"]),
    OID + "11100000000013338W011.114300.中.001.U": (None, ["E_LICENCE_ID"]),
    "无": (None, []),
}


def test_identifiers_are_right_or_wrong(parse_all: Callable[..., Any], column_of: Callable[..., Any]) -> None:
    right, wrong = ([OID + text for text in texts] for texts in (RIGHT, WRONG))
    assert parse_all("licence_id", right) == [(value, []) for value in right]
    assert parse_all("licence_id", wrong) == [(None, ["E_CHECK"])] * len(wrong)
    assert parse_all("licence_id", wrong, registrar=True) == [(value, ["W_CHECK_LEGACY"]) for value in wrong], "the issuer is believed"
    assert dict(zip(TREATED, parse_all("licence_id", list(TREATED)), strict=True)) == TREATED
    bodies = [text.replace(".", "")[:-1] for text in RIGHT]
    assert column_of([*bodies, None], mod_37_36) == [*(text[-1] for text in RIGHT), None]
    parts = F.struct(licence_id.series(F.col("raw")), *(licence_id.part(F.col("raw"), p) for p in ("type", "issuer", "version")))
    assert [tuple(p) for p in column_of([right[2]], lambda _: parts)] == [
        ("11100000MB03271699022.340100.000000016", "11100000MB03271699022", "340100", "001")
    ]


PARTIES = {
    number(1): (number(1), "PERSON", []),
    "321099080101001": (number(1), "PERSON", ["F_UP15"]),
    f"{number(1)[:17]}x": (None, None, ["F_X", "E_CHECK"]) if number(1)[17] != "X" else (number(1), "PERSON", ["F_X"]),
    number(1)[:17] + str((int(number(1)[17].replace("X", "0")) + 1) % 10): (None, None, ["E_CHECK"]),
    "321002********0125": (None, None, ["W_MASKED", "E_CHARS"]),
    "91321002MA0FAKE170": ("91321002MA0FAKE170", "USCC", []),
    "91321002ma0fake170": ("91321002MA0FAKE170", "USCC", ["F_FORM"]),
    "91321002MA0FAKE171": (None, None, ["E_CHECK"]),
    "MA0FAKE1-7": ("MA0FAKE17", "ORG", ["F_FORM"]),
    "321000000000017": ("321000000000017", "REG", []),
    f"{number(1)},{number(2)}": (None, None, ["E_LEN"]),
    "E1234567": (None, None, ["E_LEN"]),
    "无": (None, None, []),
}


def test_persons_and_organisations_in_one_column_are_told_apart(spark: SparkSession) -> None:
    frame = spark.createDataFrame(list(enumerate(PARTIES)), "i int, raw string")
    rule = {"p": ("party_no", "raw", Options(business_date=F.lit(date(2019, 12, 31)), test_divisions=True))}
    found = [r["p"] for r in parse(frame, rule).orderBy("i").collect()]
    assert {raw: (p["value"], p["kind"], codes(p["codes"])) for raw, p in zip(PARTIES, found, strict=True)} == PARTIES
