"""Sums of digits by weight, which check characters follow from, and the check character of ISO 7064 MOD 37,36.

Here: the sums, in the form that engines plan fast. Not here: which number has which weights, and what the sum means.

An engine plans an expression in the square of its depth: a chain of 17 additions took a tenth of a second for each column, however few
its rows. So sums are balanced, and rules name what they compute in between (`rules.parse`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pyspark.sql import Column
from pyspark.sql import functions as F

ZERO = ord("0")
ALPHANUMERIC = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def balanced_sum(terms: Iterable[Column]) -> Column:
    """The sum of at least one column, as a balanced tree."""
    level = list(terms)
    while len(level) > 1:
        pairs = [a + b for a, b in zip(level[::2], level[1::2], strict=False)]
        level = [*pairs, level[-1]] if len(level) % 2 else pairs
    return level[0]


def ranked(text: Column, alphabet: str) -> Column:
    """The text with each character of the alphabet replaced by the one as far behind `0` as its place in the alphabet."""
    return F.translate(text, alphabet, "".join(chr(ZERO + i) for i in range(len(alphabet))))


def character(alphabet: str, place: Column) -> Column:
    """The character of the alphabet at a place counted from 0; NULL for NULL."""
    return F.when(place.isNotNull(), F.substring(F.lit(alphabet), place.cast("int") + 1, F.lit(1)))  # Sail takes NULL for 0


def sum_of_ranks(ranks: Column, weights: Sequence[int]) -> Column:
    """The sum of the places in the alphabet, each by its weight, of a text from `ranked`; NULL for NULL."""
    terms = (F.ascii(F.substring(ranks, place, 1)) * weight for place, weight in enumerate(weights, 1))
    return F.when(ranks.isNotNull(), balanced_sum(terms) - ZERO * sum(weights))  # Sail's ascii of NULL is 0


def sum_of_digits(number: Column, weights: Sequence[int]) -> Column:
    """The sum of the last digits of a whole number of up to nine, each by its weight.

    floor(n / 10^k) is taken once for each k: it is ten times the next, and a digit.
    """
    places = weights[::-1]
    factors = [w - 10 * less for w, less in zip(places, (0, *places), strict=False)]
    return balanced_sum(F.floor(number / 10**k) * factor for k, factor in enumerate(factors))


def mod_37_36(text: Column) -> Column:
    """The check character of a text of digits and capital letters by ISO 7064 MOD 37,36; NULL for NULL."""
    characters = F.filter(F.split(ranked(text, ALPHANUMERIC), ""), lambda c: c != "")
    places = F.transform(characters, lambda c: F.ascii(c) - ZERO)
    product = F.aggregate(places, F.lit(36), lambda p, place: F.pmod(2 * (F.pmod(p + place - 1, F.lit(36)) + 1), F.lit(37)))
    return character(ALPHANUMERIC, F.pmod(37 - product, F.lit(36)))
