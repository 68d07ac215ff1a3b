"""Sail in a process of its own, which ends with the run.

A server of Sail 0.7 keeps some memory of every statement it parses (95 KB of each SQL text, 18 KB of each `F.expr`): an
installation does not notice, as each of its runs is a process. Here thirty nights share one, and only the engine changes.
"""

from __future__ import annotations

import subprocess
import sys

from resources.engine import Engine

SERVER = """
import sys
from resources.engine import sail_server
server = sail_server(None)
print(server.listening_address[1], flush=True)
sys.stdin.read()  # until the other end is gone
"""


class SailProcess(Engine):
    _server: subprocess.Popen[str] | None = None

    @property
    def pids(self) -> list[int]:
        """Of the server, while there is one."""
        return [] if self._server is None else [self._server.pid]

    def _start(self) -> str:
        self._server = subprocess.Popen([sys.executable, "-c", SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._server.stdout is not None
        return f"sc://127.0.0.1:{int(self._server.stdout.readline())}"

    def _end(self) -> None:
        if self._server is not None:
            self._server.kill()
            self._server.communicate()
            self._server = None
