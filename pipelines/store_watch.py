"""A store that takes requests and never answers is given up in bounded time, whatever a night is waiting for.

Here: asking the store, beside the night, whether it is there. Not here: what becomes of the steps then (`dagster_assets`).
Every request of boto3 and delta-rs has a time limit. Sail repeats each of its own for three minutes and cannot be told otherwise.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

from pipelines.runtime import Runtime
from resources.errors import LakeUnreachable
from resources.store import is_bucket

SECONDS_BETWEEN = 5
SECONDS_TO_RECOVER = 30
"""From the beginning of the first question that has no answer; the second then takes up to 20 s more."""


@contextmanager
def watched_store(runtime: Runtime) -> Iterator[None]:
    """Inside the block `runtime.lost` is set, and the engine told to wait no longer, when the lake's store has stayed away too long."""
    if not is_bucket(runtime.settings.lake):
        yield
        return
    over = Event()
    Thread(target=_watch, args=(runtime, over), name="watched store", daemon=True).start()
    try:
        yield
    finally:
        over.set()


def _watch(runtime: Runtime, over: Event) -> None:
    away: float | None = None
    while not over.wait(SECONDS_BETWEEN):
        asked = time.monotonic()
        try:
            runtime.lake.store.check()
            away = None
        except LakeUnreachable as e:
            away = away or asked
            if time.monotonic() - away > SECONDS_TO_RECOVER and not over.is_set():
                runtime.lost = runtime.lost or e
                runtime.engine.abandon()
                return
