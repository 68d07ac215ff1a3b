"""How far ours is from only reading and writing: every table has its figures, and what is read is what the declarations name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assets.declare import declared
from bench.job import DERIVED, SOURCES
from bench.limits import main
from bench.measure import Cost

PRUNED = {"base/population/scored_match": {"cleansed/health/death_certificate"}}
"""Table -> inputs none of whose few files may have what is asked for: every certificate of so small a city has a number."""


def test_every_table_has_its_limit(source: Path, ours: tuple[Path, Cost], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made, cost = ours
    size, figures = source.name.removeprefix("inputs-"), tmp_path / "limits.json"
    assert main(["--size", size, "--folder", str(source.parent), "--outputs", str(made), "--json", str(figures)]) == 0
    found, printed = json.loads(figures.read_text(encoding="utf-8")), capsys.readouterr().out
    names = [f"cleansed/{s}" for s in SOURCES] + list(DERIVED)
    assert list(found["tables"]) == [*names, "all"]
    for name, t in found["tables"].items():
        assert f"| {name} |" in printed
        assert min(t.values()) > 0
        assert t["sum"] == pytest.approx(t["scan"] + t["write"])
        assert t["ratio"] == pytest.approx(t["ours"] / t["sum"])
    assert found["tables"]["all"]["ours"] == pytest.approx(sum(cost.seconds[n] for n in names))
    for name in DERIVED:
        read = {Path(folder).relative_to(made.resolve()).as_posix(): columns for folder, columns in found["reads"][name].items()}
        assert set(read) == set(declared()[name].inputs.values())
        unread = {table for table, columns in read.items() if not columns}
        assert unread <= PRUNED.get(name, set()), "nothing is an input of which no column is read"
    assert "ehr_no" in found["reads"]["cleansed/health/archive"][str(source.resolve() / "raw/health/archive")]
