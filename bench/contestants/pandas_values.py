"""Delivered texts in normal form, in pandas over Arrow's types: the functions that the rules share.

A slow way is taken by those values only that are not clean. Patterns go to Arrow as they are: `.str.contains` has Python compile
them first, which knows neither `\\z` nor `\\x{…}`, and `.str.replace` takes no groups.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from bench.contestants.in_python import kinship
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

TEXT, INT, FLOAT = pd.ArrowDtype(pa.string()), pd.ArrowDtype(pa.int64()), pd.ArrowDtype(pa.float64())
DATE, DAYS, MOMENT = pd.ArrowDtype(pa.date32()), pd.ArrowDtype(pa.int32()), pd.ArrowDtype(pa.timestamp("us"))
OF_TEXT, OF_NUMBER, OF_NAME = str.maketrans(NARROW), str.maketrans(OF_NUMBERS), str.maketrans(dict.fromkeys(DOTS, "·"))
EXCEL_EPOCH = -25_569
"""The day 1899-12-30."""
Fields = dict[str, pd.Series]


def once(x: pd.Series, read: Callable[[pd.Series], Fields]) -> Fields:
    """What `read` makes of a column, done once for each value that is there."""
    at, known = pd.factorize(x, use_na_sentinel=False)
    return {name: made.take(at).set_axis(x.index) for name, made in read(pd.Series(known)).items()}


def constant(value: Any, like: pd.Series | pd.DataFrame, dtype: Any = TEXT) -> pd.Series:
    """The same value for every row of another column or table."""
    return pd.Series(value, like.index, dtype=dtype)


def of(keys: pd.Series, facts: Any) -> Any:
    """What is known of each key: rows, or values, of facts that have it as their index."""
    return facts.reindex(keys).set_axis(keys.index)


def holds(condition: pd.Series) -> pd.Series:
    """A condition of which nothing is known does not hold."""
    return condition.fillna(False).astype(bool)


def picked(otherwise: pd.Series, *cases: tuple[pd.Series, Any]) -> pd.Series:
    """The value of the first case that holds."""
    for condition, value in reversed(cases):
        otherwise = otherwise.mask(holds(condition), value)
    return otherwise


def changed(x: pd.Series, where: pd.Series, how: Callable[[pd.Series], pd.Series]) -> pd.Series:
    """The column with what `how` makes of its values `where` something holds: it sees no others."""
    return x.mask(where, how(x[where])) if where.any() else x


def has(x: pd.Series, pattern: str) -> pd.Series:
    """Whether a pattern is found; not where there is no text."""
    return pd.Series(np.asarray(pc.match_substring_regex(pa.array(x), pattern).fill_null(False)), x.index)


def replaced(x: pd.Series, pattern: str, new: str) -> pd.Series:
    return pd.Series(pc.replace_substring_regex(pa.array(x, pa.string()), pattern, new), x.index, dtype=TEXT)


def group(x: pd.Series, pattern: str, number: int = 1) -> pd.Series:
    """What stands in a group of a pattern for whole texts; null where it is another text."""
    return replaced(x.where(has(x, pattern)), pattern, rf"\{number}")


def looked_up(x: pd.Series, table: Mapping[str, str]) -> pd.Series:
    return x.map(table).astype(TEXT)


def cleaned(x: pd.Series, clean: str, how: Callable[[pd.Series], pd.Series]) -> pd.Series:
    """The column with what `how` makes of the values that do not look clean; nothing of those with control characters."""
    return changed(x, x.notna() & ~has(x, clean), lambda odd: how(odd.mask(has(odd, CONTROL))))


def free_text(x: pd.Series) -> pd.Series:
    def plain(odd: pd.Series) -> pd.Series:
        return replaced(odd.mask(has(odd, CONTROL)).str.translate(OF_TEXT), HTML, " ").str.strip(BLANKS)

    return changed(x, has(x, ODD), plain)


def there(s: pd.Series) -> pd.Series:
    return s.mask(s.str.upper().isin(NOTHING))


def identity_form(x: pd.Series) -> pd.Series:
    return cleaned(x, IDENTITY, lambda odd: replaced(odd.str.translate(OF_NUMBER).str.upper(), IN_IDENTITY, ""))


def name_form(x: pd.Series) -> pd.Series:
    def spaced(odd: pd.Series) -> pd.Series:
        one = replaced(free_text(odd.str.translate(OF_NAME)), r"[ \t\r\n]+", " ")
        return changed(one, has(odd, f"[{HAN}]"), lambda han: han.str.replace(".", "·", regex=False).str.replace(" ", "", regex=False))

    return changed(x, x.notna() & ~has(x, CLEAN_NAME), spaced)


def name_key(name: pd.Series, variants: tuple[str, str]) -> pd.Series:
    """What a name in normal form is compared by."""
    plain = str.maketrans(*variants, " ·")
    return changed(name, has(name, rf"[^\x{{4e00}}-\x{{9fff}}]|[{variants[0]}]"), lambda odd: odd.str.translate(plain).str.upper())


def dates(digits: pd.Series) -> pd.Series:
    """The days that eight digits say; null where there is no such day."""
    number = digits.where(has(digits, DIGITS_OF_DAY)).astype(INT).fillna(0).to_numpy(np.int64)
    year, month, day = number // 10_000, number // 100 % 100, number % 100
    months = ((year - 1970) * 12 + month - 1).astype("datetime64[M]")
    days = months.astype("datetime64[D]") + (day - 1)
    real = (month > 0) & (month < 13) & (days.astype("datetime64[M]") == months)
    return pd.Series(pa.array(days, pa.date32(), mask=~real), digits.index, dtype=DATE)


def stamps(texts: pd.Series) -> pd.Series:
    """The moments that texts YYYY-MM-DD HH:MM:SS, with a fraction or without, say."""
    return pd.to_datetime(texts, format="ISO8601", errors="coerce").astype(MOMENT)


def listed(rows: pd.DataFrame, by: str, of: pd.Index, columns: list[str] | str, most: int | None = None) -> pd.Series:
    """For each of some keys the list of its rows, in their order: structs of `columns`, or the values of one; the first `most` of them."""
    at = of.get_indexer(rows[by])
    order = at.argsort(kind="stable")
    at, rows = at[order], rows.iloc[order]
    if most:
        few = np.arange(len(at)) - at.searchsorted(at) < most
        at, rows = at[few], rows[few]
    offsets = pa.array(at.searchsorted(np.arange(len(of) + 1)), pa.int32())
    table = pa.Table.from_pandas(rows[columns].to_frame() if isinstance(columns, str) else rows[columns], preserve_index=False)
    values = table[columns] if isinstance(columns, str) else table.to_struct_array()
    return pd.Series(pd.arrays.ArrowExtensionArray(pa.ListArray.from_arrays(offsets, values.combine_chunks())), of)


def flags(**conditions: pd.Series) -> pd.Series:
    """The names of the conditions that hold, as a list."""
    hit = np.column_stack([holds(c) for c in conditions.values()])
    offsets, at = np.concatenate([[0], hit.sum(axis=1).cumsum()]), hit.nonzero()[1]
    lists = pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), pa.array(list(conditions)).take(pa.array(at)))
    return pd.Series(pd.arrays.ArrowExtensionArray(pa.chunked_array([lists])), next(iter(conditions.values())).index)


def filled(lists: pd.Series) -> pd.Series:
    """Whether there is anything in a list."""
    return pd.Series(np.asarray(pc.list_value_length(pa.array(lists))) > 0, lists.index)


def among(lists: pd.Series, value: str) -> pd.Series:
    """Whether lists have a value."""
    said = lists.explode()
    return pd.Series(lists.index.isin(said.index[holds(said == value)]), lists.index)


def later(day: pd.Series, days: int) -> pd.Series:
    """The day so many days after."""
    return (day.astype(DAYS) + days).astype(DAYS).astype(DATE)


def latest(*days: pd.Series) -> pd.Series:
    return pd.Series(pc.max_element_wise(*map(pa.array, days)), days[0].index, dtype=DATE)


def months_before(day: date, months: int) -> date:
    before: date = (pd.Timestamp(day) - pd.DateOffset(months=months)).date()
    return before


def birth_of_number(number: pd.Series) -> pd.Series:
    return dates(number.str.slice(6, 14))


def check_digit(body: pd.Series) -> pd.Series:
    """The 18th character for 17 digits."""
    number = body.astype(INT).fillna(0).to_numpy(np.int64)
    total = sum(number // 10 ** (16 - i) % 10 * w for i, w in enumerate(WEIGHTS))
    return pd.Series(np.array(list("10X98765432"))[total % 11], body.index, dtype=TEXT).where(body.notna())


def same_name(own: pd.Series, anchor: pd.Series, former: pd.Series) -> pd.Series:
    """How two names agree: EXACT, FORMER, RARE, ONE_EDIT, NO_NAME; null when they contradict each other."""
    nameless, exact, old = own.isna() | anchor.isna(), holds(own == anchor), holds(own == former)
    asked, kin = holds(~nameless & ~exact & ~old), constant(None, own)
    kin[asked] = [kinship(a, b) for a, b in zip(own[asked], anchor[asked], strict=True)]
    return picked(kin, (nameless, "NO_NAME"), (exact, "EXACT"), (old, "FORMER"))


def iso_of(day: pd.Series, excel: bool) -> pd.Series:
    year, month, of_month = (group(day, WRITTEN, i).str.pad(2, fillchar="0") for i in (1, 2, 3))
    year = picked("19" + year, (year.str.len() == 4, year), (year < "30", "20" + year))
    cases = [
        (has(day, DAY), day),
        (has(day, DIGITS_OF_DAY), replaced(day, r"^(....)(..)(..)\z", r"\1-\2-\3")),
        (year.notna(), year + "-" + month + "-" + of_month),
        (has(day, MILLIS), moment_of(day).dt.date.astype(TEXT)),
    ]
    if excel:
        serial = day.where(has(day, SERIAL)).str.slice(0, 5).astype(DAYS)
        cases.append((serial.between(20_000, 60_000), later(serial.astype(DATE), EXCEL_EPOCH).astype(TEXT)))
    return picked(constant(None, day), *cases)


def moment_of(text: pd.Series) -> pd.Series:
    """Epoch milliseconds on the clock of the city."""
    millis = text.where(has(text, MILLIS)).astype(INT)
    return ((millis + 28_800_000) * 1000).astype(MOMENT)
