"""The seal of a site: a manifest with the digest of every file, and one digest over all of them, its root.

Here: sealing and verifying a folder. Not here: where the root is recorded in the lake (`pipelines.control.sites`).
Source: SHA-256, FIPS 180-4. The root is the digest of the lines `digest␠␠path`, as sha256sum writes them, sorted by path.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any

MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Verdict:
    """What verifying a folder found: the manifest's facts, and the files that differ from it."""

    facts: dict[str, Any]
    changed: tuple[str, ...]
    missing: tuple[str, ...]
    added: tuple[str, ...]
    root_holds: bool

    @property
    def holds(self) -> bool:
        """Whether the folder is as it was sealed."""
        return self.root_holds and not (self.changed or self.missing or self.added)


def seal(folder: Path, facts: Mapping[str, Any]) -> str:
    """Write the manifest of a folder and return its root.

    Args:
        folder: with all its files.
        facts: what else the manifest says, such as the release.
    """
    files = digests(folder)
    manifest = {**facts, "root": root_of(files), "files": files}
    (folder / MANIFEST).write_text(json.dumps(manifest, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return str(manifest["root"])


def verify(folder: Path) -> Verdict:
    """Compare a folder with its manifest. Raises OSError or ValueError when it has no readable manifest."""
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    sealed, found = dict(manifest["files"]), digests(folder)
    return Verdict(
        facts={k: v for k, v in manifest.items() if k != "files"},
        changed=tuple(sorted(f for f in sealed.keys() & found.keys() if sealed[f] != found[f])),
        missing=tuple(sorted(sealed.keys() - found.keys())),
        added=tuple(sorted(found.keys() - sealed.keys())),
        root_holds=manifest["root"] == root_of(sealed),
    )


def digests(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file but the manifest, by path."""
    return {f.relative_to(folder).as_posix(): digest(f) for f in sorted(folder.rglob("*")) if f.is_file() and f != folder / MANIFEST}


def digest(file: Path) -> str:
    """Return the SHA-256 of a file."""
    with file.open("rb") as opened:
        return file_digest(opened, "sha256").hexdigest()


def root_of(files: Mapping[str, str]) -> str:
    """Return the digest over all digests."""
    return sha256("".join(f"{files[name]}  {name}\n" for name in sorted(files)).encode()).hexdigest()
