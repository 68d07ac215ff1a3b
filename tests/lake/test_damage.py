"""F11: a byte changes on the disk, or a file goes: whoever reads the table is told which file, and never gets other rows.

Parquet pages carry no checksums here: without the lake's own seals a third of the changed bytes would be read as other values.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable
from pyspark.sql import SparkSession

from resources.lake import Lake
from resources.seal import Damaged
from tests.story.city import Installation

TABLE = "themes/health/indicator"
VERSIONS, ROWS = 4, 50


def published(root: Path) -> Lake:
    lake = Lake(str(root / "lake"))
    for version in range(VERSIONS):
        stage = lake.stage(TABLE, "run")
        rows = {"id": [f"{version}-{n}" for n in range(ROWS)], "n": list(range(ROWS)), "day": [f"2019-12-{version + 1:02}"] * ROWS}
        stage.write_arrow(pa.table(rows).to_reader(), ["day"])
        lake.publish(stage, base_version=lake.version(TABLE), mode="append", partition_by=["day"])
    return lake


def data(folder: Path) -> Path:
    return sorted(folder.glob("stage-*/*/*.parquet"))[0]


def commit(number: int) -> Callable[[Path], Path]:
    return lambda folder: folder / "_delta_log" / f"{number:020}.json"


def checkpoint(folder: Path) -> Path:
    DeltaTable(folder).create_checkpoint()
    (found,) = (folder / "_delta_log").glob("*.checkpoint.parquet")
    return found


def flip(place: float) -> Callable[[Path], None]:
    """One bit of the byte at this share of the file."""

    def damage(file: Path) -> None:
        content = bytearray(file.read_bytes())
        content[int(place * len(content))] ^= 1
        file.write_bytes(content)

    return damage


def replace(old: str, new: str) -> Callable[[Path], None]:
    def damage(file: Path) -> None:
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new, 1))

    return damage


def cut(file: Path) -> None:
    """Its last line never got to the disk."""
    file.write_text("".join(file.read_text().splitlines(keepends=True)[:-1]))


FAULTS: dict[str, tuple[Callable[[Path], Path], Callable[[Path], None]]] = {
    "byte of a data page": (data, flip(0.1)),
    "byte of a footer": (data, flip(0.9)),
    "last byte of a data file": (data, flip(0.9999)),
    "data file cut": (data, lambda f: f.write_bytes(f.read_bytes()[:100])),
    "data file gone": (data, Path.unlink),
    "name of a file in the log": (commit(1), replace("part-00000", "part-00001")),
    "partition in the log": (commit(1), replace('"2019-12-02"', '"2019-12-03"')),
    "kind of a line of the log": (commit(1), replace('"add"', '"adc"')),
    "name of a column in the log": (commit(0), replace('\\"name\\":\\"n\\"', '\\"name\\":\\"o\\"')),
    "JSON of the log": (commit(2), replace('{"', "{#")),
    "log cut": (commit(3), cut),
    "log file gone from the middle": (commit(2), Path.unlink),
    "checkpoint cut": (checkpoint, lambda f: f.write_bytes(f.read_bytes()[:1000])),
    "last byte of a checkpoint": (checkpoint, flip(0.9999)),
    "checkpoint gone": (checkpoint, Path.unlink),
}


@pytest.mark.proves("F11")
@pytest.mark.parametrize("fault", FAULTS)
def test_reader_is_told_which_file(fault: str, tmp_path: Path, spark: SparkSession, proven: Any) -> None:
    root, (which, damage) = published(tmp_path).root, FAULTS[fault]
    file = which(Path(root, TABLE))
    damage(file)
    said = set()
    for read in (lambda lake: lake.arrow(TABLE), lambda lake: lake.read(spark, TABLE).count()):
        with pytest.raises(Damaged, match=rf"^TABLE_DAMAGED: table {TABLE}, ") as told:
            read(Lake(root))
        said.add(str(told.value))
        assert re.search(r": (_delta_log|stage-run-[0-9a-f]+/)", str(told.value))
    proven(done=fault, seen=f"both readers are refused: {sorted(said)[0].split(' (')[0].replace(root, '')}")


@pytest.mark.proves("F11")
@pytest.mark.parametrize(("where", "which"), [("data file", data), ("commit", commit(1)), ("checkpoint", checkpoint)])
def test_no_changed_byte_gives_other_rows(where: str, which: Callable[[Path], Path], tmp_path: Path, proven: Any) -> None:
    lake, chance, seen = published(tmp_path), random.Random(11), Counter[str]()
    good, file = rows(lake), which(Path(lake.root, TABLE))
    content = file.read_bytes()
    for place in chance.sample(range(len(content)), 60):
        changed = bytearray(content)
        changed[place] ^= 1 << chance.randrange(8)
        file.write_bytes(changed)
        try:
            assert rows(Lake(lake.root)) == good, f"byte {place}"
            seen["read as before"] += 1
        except Damaged:
            seen["refused"] += 1
    assert seen["refused"] > 10
    assert where != "data file" or set(seen) == {"refused"}
    proven(done=f"one bit of 60 bytes of a {where}, one after the other", seen=f"never other rows: {dict(seen)}")


def rows(lake: Lake) -> list[str]:
    found = lake.arrow(TABLE)
    assert found is not None
    return sorted(map(str, found.to_pylist()))


@pytest.mark.proves("F11")
def test_verify_finds_every_fault_of_a_version_and_none_in_a_sound_one(tmp_path: Path, proven: Any) -> None:
    lake = published(tmp_path)
    assert [lake.verify(TABLE, v) for v in (None, *range(VERSIONS))] == [[]] * (VERSIONS + 1)
    one, other = sorted(Path(lake.root, TABLE).glob("stage-*/*/*.parquet"))[:2]
    one.unlink()
    flip(0.5)(other)
    found = {(f.table, f.version, Path(f.file).name, f.what) for f in lake.verify(TABLE)}
    assert found == {
        (TABLE, VERSIONS - 1, one.name, "is missing"),
        (TABLE, VERSIONS - 1, other.name, "has changed since it was published"),
    }
    proven(
        done="a data file is removed and a byte of another one changed",
        seen=f"verify names {len(found)} faults; none in the {VERSIONS} versions before that",
    )


def test_log_that_has_lost_its_end_is_known_by_who_was_told_of_it(tmp_path: Path) -> None:
    """Delta has no other way to know: what is left is a whole older version."""
    lake = published(tmp_path)
    commit(VERSIONS - 1)(Path(lake.root, TABLE)).unlink()
    assert lake.verify(TABLE) == []
    (fault,) = lake.verify(TABLE, at_least=VERSIONS - 1)
    assert (fault.file, fault.what) == (f"_delta_log/{VERSIONS - 1:020}.json", "is missing")


def test_file_whose_removal_is_not_in_the_log_any_more(tmp_path: Path) -> None:
    """Delta passes over a line of a kind it does not know: the old rows would be there beside the new ones."""
    lake = published(tmp_path)
    stage = lake.stage(TABLE, "run")
    stage.write_arrow(pa.table({"id": ["new"], "n": [1], "day": ["2019-12-09"]}).to_reader(), ["day"])
    lake.publish(stage, base_version=VERSIONS - 1, partition_by=["day"])
    replace('"remove"', '"removd"')(commit(VERSIONS)(Path(lake.root, TABLE)))
    with pytest.raises(Damaged, match=r"_delta_log/0+4\.json is not what was committed"):
        Lake(lake.root).arrow(TABLE)


def test_seal_outlives_the_commit_in_checkpoints(tmp_path: Path) -> None:
    lake = published(tmp_path)
    checkpoint(Path(lake.root, TABLE))
    for number in range(VERSIONS - 1):
        commit(number)(Path(lake.root, TABLE)).unlink()
    assert lake.verify(TABLE) == []
    file = data(Path(lake.root, TABLE))
    flip(0.1)(file)
    (fault,) = lake.verify(TABLE)
    assert fault.file.endswith(file.name)


@pytest.mark.proves("F11")
@pytest.mark.slow
def test_query_of_the_command_line_is_refused(tmp_path: Path, proven: Any) -> None:
    desk = Installation.make(tmp_path / "city")
    flip(0.1)(data(Path(published(desk.root).root, TABLE)))
    done = desk.run("sql", f"SELECT count(*) FROM {TABLE.replace('/', '.')}")
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith(f"error: TABLE_DAMAGED: table {TABLE}, version {VERSIONS - 1}: stage-run-")
    proven(
        done="citylake sql on a table of which a byte has changed",
        seen="exit code 1, and one sentence that names table, version and file",
    )
