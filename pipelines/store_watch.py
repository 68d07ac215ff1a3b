"""A watchdog for the lake's store: a store that accepts requests and never answers fails the run in bounded time.

Here: probing the store from a thread while a night runs. Not here: how steps fail then (`pipelines.orchestration.assets`).
Every request of boto3 and delta-rs has a time limit. Sail retries each of its own for three minutes, which cannot be configured.
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


@contextmanager
def watched_store(runtime: Runtime) -> Iterator[None]:
    """Inside the block, set `runtime.lost` and abandon the engine's requests when the store has been unreachable for too long.

    Too long is the setting `s3_timeout`, from the start of the first probe without an answer; the next one may take as long again.
    """
    if not is_bucket(runtime.settings.lake):
        yield
        return
    over = Event()
    Thread(target=_watch, args=(runtime, over), name="store watchdog", daemon=True).start()
    try:
        yield
    finally:
        over.set()


def _watch(runtime: Runtime, over: Event) -> None:
    failing_since: float | None = None
    while not over.wait(SECONDS_BETWEEN):
        asked = time.monotonic()
        try:
            runtime.lake.store.check()
            failing_since = None
        except LakeUnreachable as e:
            failing_since = failing_since or asked
            if time.monotonic() - failing_since > runtime.settings.s3_timeout and not over.is_set():
                runtime.lost = runtime.lost or e
                runtime.engine.abandon()
                return
