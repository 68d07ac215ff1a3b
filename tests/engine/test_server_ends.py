"""Apache Spark's server ends by itself, as when it has no memory left: its step fails at once and says why, the next one works."""

from __future__ import annotations

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from resources.engine import Spark
from tests.servers.fixtures import QUICKLY
from tests.servers.need import need
from tests.standards.corpus.engines import WITHOUT_DELTA

pytestmark = pytest.mark.slow


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def java_of(pid: int) -> int:
    """The Java process among the descendants of a process."""
    for child in children(pid):
        if Path(f"/proc/{child}/comm").read_text().strip() == "java":
            return child
        if found := java_of(child):
            return found
    return 0


def test_what_waits_for_a_server_that_ends_fails_at_once() -> None:
    need("java")
    engine = Spark("local[1]", WITHOUT_DELTA | QUICKLY)
    try:
        session, started = engine.session, time.monotonic()
        assert engine.fault(started) is None
        with ThreadPoolExecutor(1) as pool:
            running = pool.submit(session.sql("SELECT sum(a.id * b.id) FROM range(10000000) a CROSS JOIN range(10000000) b").collect)
            time.sleep(3)
            assert not running.done()
            at = time.monotonic()
            os.kill(java_of(engine._server._process.pid), signal.SIGKILL)
            with pytest.raises(Exception, match=r"."):
                running.result(timeout=60)
            assert time.monotonic() - at < 30
        fault = engine.fault(started)
        assert fault is not None
        assert fault.code == "SPARK_ENDED"
        assert engine.fault(time.monotonic()) is None, "what starts later has nothing to do with it"
        assert engine.session.range(3).count() == 3
    finally:
        engine.stop()
