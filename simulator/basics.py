"""Small tools every part of the demo city uses: seeded streams, days, texts of days, identity numbers.

Here: vectorised helpers without any knowledge of a department. Not here: what a department's table looks like.
Days are numpy `datetime64[D]`; an absent day is NaT and its text is None. Texts are object arrays.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import pandas as pd
import yaml

NIGHTS = (date(2019, 12, 29), date(2019, 12, 30), date(2019, 12, 31))
AS_OF = np.datetime64(NIGHTS[-1])
FIRST_NIGHT = np.datetime64(NIGHTS[0])
DIVISION = "321099"
NAT = np.datetime64("NaT", "D")
_EPOCH = np.datetime64("1900-01-01")
_DAYS = np.datetime_as_string(_EPOCH + np.arange(60_000)).astype(object)
_CLOCK = np.char.replace(np.datetime_as_string(np.datetime64("2000-01-01T00:00:00") + np.arange(86_400)), "2000-01-01T", "").astype(object)
_WEIGHTS = np.array([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2])
_CREDIT_CHARACTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CHECK = np.array(list("10X98765432"))


@cache
def rates() -> dict[str, Any]:
    """The rates and sizes of the demo city (rates.yaml)."""
    return yaml.safe_load(Path(__file__).with_name("rates.yaml").read_text(encoding="utf-8"))


def stream(seed: int, name: str) -> np.random.Generator:
    """A random stream of its own per part, so that a change in one part leaves the others as they were."""
    return np.random.default_rng([seed, crc32(name.encode())])


def as_days(values: Any) -> np.ndarray:
    return np.asarray(values, dtype="datetime64[D]")


def day_text(days: np.ndarray) -> np.ndarray:
    """`yyyy-MM-dd`, None where absent."""
    days = as_days(days)
    missing = np.isnat(days)
    out = _DAYS[np.where(missing, _EPOCH, days).astype("datetime64[D]").astype(int) - _EPOCH.astype(int)]
    out[missing] = None
    return out


def clock_text(days: np.ndarray, seconds: np.ndarray) -> np.ndarray:
    """`yyyy-MM-dd HH:mm:ss`, None where absent. `seconds` since midnight."""
    out = day_text(days)
    there = ~np.isnat(as_days(days))
    out[there] = out[there] + " " + _CLOCK[np.asarray(seconds)[there]]
    return out


def office_seconds(rng: np.random.Generator, n: int) -> np.ndarray:
    """Seconds since midnight in office hours, 08:00 to 17:30."""
    return rng.integers(8 * 3600, 17 * 3600 + 1800, n)


def night_of(days: np.ndarray) -> np.ndarray:
    """The night (0, 1, 2) on which what happened on a day is delivered; -1 for what comes after the last night."""
    late = (as_days(days) - FIRST_NIGHT).astype(int)
    return np.where(late <= 0, 0, np.where(late > 2, -1, late))


@cache
def _day_weights() -> tuple[np.datetime64, np.ndarray]:
    """Cumulative weight of every day: Monday peak, quiet weekends and the first days of October and the year."""
    first = np.datetime64("2005-01-01")
    days = pd.DatetimeIndex(first + np.arange(7_000))
    weight = np.array(rates()["weekday_weights"])[days.dayofweek]
    holiday = ((days.month == 10) & (days.day <= 7)) | ((days.month == 1) & (days.day <= 3))
    return first, np.concatenate([[0.0], np.cumsum(np.where(holiday, weight * 0.3, weight))])


def working_days(rng: np.random.Generator, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """One day per row in [low, high], as busy as the days of a week are. `high` below `low` gives `low`."""
    first, cumulative = _day_weights()
    a = (as_days(low) - first).astype(int)
    b = np.maximum((as_days(high) - first).astype(int), a)
    at = cumulative[a] + rng.random(len(a)) * (cumulative[b + 1] - cumulative[a])
    return first + np.clip(np.searchsorted(cumulative, at, side="right") - 1, a, b)


def between(rng: np.random.Generator, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """One day per row, uniform in [low, high]."""
    low, high = as_days(low), as_days(high)
    return low + (rng.random(len(low)) * np.maximum((high - low).astype(int) + 1, 1)).astype(int)


def numbers(values: np.ndarray, width: int = 0) -> np.ndarray:
    """Integers as text, zero-padded to `width`."""
    text = np.asarray(values, dtype=np.int64).astype(str)
    return (np.char.zfill(text, width) if width and len(text) else text).astype(object)


def decimals(values: np.ndarray, places: int) -> np.ndarray:
    """Numbers as text with a fixed number of decimal places."""
    scaled, unique = np.unique(np.round(np.asarray(values, dtype=float) * 10**places).astype(np.int64), return_inverse=True)
    return np.array([f"{v / 10**places:.{places}f}" for v in scaled.tolist()], dtype=object)[unique]


def pick(rng: np.random.Generator, choices: Sequence[Any] | np.ndarray, n: int, p: list[float] | None = None) -> np.ndarray:
    """`n` drawn values as an object array; `p` are weights of any sum."""
    weights = None if p is None else np.asarray(p, dtype=float) / np.sum(p)
    return np.array(list(choices), dtype=object)[rng.choice(len(choices), n, p=weights)]


def only(mask: np.ndarray, values: Any, otherwise: Any = None) -> np.ndarray:
    """`values` where the mask holds, else None (or `otherwise`), as an object array."""
    out = np.full(len(mask), otherwise, dtype=object)
    out[mask] = values[mask] if isinstance(values, np.ndarray) else values
    return out


def identity_numbers(birth: np.ndarray, sequence: np.ndarray) -> np.ndarray:
    """18-character numbers of the test division: 321099, birth date, sequence, MOD 11-2 check character."""
    ymd = np.char.replace(np.datetime_as_string(as_days(birth)), "-", "")
    body = np.char.add(np.char.add(DIVISION, ymd), np.char.zfill(np.asarray(sequence).astype(str), 3))
    digits = np.ascontiguousarray(body).view("U1").reshape(len(body), 17).astype(int)
    return np.char.add(body, _CHECK[(digits * _WEIGHTS).sum(axis=1) % 11]).astype(object)


def organisation_numbers(county6: np.ndarray, sequence: np.ndarray) -> np.ndarray:
    """Unified social credit codes of invented enterprises (GB 32100): 91, county, the organisation code FAKE and a sequence, check."""
    return np.array([credit_code(f"91{county}", f"FAKE{n:04}") for county, n in zip(county6, sequence, strict=True)], dtype=object)


def credit_code(head: str, body: str) -> str:
    """A credit code from its first 8 characters and the first 8 of the organisation code (GB 32100, GB 11714)."""
    modulo = 11 - sum(w * int(c, 36) for w, c in zip((3, 7, 9, 10, 5, 8, 4, 2), body, strict=True)) % 11
    code = head + body + ("X" if modulo == 10 else str(modulo % 11))
    total = sum(3**i % 31 * _CREDIT_CHARACTERS.index(c) for i, c in enumerate(code))
    return code + _CREDIT_CHARACTERS[-total % 31]


def one_for_each(people: int, least: int, each: int) -> int:
    """A number with one for so many people, and at least some."""
    return max(least, people // each)


def counts(base: float, people: int, minimum: int = 1) -> int:
    """A small number that grows with the city: `base` per `rates: reference_people`."""
    return max(minimum, round(base * people / rates()["reference_people"]))
