"""Ours, bare, on the embedded engine Sail."""

from __future__ import annotations

from pathlib import Path


def run(inputs: Path, outputs: Path) -> dict[str, float]:
    from bench.contestants import ours
    from resources.engine import Sail

    return ours.run(Sail(), inputs, outputs)
