"""A lake in a folder as it was at an earlier release, for a story that begins at a later night.

Here: which files were there. Not here: the tables, which say by their logs what they were.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from pipelines.control.ledger import RELEASE


def lake_of_release(lake: Path, number: int, to: Path) -> None:
    """Make a folder with the files that a lake had when it made its release.

    No file of a lake is changed once it is there, but for hints where the newest checkpoint is. Data files are the same files, under
    another name.

    Args:
        lake: its folder. No maintenance has removed anything since.
        number: of the release, of those the first is 1; each was one commit.
        to: a folder that is not there yet.
    """
    moment = (lake / RELEASE / "_delta_log" / f"{number - 1:020}.json").stat().st_mtime_ns
    for file in lake.rglob("*"):
        if file.is_file() and file.stat().st_mtime_ns <= moment:
            place = to / file.relative_to(lake)
            place.parent.mkdir(parents=True, exist_ok=True)
            (os.link if file.suffix == ".parquet" else shutil.copy2)(file, place)
