"""An engine that a run does not use for a while, such as the hours in which it takes files in."""

from __future__ import annotations

import os
import subprocess
import sys

from resources.engine import SAIL
from tests.servers.need import ROOT

IDLE = """
import time
from resources.engine import Sail
session = Sail().session
time.sleep(4)
print(session.range(3).count(), flush=True)
import os; os._exit(0)
"""
LIMIT = "SAIL_SPARK__SESSION_TIMEOUT_SECS"


def idle(**environment: str) -> subprocess.CompletedProcess[str]:
    env = {k: v for k, v in os.environ.items() if not k.startswith(("CITYLAKE_", "SAIL_"))} | {"PYTHONPATH": str(ROOT)}
    return subprocess.run([sys.executable, "-c", IDLE], env=env | environment, capture_output=True, text=True, timeout=120, check=False)


def test_a_session_waits_for_days() -> None:
    """What ends a session is this limit: with one of a second it is gone after four."""
    assert int(SAIL[LIMIT]) >= 24 * 3600
    assert idle().stdout == "3\n"
    assert "is not running" in idle(**{LIMIT: "1"}).stderr
