"""The command line in a process that dies at a point: `main` with the arguments POINT[:TABLE[:NTH]] -- run --as-of …

Here: patching, then the real command. Not here: the points (`points`). Exit code: that of the command, when it came to no death.
"""

from __future__ import annotations

import sys
from datetime import date

from pipelines.cli.main import entry
from pipelines.runtime import Runtime
from pipelines.steps.release import release as make_release
from resources.settings import load
from tests.faults.points import dying


def main() -> None:
    told, separator, *arguments = sys.argv[1:]
    assert separator == "--", __doc__
    point, _, rest = told.partition(":")
    table, _, nth = rest.partition(":")
    sys.argv = ["citylake", *arguments]
    with dying(point, table or None, int(nth or 1)):
        entry()


def release() -> None:
    """The release of a date alone, which dies at a point: `POINT DATE`."""
    point, day = sys.argv[1:]
    with dying(point):
        make_release(Runtime.of(load()), date.fromisoformat(day), point)
