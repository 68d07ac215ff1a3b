"""How long each file of tests takes, by which they are ordered: `make seconds` writes the table anew after `make test`.

Of several processes each takes the next file when it is done with one: the long ones first, so that none begins with a long file when the
others are done. Not here: how long a file may take.
"""

from __future__ import annotations

import argparse
import csv
from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

from tests.servers.need import ROOT

TABLE = Path(__file__).with_name("seconds.csv")
AT_LEAST = 5
"""Seconds of a file that stands in the table; `make test-fast` leaves it out."""


@cache
def of_files() -> Mapping[str, float]:
    """File, as a path from the project's folder, -> seconds, those of its fixtures among them."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        return {row["file"]: float(row["seconds"]) for row in csv.DictReader(file)}


def measured(report: Path) -> dict[str, float]:
    """The files of a report that take long, the longest first.

    Args:
        report: JUnit's XML, as pytest writes it in the family `xunit1`.

    Returns:
        File -> seconds.
    """
    found = defaultdict[str, float](float)
    for case in ElementTree.parse(report).iter("testcase"):
        found[case.get("file", "")] += float(case.get("time", 0))
    return {file: round(seconds) for file, seconds in sorted(found.items(), key=lambda f: -f[1]) if seconds >= AT_LEAST}


def main() -> None:
    """Write the table of a report's run."""
    parser = argparse.ArgumentParser(prog="tests.seconds", description=__doc__)
    parser.add_argument("report", type=Path)
    found = measured(parser.parse_args().report)
    lines = ["file,seconds", *(f"{file},{seconds}" for file, seconds in found.items())]
    TABLE.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{len(found)} files of at least {AT_LEAST} s, together {sum(found.values()):,.0f} s: {TABLE.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
