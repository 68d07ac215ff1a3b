"""The project's definitions for a code server whose runs stop before their first commit while a file is there.

Here: waiting. Not here: who makes the file and what is killed meanwhile (`test_dagster_processes`).
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from pipelines.orchestration.definitions import defs
from tests.faults.points import dying

__all__ = ["defs"]
HOLD, HELD = (Path(os.environ["DAGSTER_HOME"], name) for name in ("hold", "held"))


def wait() -> None:
    HELD.write_text(str(os.getpid()))
    while HOLD.exists():
        time.sleep(0.1)


_held = dying("commit-before", death=wait)
_held.__enter__()  # for as long as the process lives
