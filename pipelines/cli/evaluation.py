"""`citylake truth`: a demo city's lake compared with its truth, findings and dirt, without the engine."""

from __future__ import annotations

from pathlib import Path

from pipelines.cli import dirt, truth
from pipelines.cli.screen import print_json, show_table
from pipelines.control.ledger import Ledger
from resources.errors import CitylakeError
from resources.lake import Lake
from resources.settings import Settings


def show_truth(settings: Settings, folder: Path, *, as_json: bool) -> int:
    """Show precision and recall of the findings and of the treatment of dirt.

    Args:
        settings: of the demo city.
        folder: the simulator's truth.
        as_json: print JSON.

    Returns:
        Exit code 0.

    Raises:
        CitylakeError: the folder has no truth, or the lake no release.
    """
    lake = Lake(settings.lake, settings.s3)
    releases = Ledger(lake).releases()
    if not (folder / "dirt.csv").is_file() or not releases:
        raise CitylakeError("TRUTH", "the folder has no truth, or the lake has no release", str(folder), "Run `citylake demo` first")
    found = {"findings": truth.compare(lake, folder, max(r.as_of for r in releases)), "dirt": dirt.compare(lake, folder)}
    if as_json:
        print_json({name: [f.facts() for f in lines] for name, lines in found.items()})
        return 0
    for name, title in (("findings", "Findings, compared with the truth"), ("dirt", "Dirt, compared with the record of what was injected")):
        show_table(title, ("what", "truth", "found", "right", "precision", "recall"), [truth.cells_of(f.facts()) for f in found[name]],
                   right=("truth", "found", "right", "precision", "recall"))  # fmt: skip
    return 0
