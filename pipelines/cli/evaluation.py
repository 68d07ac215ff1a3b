"""`citylake truth`: a demo city's lake held against its truth, findings and dirt, without starting the engine."""

from __future__ import annotations

from pathlib import Path

from pipelines.cli import dirt, truth
from pipelines.cli.screen import print_json, show_table
from pipelines.cli.truth import Finding
from pipelines.control.ledger import Ledger
from resources.errors import CitylakeError
from resources.lake import Lake
from resources.settings import Settings


def show_truth(settings: Settings, folder: Path, *, as_json: bool) -> int:
    """What the lake found, what it made of the dirt, in figures against the truth in `folder`. Exit code 0.

    Raises CitylakeError TRUTH when there is no truth, or no release to compare with it.
    """
    lake = Lake(settings.lake, settings.s3)
    releases = Ledger(lake).releases()
    if not (folder / "dirt.csv").is_file() or not releases:
        raise CitylakeError("TRUTH", "there is no truth, or no release to hold against it", str(folder), "Run citylake demo first")
    found = {"findings": truth.compare(lake, folder, max(r.as_of for r in releases)), "dirt": dirt.compare(lake, folder)}
    if as_json:
        print_json({name: [f.facts() for f in lines] for name, lines in found.items()})
        return 0
    for name, title in (("findings", "Found, against the truth"), ("dirt", "Dirt, against the record of what was injected")):
        show_table(title, ("what", "truth", "found", "right", "precision", "recall"), [_line(f) for f in found[name]],
                   right=("truth", "found", "right", "precision", "recall"))  # fmt: skip
    return 0


def _line(f: Finding) -> tuple[object, ...]:
    return f.name, f.expected, f.found, f.right, f"{f.precision:.4f}", f"{f.recall:.4f}"
