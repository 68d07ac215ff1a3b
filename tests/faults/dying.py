"""The command line in a process that dies at a point: `python -m tests.faults.dying POINT[:TABLE[:NTH]] -- run --as-of …`.

Here: patching, then the real command. Not here: the points (`points`). Exit code: that of the command, when it came to no death.
"""

from __future__ import annotations

import sys

from pipelines.cli.main import entry
from tests.faults.points import dying


def main() -> None:
    told, separator, *arguments = sys.argv[1:]
    assert separator == "--", __doc__
    point, _, rest = told.partition(":")
    table, _, nth = rest.partition(":")
    sys.argv = ["citylake", *arguments]
    with dying(point, table or None, int(nth or 1)):
        entry()


if __name__ == "__main__":
    main()
