"""A proxy in front of an S3 server that breaks things on demand.

Here: the test's side of it: faults set as rules while it runs, and the log of what was done. Not here: doing it (`faults`).
Everything else passes byte for byte, the Host header too: it is part of the client's signature.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any
from urllib.parse import urlsplit

from tests.servers.faults import Entry, Rule
from tests.servers.need import ROOT
from tests.servers.process import LOOPBACK, free_port


class Proxy:
    """The rules may be changed at any time; a request is judged when its head has arrived. `times` None: every time."""

    def __init__(self, upstream: str) -> None:
        parts = urlsplit(upstream)
        self.port = free_port()
        command = [sys.executable, "-m", "tests.servers.faults", str(parts.hostname), str(parts.port), str(self.port)]
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._turn = threading.Lock()
        self._answer()

    @property
    def endpoint(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def log(self) -> list[Entry]:
        """What became of each request so far."""
        return [Entry(*entry) for entry in self._order({})]

    def count(self, action: str) -> int:
        """How many requests this has happened to."""
        return sum(action in entry.action.split("+") for entry in self.log)

    def clear(self) -> None:
        """Pass everything on from now on, and begin a new log."""
        self._order({"clear": True})

    def drop_response(self, method: str, path: str, times: int | None = 1) -> None:
        """The server carries the request out; the client's connection is closed without an answer. Refusals are answered."""
        self._add(Rule("drop_response", method, path, times))

    def answer_503(self, share: float, seed: int = 0, method: str = ".*", path: str = "") -> None:
        """Answer this share of the requests with 503 SlowDown, without troubling the server."""
        self._add(Rule("answer_503", method, path, share=share, seed=seed))

    def reset_in_body(self, method: str, path: str, times: int | None = 1, after_bytes: int = 0) -> None:
        """Reset both connections when so many bytes of the request's body have passed, at the latest one before its last."""
        self._add(Rule("reset_in_body", method, path, times, after_bytes))

    def truncate_response(self, method: str, path: str, times: int | None = 1, after_bytes: int = 0) -> None:
        """Close the client's connection when so many bytes of the response's body have passed, at the latest one before its last."""
        self._add(Rule("truncate_response", method, path, times, after_bytes))

    def latency(self, seconds: float, method: str = ".*", path: str = "") -> None:
        """Pass each request on this much later."""
        self._add(Rule("latency", method, path, amount=seconds))

    def strip_header(self, header: str, method: str = ".*", path: str = "") -> None:
        """Pass requests on without this header. A signature that covers it no longer holds: for unsigned requests."""
        self._add(Rule("strip_header", method, path, header=header))

    def stop(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()

    def _add(self, rule: Rule) -> None:
        self._order({"add": {name: value for name, value in asdict(rule).items() if name != "random"}})

    def _order(self, order: dict[str, Any]) -> list[list[Any]]:
        assert self._process.stdin is not None
        with self._turn:
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()
            return self._answer()

    def _answer(self) -> list[list[Any]]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the proxy ended with {self._process.wait(5)}")
        answer: list[list[Any]] = json.loads(line)
        return answer


@contextlib.contextmanager
def proxy_server(upstream: str) -> Iterator[Proxy]:
    """A proxy before the endpoint inside the block."""
    server = Proxy(upstream)
    try:
        yield server
    finally:
        server.stop()
