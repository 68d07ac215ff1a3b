"""The comparison with other ways compares like with like: every contestant makes the same tables out of the same deliveries."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import write_deltalake

MISSING = [p for p in ("duckdb", "matplotlib", "polars") if find_spec(p) is None]
if MISSING and os.environ.get("CI") != "true":
    pytest.skip(f"{', '.join(MISSING)} not installed: install the extra `bench`", allow_module_level=True)

from bench import report  # noqa: E402
from bench.__main__ import CONTESTANTS, LARGEST, REFERENCE, chosen  # noqa: E402
from bench.compare import differences  # noqa: E402
from bench.job import Output, outputs  # noqa: E402
from bench.measure import ContestantFailed, Cost, run, tree  # noqa: E402

RIVALS = ("on_duckdb", "on_polars", "on_pandas")


@pytest.mark.parametrize("rival", RIVALS)
def test_every_table_comes_out_equal(rival: str, source: Path, ours: tuple[Path, Cost], tmp_path: Path) -> None:
    folder, cost = ours
    other = run(rival, source, tmp_path / rival)
    assert [found for output in outputs() if (found := differences(folder, tmp_path / rival, output))] == []
    assert {o.name for o in outputs()} <= set(cost.seconds)
    assert {o.name for o in outputs()} <= set(other.seconds)
    for c in (cost, other):
        assert c.wall > 0
        assert c.cpu > 0
        assert c.memory > 50 << 20
        assert c.written > 100 << 10


def test_the_inputs_hold_what_the_rules_are_there_for(ours: tuple[Path, Cost]) -> None:
    import duckdb
    from deltalake import DeltaTable

    def values(table: str, what: str) -> set[str]:
        files = DeltaTable(str(ours[0] / table)).file_uris()
        return {value for (value,) in duckdb.sql(f"SELECT DISTINCT v FROM (SELECT {what} AS v FROM read_parquet({files}))").fetchall()}

    assert {"CLOSED", "DUPLICATE", "DECEASED", "FAKE_SUSPECT", "DORMANT", "ACTIVE"} <= values("themes/health/archive", "state")
    assert {"U3", "N1", "F1", "F4"} <= values("themes/health/archive", "unnest(rules)")
    assert values("base/population/scored_match", "decision") == {"LINK", "REVIEW"}
    assert {"NAME", "BIRTH", "PHONE", "VILLAGE", "NUMBER_ONE_EDIT"} <= values("base/population/scored_match", "unnest(evidence)")


def test_a_difference_is_found(tmp_path: Path) -> None:
    output = Output("themes/health/x", ("key",), ("key", "value", "list"))

    def made(name: str, **changed: list[object]) -> Path:
        columns = {"key": [1, 2, 3], "value": [0.1 + 0.2, 1.0, None], "list": [["a"], [], None], "more": [name] * 3} | changed
        columns["more"] = [name] * len(columns["key"])
        write_deltalake(str(tmp_path / name / output.name), pa.table({c: columns[c] for c in sorted(columns)}))
        return tmp_path / name

    one = made("one")
    assert differences(one, made("same", key=[3, 2, 1], value=[None, 1.0, 0.3], list=[None, [], ["a"]]), output) is None
    assert "1: value 0.3 <> 0.4" in str(differences(one, made("value", value=[0.4, 1.0, None]), output))
    assert "3: value None <> 0.0" in str(differences(one, made("null", value=[0.3, 1.0, 0.0]), output))
    assert "2: list [] <> None" in str(differences(one, made("list", list=[["a"], None, None]), output))
    twice = made("twice", key=[1, 2, 3, 3], value=[0.3, 1.0, None, None], list=[["a"], [], None, None])
    assert "3 rows, 4 rows" in str(differences(one, twice, output))
    assert "types" in str(differences(one, made("type", key=["1", "2", "3"]), output))


def test_a_contestant_that_fails_is_not_measured(tmp_path: Path) -> None:
    with pytest.raises(ContestantFailed, match=r"spec\.json"):
        run("on_duckdb", tmp_path / "nothing", tmp_path / "out")
    with pytest.raises(ContestantFailed, match="needs more than"):
        run("on_duckdb", tmp_path / "nothing", tmp_path / "out", memory_limit=1 << 20)


def test_a_contestant_for_small_sizes_is_left_out_of_larger_ones() -> None:
    names = [REFERENCE, "on_pandas"]
    assert chosen(names, LARGEST["on_pandas"]) == (names, {})
    kept, left_out = chosen(names, 2 * LARGEST["on_pandas"])
    found = report.summary({REFERENCE: [Cost(1, 1, 1, 1, {})]}, left_out, CONTESTANTS, "920,000 people")
    assert kept == [REFERENCE]
    assert "pandas + delta-rs: left out, it is run up to a size of 0.1\n" in report.table(found)


def test_what_descends_from_a_process_counts() -> None:
    before, _ = tree(os.getpid())
    busy = (
        "b = bytearray(200 << 20); b[::4096] = b'x' * len(b[::4096]); print(flush=True); sum(range(20_000_000)); print(flush=True); input()"
    )
    with subprocess.Popen([sys.executable, "-c", busy], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        child.stdout.readline()
        memory, seconds = tree(os.getpid())
        assert memory - before > 150 << 20, "others of this process may have let go of something meanwhile"
        assert seconds[child.pid] > 0.1
        child.communicate(b"\n")


def test_ratios_are_those_of_the_medians(tmp_path: Path) -> None:
    def costs(*walls: float) -> list[Cost]:
        return [Cost(w, 2 * w, 1 << 30, 1 << 20, {"a": w}) for w in walls]

    found = report.summary({REFERENCE: costs(2, 9, 4), "on_duckdb": costs(1, 2, 6)}, {"on_polars": "no"}, CONTESTANTS, "46,000 people")
    wall = found["contestants"]["on_duckdb"]["wall"]
    assert wall == {"median": 2, "min": 1, "max": 6, "ratio": 0.5}
    assert "| DuckDB + delta-rs | 2.0 (1.0–6.0) | 0.50 | 4.0 (2.0–12.0) | 0.50 | 1,024.0 | 1.00 |" in report.table(found)
    assert "Polars + delta-rs: no" in report.table(found)
    report.chart(found, tmp_path / "chart.svg")
    assert (tmp_path / "chart.svg").read_text().count("<path") > len(found["contestants"])
