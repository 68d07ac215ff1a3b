"""Deliveries in any order, folded one by one or together, each sent three times, end in the same table, and so does what is made of it.

That table is the one a rebuild makes: it folds all deliveries at once and knows nothing of the order they came in.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import date
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from assets.cleansed import merge
from assets.declare import TableAsset
from pipelines.runtime import Runtime
from pipelines.steps.cleanse import plan
from pipelines.steps.derive import derive
from tests.cleansed.nights import certificate, crowd, examination, fold, ledger, published, quarantined, staff, take_in
from tests.deliveries import deliver

pytestmark = [pytest.mark.slow, pytest.mark.proves("F16", "H2")]
DAYS = ("2019-12-28", "2019-12-29", "2019-12-30", "2019-12-31")
TIMES = ("2019-12-20 09:00:00", "2019-12-21 09:00:00")
SENT = 3
CHECKED = settings(
    max_examples=3, deadline=None, database=None, derandomize=True, phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
Rows = list[dict[str, Any]]

people = st.fixed_dictionaries({k: st.sampled_from(("absent", "old", "new")) for k in "ABC"})
event = st.tuples(st.sampled_from("ABC"), st.sampled_from(("120", "130", "?")), st.sampled_from(TIMES))
events = st.lists(event, min_size=1, max_size=4)


@CHECKED
@given(held=st.tuples(*[people] * 4), order=st.permutations(range(4)), together=st.sets(st.integers(0, 2)))
def test_snapshots(installation: Callable[..., Runtime], held: Any, order: list[int], together: set[int], proven: Any) -> None:
    drops = [[staff(k, title=title) for k, title in day.items() if title != "absent"] + crowd() for day in held]
    columns = ("title", "_op", "_closed_on", "_seen", "_seq", "_codes", "_row_no")
    _same_in_any_order(installation, "health/staff", drops, order, together, columns)
    _prove(proven, "staff, delivered as whole snapshots")


CONTESTED_THEN_DECIDED: Any = ([("A", "120", TIMES[0])], [("A", "130", TIMES[0])], [("B", "?", TIMES[0])], [("A", "120", TIMES[1])])


@CHECKED
@example(told=CONTESTED_THEN_DECIDED, order=[1, 0, 3, 2], together=set())
@given(told=st.tuples(*[events] * 4), order=st.permutations(range(4)), together=st.sets(st.integers(0, 2)))
def test_events(installation: Callable[..., Runtime], told: Any, order: list[int], together: set[int], proven: Any) -> None:
    """Within a delivery every event is there once; keys, answers and times clash freely, and some rows are unusable."""
    drops: list[Rows] = []
    for day in told:
        rows = [examination(k, sbp=answer, input_time=time) for k, answer, time in day if answer != "?"]
        rows += [examination(k, exam_date="?", input_time=time) for k, answer, time in day if answer == "?"]
        drops.append([*rows, examination("N")])
    _same_in_any_order(installation, "health/examination", drops, order, together, ("sbp", "_seq", "_codes", "_business_date", "_row_no"))
    _prove(proven, "examinations, appended")


@CHECKED
@given(told=st.tuples(*[events] * 4), order=st.permutations(range(4)), together=st.sets(st.integers(0, 2)))
def test_changes(installation: Callable[..., Runtime], told: Any, order: list[int], together: set[int], proven: Any) -> None:
    """A certificate is corrected by a later one; some are unusable."""
    drops = [[certificate(k, report_org=a, update_time=t) if a != "?" else certificate(k, death_datetime=a, update_time=t)
              for k, a, t in {(k, t): (k, a, t) for k, a, t in day}.values()] for day in told]  # fmt: skip
    _same_in_any_order(installation, "health/death_certificate", drops, order, together, ("report_org", "_seq", "_codes", "_row_no"))
    _prove(proven, "death certificates, delivered as changes")


@pytest.fixture(autouse=True)
def _written_anew_only_for_a_rebuild(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tables are small and taken for large ones, in which a night writes only what changes, and folds it in parts."""
    monkeypatch.setattr(plan, "CHANGED_FROM_ROWS", 0)
    monkeypatch.setattr(merge, "ROWS_PER_BUCKET", 3)


