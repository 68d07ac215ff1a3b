"""Delivered texts in normal form, in Polars: the patterns and functions that the rules share.

A `when` computes both of its branches for every row, so the slow branch gets a column that is null wherever a value is clean already.
"""

from __future__ import annotations

import polars as pl
from polars import Expr

from bench.contestants.in_python import kinship, mistyped
from bench.contestants.texts import (
    BLANKS,
    CLEAN_NAME,
    CONTROL,
    DAY,
    DIGITS_OF_DAY,
    DOTS,
    HAN,
    HTML,
    IDENTITY,
    IN_IDENTITY,
    MILLIS,
    NARROW,
    NOTHING,
    ODD,
    OF_NUMBERS,
    SERIAL,
    WEIGHTS,
    WRITTEN,
)


def unless(condition: Expr, value: Expr) -> Expr:
    """The value where the condition does not hold, else null."""
    return pl.when(condition.fill_null(True)).then(None).otherwise(value)


def sound(x: Expr) -> Expr:
    """Null where control characters are inside."""
    return unless(x.str.contains(CONTROL), x)


def free_text(x: Expr) -> Expr:
    odd = x.str.contains(ODD)
    clean = sound(unless(~odd, x)).str.replace_many(NARROW).str.replace_all(HTML, " ").str.strip_chars(BLANKS)
    return pl.when(odd).then(clean).otherwise(x)


def there(s: Expr) -> Expr:
    return unless(s.str.to_uppercase().is_in(NOTHING), s)


def identity_form(x: Expr) -> Expr:
    clean = x.str.contains(IDENTITY)
    slow = sound(unless(clean, x)).str.replace_many(OF_NUMBERS).str.to_uppercase().str.replace_all(IN_IDENTITY, "")
    return pl.when(clean).then(x).otherwise(slow)


def name_form(x: Expr) -> Expr:
    clean = x.str.contains(CLEAN_NAME)
    spaced = free_text(unless(clean, x).str.replace_many(dict.fromkeys(DOTS, "·"))).str.replace_all(r"[ \t\r\n]+", " ")
    han = pl.when(x.str.contains(f"[{HAN}]")).then(spaced.str.replace_many({".": "·", " ": ""})).otherwise(spaced)
    return pl.when(clean).then(x).otherwise(han)


def name_key(name: Expr, variants: tuple[str, str]) -> Expr:
    """What a name in normal form is compared by."""
    old, new = variants
    return name.str.replace_many(dict(zip(old, new, strict=True)) | {" ": "", "·": ""}).str.to_uppercase()


def birth_of_number(number: Expr) -> Expr:
    return number.str.slice(6, 8).str.to_date("%Y%m%d", strict=False)


def check_digit(body: Expr) -> Expr:
    """The 18th character for 17 digits."""
    number = body.cast(pl.Int64, strict=False)
    total = sum((number // 10 ** (16 - i) % 10 * w for i, w in enumerate(WEIGHTS)), pl.lit(0))
    return (total % 11).replace_strict(dict(enumerate("10X98765432")), default=None, return_dtype=pl.String)


def same_name(own: Expr, anchor: Expr, former: Expr) -> Expr:
    """How two names agree: EXACT, FORMER, RARE, ONE_EDIT, NO_NAME; null when they contradict each other."""
    return (
        pl.when(own.is_null() | anchor.is_null()).then(pl.lit("NO_NAME"))
        .when(own == anchor).then(pl.lit("EXACT"))
        .when(own == former).then(pl.lit("FORMER"))
        .otherwise(_kinship(unless((own == anchor) | (own == former).fill_null(False), own), anchor))
    )  # fmt: skip


def _kinship(own: Expr, anchor: Expr) -> Expr:
    """Polars knows no distance of strings: the few pairs that are left go through Python."""
    return pl.struct(own.alias("a"), anchor.alias("b")).map_batches(_kin, return_dtype=pl.String)


def _kin(pairs: pl.Series) -> pl.Series:
    frame = pairs.struct.unnest()
    said = [None if a is None or b is None else kinship(a, b) for a, b in frame.iter_rows()]
    return pl.Series(pairs.name, said, dtype=pl.String)


def slipped(number: Expr, other: Expr) -> Expr:
    """Whether a number is the other but for a slip of the hand; null where there is none. The few pairs go through Python, too."""

    def slips(pairs: pl.Series) -> pl.Series:
        said = [None if a is None or b is None else mistyped(a, b) for a, b in pairs.struct.unnest().iter_rows()]
        return pl.Series(pairs.name, said, dtype=pl.Boolean)

    return pl.struct(number.alias("a"), other.alias("b")).map_batches(slips, return_dtype=pl.Boolean)


def iso_of(day: Expr, excel: bool) -> Expr:
    parts = unless(~day.str.contains(WRITTEN), day).str.extract_groups(WRITTEN)
    year, month, date = (parts.struct.field(str(i)) for i in (1, 2, 3))
    year = pl.when(year.str.len_chars() == 4).then(year).when(year < "30").then("20" + year).otherwise("19" + year)
    written = pl.concat_str([year, month.str.zfill(2), date.str.zfill(2)], separator="-")
    iso = (
        pl.when(day.str.contains(DAY)).then(day)
        .when(day.str.contains(DIGITS_OF_DAY)).then(day.str.replace(r"^(....)(..)(..)\z", "$1-$2-$3"))
        .when(written.is_not_null()).then(written)
        .when(day.str.contains(MILLIS)).then(moment_of(day).dt.strftime("%Y-%m-%d"))
    )  # fmt: skip
    if excel:
        serial = unless(~day.str.contains(SERIAL), day).str.slice(0, 5).cast(pl.Int64, strict=False)
        counted = (pl.lit("1899-12-30").str.to_date() + pl.duration(days=serial)).dt.strftime("%Y-%m-%d")
        iso = iso.when(serial.is_between(20_000, 60_000)).then(counted)
    return iso


def moment_of(text: Expr) -> Expr:
    """Epoch milliseconds on the clock of the city."""
    millis = unless(~text.str.contains(MILLIS), text).cast(pl.Int64, strict=False)
    return ((millis + 28_800_000) * 1000).cast(pl.Datetime("us"))
