"""Red lines over four nights: one is moved, one withdrawn, one corrected, and a list that comes late changes what lies behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from assets.declare import cleansed, declared, lake_asset
from pipelines.runtime import Runtime
from pipelines.steps.derive import derive
from tests.cleansed.nights import night
from tests.deliveries import deliver

NIGHTS = ("2019-12-28", "2019-12-29", "2019-12-30", "2019-12-31")
SOURCE = "natural_resources/red_line"
MADE = ("base/geography/red_line", "themes/ecology/red_line_change")
WITH_CLOSED = cleansed(SOURCE, closed=True)
OTHERS = 20
"""Red lines that stay as they are: a list that lost a tenth of its lines would be held."""
Installation = Callable[..., Runtime]


def square(code: str, east: int, valid_from: str, side: int = 1000) -> dict[str, Any]:
    """A square of the plane, 100 ha unless said otherwise."""
    x, y = 450_000 + east, 3_590_000
    ring = f"{x} {y},{x + side} {y},{x + side} {y + side},{x} {y + side},{x} {y}"
    return {
        "red_line_code": code, "name": code, "kind": "ECOLOGICAL", "county6": "321012", "geometry": f"POLYGON(({ring}))",
        "valid_from": valid_from, "update_time": "2018-06-30 10:00:00",
    }  # fmt: skip


STAY = [square(f"S{n:02}", 5000 * n, "2018-06-09") for n in range(1, OTHERS + 1)]
LISTS = {
    NIGHTS[0]: [square("MOVED", 0, "2018-06-09"), square("GONE", 0, "2018-06-09"), square("WRONG", 0, "2018-06-09", side=900)],
    NIGHTS[1]: [square("MOVED", 200, "2019-12-29"), square("GONE", 0, "2018-06-09"), square("WRONG", 0, "2018-06-09")],
    NIGHTS[2]: [square("MOVED", 200, "2019-12-29"), square("WRONG", 0, "2018-06-09")],
    NIGHTS[3]: [square("MOVED", 200, "2019-12-29"), square("WRONG", 0, "2018-06-09"), square("NEW", 0, "2019-12-31", side=100)],
}


def told(city: Runtime, nights: Iterable[str]) -> list[tuple[Any, ...]]:
    """What the changes say of the red lines that do not stay, after these lists arrived in this order."""
    for day in nights:
        deliver(city, SOURCE, day, [*STAY, *LISTS[day]], crs="GK120")
        night(city, SOURCE, day)
    for name in MADE:
        derive(city, declared()[name], date.fromisoformat(NIGHTS[-1]), f"{name}{'-'.join(nights)}".replace("/", "-"))
    rows = city.lake.read(city.spark, MADE[1]).where("red_line_code NOT LIKE 'S%'").collect()
    columns = ("red_line_code", "changed_on", "change", "area_before_ha", "area_after_ha", "lost_ha", "gained_ha")
    return sorted((r[0], r[1].isoformat(), r[2], *(round(v, 1) for v in r[3:])) for r in (tuple(row[c] for c in columns) for row in rows))


def ha(*sizes: int) -> tuple[Decimal, ...]:
    return tuple(Decimal(f"{size}.0") for size in sizes)


def test_what_is_moved_withdrawn_corrected_and_new(installation: Installation) -> None:
    """In order, and with the second list after all others: the day on which a line went follows from the lists, not from arrival."""
    expected = [
        ("GONE", "2018-06-09", "DESIGNATED", *ha(0, 100, 0, 100)),
        ("GONE", "2019-12-30", "WITHDRAWN", *ha(100, 0, 100, 0)),
        ("MOVED", "2018-06-09", "DESIGNATED", *ha(0, 100, 0, 100)),
        ("MOVED", "2019-12-29", "ADJUSTED", *ha(100, 100, 20, 20)),
        ("NEW", "2019-12-31", "DESIGNATED", *ha(0, 1, 0, 1)),
        ("WRONG", "2018-06-09", "DESIGNATED", *ha(0, 100, 0, 100)),
    ]
    assert told(installation("in_order", departments=[SOURCE]), NIGHTS) == expected
    first, second, *rest = NIGHTS
    late = installation("late", departments=[SOURCE])
    without = told(late, [first, *rest])
    assert ("GONE", "2019-12-30", "WITHDRAWN", *ha(100, 0, 100, 0)) in without
    assert told(late, [second]) == expected


def test_closed_rows_are_read_by_who_asks_for_them() -> None:
    """A table that asks for closed rows and declares touched units is refused: a row that closes would touch nothing."""
    asks = {name: sorted(asset.closed) for name, asset in declared().items() if asset.closed}
    assert asks == {"base/geography/red_line": ["source"]}
    touch = declared()["themes/ecology/air_day"].touch
    assert touch is not None
    with pytest.raises(TypeError, match="reads closed rows of source"):

        @lake_asset("base/geography/tried", unit=touch.unit, touch={})
        def tried(source: Any = WITH_CLOSED) -> None: ...