_numbers = count()
DERIVED = "themes/health/indicator"


def _prove(proven: Any, what: str) -> None:
    proven(
        done=f"{what}: 4 deliveries in drawn orders, folded alone or together, each sent 3 times",
        seen=f"{CHECKED.max_examples} draws: table, quarantine and a table made of them as a rebuild makes them; balanced ledger",
    )


def _made_of(city: Runtime, table: str) -> list[tuple[Any, ...]]:
    """How many rows each delivery has in the table, by a step of its own; the rows of that."""

    def counted(rows: DataFrame) -> DataFrame:
        per_day = rows.groupBy(F.date_format("_business_date", "yyyyMMdd").substr(3, 6).alias("div_code")).agg(F.count("*").alias("n"))
        others = {c.name: F.col("n") for c in city.contracts[DERIVED].columns}
        texts = {"indicator": "archive_rate", "period_kind": "year", "period": "2019", "div_level": "county", "basis": "raw", "unit": "%",
                 "state": "MET", "rule_version": "1"}  # fmt: skip
        counts = {"numerator": F.lit(0), "denominator": F.lit(0)}  # so that counties make the city
        given = {"div_code": F.col("div_code"), **counts, **{name: F.lit(text) for name, text in texts.items()}}
        return per_day.select(*[c.alias(n) for n, c in {**others, **given}.items()])

    asset = TableAsset(DERIVED, counted, inputs={"rows": f"cleansed/{table}"}, parameters={})
    derive(city, asset, date.fromisoformat(DAYS[-1]), f"run{next(_numbers)}")
    found = city.lake.arrow(DERIVED)
    assert found is not None
    return sorted(tuple(r.values()) for r in found.to_pylist())


def _same_in_any_order(
    installation: Callable[..., Runtime], table: str, drops: list[Rows], order: list[int], together: set[int], columns: tuple[str, ...]
) -> None:
    """Deliver in `order`; after the places in `together` the drop is not folded alone but with the next one."""
    city = installation(f"city-{next(_numbers)}")
    same_extract = {} if table == "health/staff" else {"extract_ts": f"{DAYS[-1]}T22:00:00+08:00"}
    for place, i in enumerate(order):
        deliver(city, table, DAYS[i], drops[i], **same_extract)
        assert [take_in(city, table, DAYS[i]).changed for _ in range(SENT)] == [True, False, False]
        if place not in together:
            assert [fold(city, table, DAYS[i]).changed for _ in range(SENT)] == [True, False, False]
            deliver(city, table, DAYS[i], drops[i], **same_extract)
    end, made = _end(city, table, columns), _made_of(city, table)
    _accounts_agree(city, table, drops)
    fold(city, table, DAYS[-1], rebuild=True)
    assert (_end(city, table, columns), _made_of(city, table)) == (end, made)


def _end(city: Runtime, table: str, columns: tuple[str, ...]) -> tuple[Any, Any]:
    return published(city, table, *columns), quarantined(city, table, "_business_date", "_row_no", "codes", "raw")


def _accounts_agree(city: Runtime, table: str, drops: list[Rows]) -> None:
    """The ledger adds up for every batch, and its quarantine is the one that is there."""
    total: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in ledger(city, table):
        for name in ("rows_in", "published", "quarantined", "duplicates"):
            total[row["business_date"].isoformat()][name] += row[name]
    held = [d.isoformat() for (d,) in quarantined(city, table, "_business_date")]
    for day, rows in zip(DAYS, drops, strict=True):
        told = total[day]
        assert told["rows_in"] == len(rows) == told["published"] + told["quarantined"] + told["duplicates"]
        assert told["quarantined"] == held.count(day)
