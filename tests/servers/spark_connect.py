"""The Spark Connect server of an installation, as `deploy/spark_connect.py` starts it.

Here: its process. Not here: its settings (the environment given) and the session that uses it (`resources.engine`).
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.servers.need import ROOT, need
from tests.servers.process import LOOPBACK, environment, free_port, listens, process


@contextlib.contextmanager
def spark_connect_server(folder: Path, settings: Mapping[str, str], *, master: str = "local[2]", seconds: float = 180) -> Iterator[str]:
    """A server inside the block; its address `sc://…`. `settings`: CITYLAKE_… variables; `folder`: for its log and its files."""
    java, port = need("java"), free_port()
    command = [sys.executable, str(ROOT / "deploy" / "spark_connect.py"), "--host", LOOPBACK, "--port", str(port), "--master", master]
    # HOME is the real one: the jars wait in its Ivy cache
    env = {**environment(Path.home()), "JAVA_HOME": str(java.resolve().parents[1]), "TMPDIR": str(folder), **settings}
    with process(command, folder / "spark-connect.log", lambda: listens(port), env=env, folder=folder, seconds=seconds):
        yield f"sc://{LOOPBACK}:{port}"
