"""F10: the disk fills up in a stage, at the commit or at the ledger's row: a clear word, the old version stays, a rerun ends right."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from pipelines.orchestration.nights import run_night
from pipelines.runtime import Runtime
from resources.errors import LakeUnreachable
from tests.cleansed.nights import crowd, ledger, published, staff
from tests.deliveries import deliver
from tests.faults.points import dying

MEBIBYTES = 4
STAFF, DAY, NEXT = "health/staff", "2019-12-30", "2019-12-31"
RAW, CLEANSED = f"raw/{STAFF}", f"cleansed/{STAFF}"
SAID = r"^DISK_FULL: the disk that holds the lake is full; .*\. Make room, .*; then run the same date again\.$"


class SmallDisk:
    """A lake's folder with a file system of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self._filling = folder, folder / ".filling"

    def fill(self) -> None:
        """To the last page."""
        handle = os.open(self._filling, os.O_WRONLY | os.O_CREAT)
        with suppress(OSError):
            while os.write(handle, b"0" * 4096):
                pass
        os.close(handle)

    def make_room(self) -> None:
        self._filling.unlink()


@pytest.fixture
def city(installation: Callable[..., Runtime]) -> Runtime:
    return installation()


@pytest.fixture
def disk(city: Runtime) -> Iterator[SmallDisk]:
    folder, mount, umount = Path(city.lake.root), shutil.which("mount"), shutil.which("umount")
    folder.mkdir()
    made = (
        mount
        and umount
        and subprocess.run([mount, "-t", "tmpfs", "-o", f"size={MEBIBYTES}m", "none", folder], capture_output=True, check=False)
    )
    if not made or made.returncode:
        pytest.skip("only root may mount a small file system")
    yield SmallDisk(folder)
    subprocess.run([str(umount), "-l", folder], check=True)


def run(city: Runtime, day: str) -> list[str]:
    """As `citylake run` does; the failures."""
    city.lost = None
    return run_night(city, date.fromisoformat(day), [RAW, CLEANSED]).failures


@pytest.mark.proves("F10")
@pytest.mark.slow
@pytest.mark.parametrize(
    ("point", "table", "new"),
    [
        ("stage-before", RAW, False),
        ("stage-before", CLEANSED, False),
        ("commit-before", CLEANSED, False),
        ("ledger-before", CLEANSED, True),
    ],
)
def test_night_on_a_disk_that_fills_up(point: str, table: str, new: bool, city: Runtime, disk: SmallDisk, proven: Any) -> None:
    """It fills up when the second night gets to this point."""
    for day, title in ((DAY, "old"), (NEXT, "new")):
        deliver(city, STAFF, day, [staff("A", title=title, update_time=f"{day} 08:00:00"), *crowd()])
    assert run(city, DAY) == []
    with dying(point, table, death=disk.fill), pytest.raises(LakeUnreachable, match=SAID):
        run(city, NEXT)
    assert published(city, STAFF, "title") == {"A": "new" if new else "old"}
    disk.make_room()
    assert run(city, NEXT) == []
    assert published(city, STAFF, "title") == {"A": "new"}
    assert [r["business_date"].isoformat() for r in ledger(city, STAFF)] == [DAY, NEXT]
    proven(
        done=f"the disk fills up at {point} of {table.partition('/')[0]}",
        seen="one sentence that says so; readers keep a whole version; with room again the same date ends right, one account a batch",
    )


@pytest.mark.slow
def test_night_on_a_disk_that_is_read_only(city: Runtime, disk: SmallDisk) -> None:
    """As the kernel leaves it after an error of the disk: one sentence, and the same date again when it can be written."""
    for day, title in ((DAY, "old"), (NEXT, "new")):
        deliver(city, STAFF, day, [staff("A", title=title, update_time=f"{day} 08:00:00"), *crowd()])
    assert run(city, DAY) == []
    mount = str(shutil.which("mount"))
    subprocess.run([mount, "-o", "remount,ro", disk.folder], check=True)
    with pytest.raises(LakeUnreachable, match=r"^DISK_READ_ONLY: the disk that holds the lake is read-only; .* run the same date again\.$"):
        run(city, NEXT)
    assert published(city, STAFF, "title") == {"A": "old"}
    subprocess.run([mount, "-o", "remount,rw", disk.folder], check=True)
    assert run(city, NEXT) == []
    assert published(city, STAFF, "title") == {"A": "new"}
