"""The installation of deploy/compose.yaml as processes of this machine, started once for these tests."""

from __future__ import annotations

import os
import signal
import socket
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator import City
from simulator import build as simulate
from tests.installation.city import TAKING_PART, Installation
from tests.servers.fixtures import SHORT_LIVED
from tests.servers.need import ROOT, need
from tests.servers.process import Process, environment

SECONDS_TO_START = 600
"""The first start fetches Spark's Java packages."""
SPARK = {"SPARK_MASTER": "local[2]", "SPARK_HEAP": "2g", "SPARK_JAVA_OPTIONS": SHORT_LIVED}


@pytest.fixture(scope="session")
def city() -> City:
    return simulate(400, 5, departments=TAKING_PART)


@pytest.fixture(scope="session")
def installed(city: City) -> Iterator[Installation]:
    """Healthy, its first two nights delivered; when the tests are over nothing of it is left."""
    programs = [need("minio").parent, need("java").parent]
    need("postgres")
    with tempfile.TemporaryDirectory(prefix="citylake-installation-") as name:
        folder = Path(name)
        folder.chmod(0o711)  # PostgreSQL runs as another user
        here = Installation(folder)
        env = environment(Path.home(), CITYLAKE_PROFILE="demo", CITYLAKE_DEPARTMENTS=",".join(TAKING_PART), **SPARK)
        env["PATH"] = os.pathsep.join([*map(str, programs), env["PATH"]])
        up = Process([sys.executable, str(ROOT / "deploy" / "up.py"), "--folder", name], folder / "up.log", env=env)
        try:
            up.start((folder / "installation.json").exists, SECONDS_TO_START)
            here.exchange_database()
            for night in (0, 1):
                desk = folder / f"desk-{night}"
                desk.mkdir()
                here.deliver(city, night, desk)
            addresses = here.addresses
            yield here
        finally:
            up.stop(signal.SIGINT, 90)
        assert "Traceback" not in up.last_words(), up.last_words()
        assert here.processes() == []
        assert [service for service in addresses if listens(service)] == []


def listens(address: str) -> bool:
    host, _, port = address.partition(":")
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) == 0
