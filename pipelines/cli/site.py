"""`citylake site`: the folder of static pages of a release, and `--verify`: what was changed in one since it was sealed."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from time import perf_counter

from pipelines.cli.screen import console, print_json, show_table
from pipelines.control.sites import Sites
from pipelines.site.make import MadeSite, make_site
from pipelines.site.seal import MANIFEST, verify
from pipelines.wrong_use import WrongUse
from resources.lake import Lake
from resources.settings import Settings

MEGABYTE = 1_000_000


def run_site(settings: Settings, release: int | None, folder: Path, *, as_json: bool) -> int:
    """Make the site of a release.

    Args:
        settings: of the installation.
        release: its number; None: the newest.
        folder: an earlier site there is replaced.
        as_json: print JSON.

    Returns:
        Exit code 0.

    Raises:
        CitylakeError: there is no such release, or the folder holds something else.
    """
    started = perf_counter()
    made = make_site(settings, folder, release)
    seconds = perf_counter() - started
    if as_json:
        print_json({**asdict(made), "index": made.index, "seconds": round(seconds, 1)})
    else:
        console.print(sentence(made, seconds), soft_wrap=True)
    return 0


def sentence(made: MadeSite, seconds: float) -> str:
    """What was made, and where it begins."""
    size = f"{made.pages} pages, {made.bytes / MEGABYTE:.1f} MB, {seconds:.1f} s"
    return f"Site of release {made.release}: {made.index} ({size})"


def run_verify(settings: Settings | None, folder: Path, *, as_json: bool) -> int:
    """Show what was changed in the folder of a site.

    Args:
        settings: of the installation whose lake must have recorded the seal; None: the folder alone is verified.
        folder: of the site.
        as_json: print JSON.

    Returns:
        Exit code 0 when the folder is as it was sealed, else 1.

    Raises:
        WrongUse: the folder holds no site.
    """
    try:
        found = verify(folder)
    except (OSError, ValueError, KeyError, TypeError) as e:
        raise WrongUse("SITE", f"it has no readable {MANIFEST}", str(folder), "Give the folder that `citylake site` has made") from e
    release, root = found.facts["release"], found.facts["root"]
    recorded = None if settings is None else Sites(Lake(settings.lake, settings.s3)).recorded(release, root)
    holds = found.holds and recorded is not False
    if as_json:
        files = {"changed": found.changed, "missing": found.missing, "added": found.added}
        print_json({"release": release, "root": root, "holds": holds, "recorded": recorded, **files})
        return 0 if holds else 1
    rows = [(kind, file) for kind in ("changed", "missing", "added") for file in getattr(found, kind)]
    if rows:
        show_table("Not as it was sealed", ("what", "file"), rows)
    if not found.root_holds:
        console.print(f"{MANIFEST} was changed: its digests do not have the root it names.")
    if recorded is False:
        console.print(
            f"The lake has recorded no site of release {release} with the root {root}: the manifest was made anew.", soft_wrap=True
        )
    if holds:
        where = "" if recorded is None else ", as the lake has recorded it"
        console.print(f"The site of release {release} is as it was sealed{where}: root {root}", soft_wrap=True)
    return 0 if holds else 1
