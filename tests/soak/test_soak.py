"""A short soak: nights with chosen faults, after each of which every invariant holds; and the figures a long one is judged by."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.soak.chart import draw
from tests.soak.nights import Soak
from tests.soak.verdict import verdict

FAULTS = ([], ["crash", "missing drop"])


@pytest.mark.proves("F7", "H1")
@pytest.mark.slow
def test_after_every_night_everything_holds(tmp_path: Path, proven: Callable[..., None]) -> None:
    soak = Soak(tmp_path / "city", nights=len(FAULTS), people=200, seed=5)
    told = [soak.night(day, faults) for day, faults in zip(soak.departments.days, FAULTS, strict=True)]
    assert [t.violated for t in told] == [[], []]
    assert [(t.release, t.outcome.split(":")[0], t.runs) for t in told] == [(1, "well", 1), (3, "failed", 2)]
    assert soak.owed != []
    done = "a night without one department's drop, a step of which dies after its stage, then the same date again"
    proven(done=done, seen=f"{told[-1].holding} of {told[-1].applying} invariants hold afterwards")


def nights(*peaks: float, **last: Any) -> dict[str, Any]:
    each = {"faults": ["crash"], "outcome": "died", "runs": 2, "cpu_seconds": 9.0, "violated": []}
    each |= {"own_peak_mb": 450.0, "engine_peak_mb": 250.0, "end_mb": 400.0, "peak_at": "base/population/person"}
    found = [{**each, "peak_mb": peak} for peak in peaks]
    found[-1] |= last
    return {"people": 200, "seed": 1, "asked": len(peaks), "nights": found, "compared": 29, "different": []}


def test_memory_that_grows_is_seen() -> None:
    flat = verdict(nights(*[500] * 6, *[540] * 5))
    assert all(good for good, _ in flat.values())
    assert flat["memory"][1].endswith("of the last 5: 540 MB (+8.0%)")
    assert not verdict(nights(*[500] * 6, *[560] * 5))["memory"][0]


def test_one_violation_or_one_different_table_is_enough() -> None:
    assert not verdict(nights(500, 500, violated=["person_once: …"]))["invariants"][0]
    assert not verdict({**nights(500), "different": ["base/population/person"]})["rebuild"][0]
    assert not verdict({**nights(500), "compared": 0})["rebuild"][0]
    assert not verdict({**nights(500), "asked": 2})["nights"][0]


def test_the_same_figures_make_the_same_picture(tmp_path: Path) -> None:
    for name in ("one", "other"):
        draw(nights(500, 700, 600), tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()
    assert ">crash<" in (tmp_path / "one").read_text()
