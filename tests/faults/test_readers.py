"""F13: readers look at a table again and again while some publishes go through and some are refused: they see whole, gated versions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import date, timedelta
from threading import Event, Thread
from typing import Any

import pytest
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from assets.declare import TableAsset
from pipelines.runtime import Runtime
from pipelines.steps.derive import derive
from pipelines.steps.outcome import GateFailed
from resources.lake import Lake

pytestmark = pytest.mark.slow
TABLE = "themes/health/indicator"
TIMES, EVERY = 50, 3
FIRST = date(2019, 12, 1)
Seen = set[tuple[int, int, int]]
"""Of one look at the table: which publish its rows are of (least, greatest), how many they are."""


def is_bad(number: int) -> bool:
    return number % EVERY == EVERY - 1


def size(number: int) -> int:
    """How many rows the publish of this number has."""
    return 3 + number % 7


def made(runtime: Runtime) -> TableAsset:
    """A table whose rows all carry the number of their publish; a bad one has one row twice."""

    def rows(as_of: date) -> DataFrame:
        number = (as_of - FIRST).days
        keys = F.when(F.lit(is_bad(number)), F.col("id") % (size(number) - 1)).otherwise(F.col("id"))
        texts = {"indicator": "archive_rate", "period_kind": "year", "period": "2019", "div_level": "county", "basis": "raw", "unit": "%",
                 "state": "MET", "rule_version": "1"}  # fmt: skip
        counts = {"numerator": F.lit(0), "denominator": F.lit(0)}  # so that counties make the city
        given = {"div_code": F.format_string("%06d", keys), **counts, **{n: F.lit(text) for n, text in texts.items()}}
        others = {c.name: F.lit(number) for c in runtime.contracts[TABLE].columns if c.name not in given}
        return runtime.spark.range(size(number)).select(*[c.alias(n) for n, c in {**given, **others}.items()])

    return TableAsset(TABLE, rows, inputs={}, parameters={"as_of": "as_of"})


def look_with_delta(runtime: Runtime) -> Seen:
    found = Lake(runtime.lake.root).arrow(TABLE, columns=["target"])
    if found is None:
        return set()
    numbers = [int(n) for n in found["target"].to_pylist()]
    return {(min(numbers), max(numbers), len(numbers))}


def look_with_the_engine(runtime: Runtime) -> Seen:
    lake = Lake(runtime.lake.root)
    if lake.version(TABLE) is None:
        return set()
    (row,) = lake.read(runtime.spark, TABLE).agg(F.min("target"), F.max("target"), F.count("*")).collect()
    return {(int(row[0]), int(row[1]), row[2])}


@pytest.mark.proves("F13")
def test_readers_see_whole_versions_that_passed_their_gate(installation: Callable[..., Runtime], proven: Any) -> None:
    city, over = installation(), Event()
    _ = city.spark  # functions of columns need a session
    asset, published = made(city), 0
    seen: dict[str, Seen] = {}
    looks, failures = Counter[str](), list[str]()

    def reader(name: str, look: Callable[[Runtime], Seen]) -> None:
        seen[name] = set()
        while not over.is_set():
            try:
                seen[name] |= look(city)
            except Exception as e:
                failures.append(f"{name}: {e}")
            looks[name] += 1

    looking = [Thread(target=reader, args=x) for x in (("delta-rs", look_with_delta), ("engine", look_with_the_engine))]
    for thread in looking:
        thread.start()
    try:
        for number in range(TIMES):
            with suppress(GateFailed):
                published += derive(city, asset, FIRST + timedelta(number), f"run{number}").changed
                assert not is_bad(number)
    finally:
        over.set()
        for thread in looking:
            thread.join()
    assert failures == []
    assert (published, city.lake.version(TABLE)) == (34, 33)
    allowed = {(number, number, size(number)) for number in range(TIMES) if not is_bad(number)}
    for name, found in seen.items():
        assert found <= allowed, name
        assert len(found) > 10, f"{name} has seen too little to tell"
    proven(
        done=f"{TIMES} publishes of a table, {TIMES - published} of them refused by their gate, while two readers look at it",
        seen=f"{looks['delta-rs']} looks with delta-rs, {looks['engine']} with the engine: whole versions, none refused",
    )
