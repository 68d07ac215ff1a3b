"""Identifiers of electronic licences, and what stands inside them.

Here: shape and check character, and their parts: 1.2.156.3005.2 . type . issuer . serial . version . check. Not here: whether the licence
is valid. Source: GB/T 36904-2018, check character by ISO 7064 MOD 37,36 over the four parts; domain rules D6. The longest serial is the
project's own limit.
"""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from standards.checksums import mod_37_36
from standards.text import Row, Steps, clean_by, codes_text, identifier, identifier_fixes, is_absent, no_codes

PREFIX = "1.2.156.3005.2."
TYPE, ISSUER, SERIAL, VERSION = "[0-9A-Z]{18}[0-9]{3}", "[0-9A-Z]{18}|[0-9]{6}", "[0-9A-Z]{1,64}", "[0-9]{3}"
"""The type is the credit code of the body that defines it and three digits; the issuer a credit code, in older ones a division."""
SHAPE = rf"^1[.]2[.]156[.]3005[.]2[.](?:{TYPE})[.](?:{ISSUER})[.](?:{SERIAL})[.](?:{VERSION})[.][0-9A-Z]\z"
PLACES = {"type": 6, "issuer": 7, "serial": 8, "version": 9, "check": 10}
"""Part -> its place among the parts that dots divide, from 1."""


def part(licence_id: Column, name: str) -> Column:
    """A part of an identifier kept by the rule, by its name in PLACES."""
    return F.split_part(licence_id, F.lit("."), F.lit(PLACES[name]))


def series(licence_id: Column) -> Column:
    """What all versions of a licence have in common: type, issuer and serial."""
    return F.concat_ws(".", *(part(licence_id, name) for name in ("type", "issuer", "serial")))


def licence_id_rule(registrar: bool = False) -> Steps:
    """Rule `licence_id`: value string, the identifier in upper case.

    E_LICENCE_ID: another shape. E_CHECK: a wrong check character; `registrar`: the source issues the identifiers itself, and it is
    W_CHECK_LEGACY. F_WIDTH, F_INVIS, F_TRIM.
    """

    def shaped(row: Row) -> dict[str, Column]:
        return {"absent": is_absent(row["s"]), "sound": F.when(row["s"].rlike(SHAPE), row["s"])}

    def checked(row: Row) -> dict[str, Column]:
        body = F.concat(*(part(row["sound"], name) for name in ("type", "issuer", "serial", "version")))
        return {"wrong": mod_37_36(body) != part(row["sound"], "check")}

    def answer(row: Row) -> dict[str, Column]:
        misshapen, wrong = ~row["absent"] & row["sound"].isNull(), F.coalesce(row["wrong"], F.lit(False))
        refused = misshapen | (wrong & F.lit(not registrar))
        found = F.when(misshapen, "E_LICENCE_ID").when(wrong, "W_CHECK_LEGACY" if registrar else "E_CHECK")
        codes = codes_text(*identifier_fixes(row["raw"]), found)
        untouched = row["absent"] | ((row["s"] == row["raw"]) & found.isNull())
        return {"value": F.when(~row["absent"] & ~refused, row["s"]), "codes": F.when(untouched, no_codes()).otherwise(codes)}

    return clean_by(identifier), shaped, checked, answer
