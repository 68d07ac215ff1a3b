"""Well-known text: which geometries are taken, in degrees and in the plane, and which cannot be drawn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.standards.corpus.values import GEOMETRIES

Parse = Callable[..., Any]
GOOD = (
    "POINT(119.5 32.4)",
    "point (119.5  32.4)",
    "LINESTRING(119.5 32.4, 119.6 32.5,119.6 32.6)",
    "POLYGON((119.5 32.4,119.6 32.4,119.6 32.5,119.5 32.4))",
    "POLYGON((119.5 32.4,119.6 32.4,119.6 32.5,119.5 32.4),(119.55 32.41,119.56 32.41,119.56 32.42,119.55 32.41))",
    "MULTIPOLYGON(((119.5 32.4,119.6 32.4,119.6 32.5,119.5 32.4)),((119.7 32.4,119.8 32.4,119.8 32.5,119.7 32.4)))",
)
WIDE = "POINT（１１９.５ 32.4）"
IN_THE_PLANE = "POINT(447105.184 3585904.025)"


def test_what_can_be_drawn_in_the_city_is_taken_as_it_is(parse_all: Parse) -> None:
    answers = dict(zip(GEOMETRIES, parse_all("geometry", GEOMETRIES, crs="CGCS2000"), strict=True))
    assert {text for text, (value, _) in answers.items() if value is not None} == {*GOOD, WIDE}
    assert {text: answers[text] for text in GOOD} == {text: (text, []) for text in GOOD}
    assert answers[WIDE] == ("POINT(119.5 32.4)", ["F_WIDTH"])
    assert {tuple(codes) for value, codes in answers.values() if value is None} == {("E_GEOMETRY",)}


def test_positions_are_those_of_the_stated_system(parse_all: Parse) -> None:
    zoned = "POINT(40447105.184 3585904.025)"
    for crs, right in (("GK120", IN_THE_PLANE), ("GK40", zoned), ("WGS84", "POINT(119.5 32.4)")):
        asked = [IN_THE_PLANE, zoned, "POINT(119.5 32.4)"]
        answers = dict(zip(asked, parse_all("geometry", asked, crs=crs), strict=True))
        assert [text for text, (value, _) in answers.items() if value is not None] == [right]


def test_a_ring_of_twenty_thousand_positions_is_taken(parse_all: Parse) -> None:
    """Long rings exhaust the stack of engines whose regular expressions recurse."""
    ring = ",".join(f"119.5{n:05} 32.{n:05}" for n in (*range(40_000, 60_000), 40_000))
    assert [len(value or "") for value, _ in parse_all("geometry", [f"POLYGON(({ring}))"], crs="CGCS2000")] == [len(ring) + 11]
