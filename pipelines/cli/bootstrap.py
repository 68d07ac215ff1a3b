"""`citylake bootstrap`: create the folders or buckets that the settings name. Repeating it changes nothing."""

from __future__ import annotations

from pathlib import Path

from pipelines.cli.screen import console, print_json
from resources.errors import CitylakeError
from resources.settings import Settings
from resources.store import Bucket, store_at


def run_bootstrap(settings: Settings, *, as_json: bool) -> int:
    """Create the buckets or folders of lake and landing zone, and show what was done."""
    done: dict[str, list[str]] = {}
    for root in (settings.lake, settings.landing):
        store = store_at(root, settings.s3)
        place = f"s3://{store.bucket}" if isinstance(store, Bucket) else root
        if place not in done:  # lake and landing zone may share a bucket
            done[place] = store.bootstrap() if isinstance(store, Bucket) else [_folder(Path(root))]
    if as_json:
        print_json(done)
    else:
        for place, lines in done.items():
            for line in lines:
                console.print(f"{place}: {line}", markup=False, soft_wrap=True)
    return 0


def _folder(path: Path) -> str:
    if path.is_dir():
        return "the folder exists"
    try:
        path.mkdir(parents=True)
    except OSError as e:
        remedy = "Give this account permission to write there, or correct the setting"
        raise CitylakeError("FOLDER", f"the folder cannot be created ({e.strerror})", str(path), remedy) from None
    return "the folder was created"
