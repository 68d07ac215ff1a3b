"""Ours: a delivery taken into raw as every night does it: digest, strict decoding, where each row is from, drift, one Delta commit."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from bench.ingestion import DAY, TABLE
from bench.installation import installation


def run(inputs: Path, outputs: Path) -> dict[str, float]:
    """Take the drop in; seconds by part of the step."""
    from pipelines.steps.ingest import ingest

    runtime = installation(outputs, inputs / "landing")
    contract = runtime.sources[f"cleansed/{TABLE}"]
    try:
        with runtime.profile.of(contract.sibling("raw"), run_id="bench", job="bench") as step:
            outcome = ingest(runtime, contract, date.fromisoformat(DAY), "bench")
    finally:
        runtime.engine.stop()
    if outcome.problems:
        raise RuntimeError("\n".join(outcome.problems))
    return {part: seconds for part, seconds in step.parts().items() if seconds}
