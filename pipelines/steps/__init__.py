"""The steps a table goes through, the same for every table of a layer: ingest (raw), cleanse, derive, release.

Here: read, stage, gate, publish, account. Not here: Dagster (`pipelines.orchestration`), the tables' own rules (`assets`).
"""

from pipelines.steps.outcome import GateFailed, Outcome

__all__ = ["GateFailed", "Outcome"]
