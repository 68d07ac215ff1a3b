"""Delivered texts in normal form, in Polars: the patterns and functions that the rules share.

A `when` computes both of its branches for every row, so the slow branch gets a column that is null wherever a value is clean already.
"""

from __future__ import annotations

import polars as pl
from polars import Expr

from bench.contestants.texts import BLANKS, DAY, HAN, HTML, MILLIS, NAME_LOST, NOTHING, WEIGHTS, WRITTEN

WIDE = {chr(c): chr(c - 0xFEE0) for c in range(0xFF01, 0xFF5F)} | {"\u3000": " "}
GONE = dict.fromkeys([*map(chr, range(0x200B, 0x2010)), "\ufeff"], "")
NARROW = WIDE | {"\u00a0": " "} | GONE
CONTROL = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x{9f}]"
ODD = r"[\x{ff01}-\x{ff5e}\x{3000}\x{a0}\x{200b}-\x{200f}\x{feff}&<\x{fffd}\x00-\x1f\x7f-\x{9f}]|^ | \z"
STAMP = (
    r"^(?P<day>[^\n]*?[0-9日])(?:[T ] *(?P<hour>[0-9]{1,2}):?(?P<minute>[0-9]{2})"
    r"(?::?(?P<second>[0-9]{2})(?P<fraction>[.][0-9]{1,6})?[0-9]*)?"
    r" *(?P<zone>Z|[+-][0-9]{2}:?[0-9]{2})?)?\z"
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
    clean = x.str.contains(r"^(?:[0-9]{15}|[0-9]{17}[0-9X])\z")
    known = WIDE | dict.fromkeys("×хХΧⅩⅹ", "X") | GONE | dict.fromkeys(" \t\r\n-'\"\u00a0", "")
    slow = sound(unless(clean, x)).str.replace_many(known).str.to_uppercase().str.replace_all(r"\.0[ '\"-]*\z|[ '\"-]+", "")
    return pl.when(clean).then(x).otherwise(slow)


def name_form(x: Expr) -> Expr:
    clean = x.str.contains(r"^[\x{4e00}-\x{9fff}]+\z")
    spaced = free_text(unless(clean, x).str.replace_many(dict.fromkeys("•．・‧∙●⋅", "·"))).str.replace_all(r"[ \t\r\n]+", " ")
    han = pl.when(x.str.contains(f"[{HAN}]")).then(spaced.str.replace_many({".": "·", " ": ""})).otherwise(spaced)
    return pl.when(clean).then(x).otherwise(han)


def birth_of_number(number: Expr) -> Expr:
    return number.str.slice(6, 8).str.to_date("%Y%m%d", strict=False)


def check_digit(body: Expr) -> Expr:
    """The 18th character for 17 digits."""
    number = body.cast(pl.Int64, strict=False)
    total = sum((number // 10 ** (16 - i) % 10 * w for i, w in enumerate(WEIGHTS)), pl.lit(0))
    return (total % 11).replace_strict(dict(enumerate("10X98765432")), default=None, return_dtype=pl.String)


def same_name(own: Expr, anchor: Expr, former: Expr) -> Expr:
    """How two names agree: EXACT, FORMER, ONE_EDIT, NO_NAME; null when they contradict each other."""
    return (
        pl.when(own.is_null() | anchor.is_null()).then(pl.lit("NO_NAME"))
        .when(own == anchor).then(pl.lit("EXACT"))
        .when(own == former).then(pl.lit("FORMER"))
        .when(_one_edit(unless((own == anchor) | (own == former).fill_null(False), own), anchor)).then(pl.lit("ONE_EDIT"))
    )  # fmt: skip


def _one_edit(own: Expr, anchor: Expr) -> Expr:
    """Polars knows no distance of strings: the few pairs that are left go through Python."""
    doubtful = pl.concat_str(own, anchor).str.contains(NAME_LOST)
    lengths = own.str.len_chars().is_between(2, 100) & anchor.str.len_chars().is_between(2, 100)
    pair = pl.struct(unless(~lengths | doubtful, own).alias("a"), anchor.alias("b"))
    return pair.map_batches(_edits, return_dtype=pl.Boolean)


def _edits(pairs: pl.Series) -> pl.Series:
    frame = pairs.struct.unnest().with_row_index("i")
    asked = frame.drop_nulls()
    near = [i for i, a, b in asked.iter_rows() if _off_by_one(a, b)]
    return frame["i"].is_in(near)


def _off_by_one(a: str, b: str) -> bool:
    if abs(len(a) - len(b)) > 1:
        return False
    short, long = sorted((a, b), key=len)
    at = next((i for i, (x, y) in enumerate(zip(short, long, strict=False)) if x != y), len(short))
    return short[at + (len(a) == len(b)) :] == long[at + 1 :]


def iso_of(day: Expr, excel: bool) -> Expr:
    parts = unless(~day.str.contains(WRITTEN), day).str.extract_groups(WRITTEN)
    year, month, date = (parts.struct.field(str(i)) for i in (1, 2, 3))
    year = pl.when(year.str.len_chars() == 4).then(year).when(year < "30").then("20" + year).otherwise("19" + year)
    written = pl.concat_str([year, month.str.zfill(2), date.str.zfill(2)], separator="-")
    iso = (
        pl.when(day.str.contains(DAY)).then(day)
        .when(day.str.contains(r"^[0-9]{8}\z")).then(day.str.replace(r"^(....)(..)(..)\z", "$1-$2-$3"))
        .when(written.is_not_null()).then(written)
        .when(day.str.contains(MILLIS)).then(moment_of(day).dt.strftime("%Y-%m-%d"))
    )  # fmt: skip
    if excel:
        serial = unless(~day.str.contains(r"^[0-9]{5}(?:[.]0+)?\z"), day).str.slice(0, 5).cast(pl.Int64, strict=False)
        counted = (pl.lit("1899-12-30").str.to_date() + pl.duration(days=serial)).dt.strftime("%Y-%m-%d")
        iso = iso.when(serial.is_between(20_000, 60_000)).then(counted)
    return iso


def moment_of(text: Expr) -> Expr:
    """Epoch milliseconds on the clock of the city."""
    millis = unless(~text.str.contains(MILLIS), text).cast(pl.Int64, strict=False)
    return ((millis + 28_800_000) * 1000).cast(pl.Datetime("us"))
