"""Ours, bare, on Apache Spark with two cores of this machine."""

from __future__ import annotations

from pathlib import Path


def run(inputs: Path, outputs: Path) -> dict[str, float]:
    from bench.contestants import ours
    from resources.engine import Spark

    return ours.run(Spark("local[2]"), inputs, outputs)
