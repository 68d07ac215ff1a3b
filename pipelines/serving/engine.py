"""The engine behind the endpoints: an embedded server of this process, and its methods as bytes.

Here: starting and stopping it, the settings of new sessions. Not here: what may be asked of it.

Its port is on the loopback address and has no guard: who may run programs on the machine may use it.
"""

from __future__ import annotations

import os
from threading import Lock
from typing import Any

import grpc
from pyspark.sql.connect.proto import base_pb2

from resources.engine import SESSION, sail_server
from resources.s3 import S3

SERVICE = "spark.connect.SparkConnectService"
MESSAGE_BYTES = 128 * 1024 * 1024
OPTIONS = [("grpc.max_receive_message_length", MESSAGE_BYTES), ("grpc.max_send_message_length", MESSAGE_BYTES)]
SESSIONS = 10_000
SESSION_HOURS = 24
"""A session nobody uses for so long is forgotten, with its settings."""


class Backend:
    """A running engine."""

    def __init__(self, s3: S3 | None = None) -> None:
        os.environ["SAIL_SPARK__SESSION_TIMEOUT_SECS"] = str(SESSION_HOURS * 3600)
        self._server = sail_server(s3)
        self._channel = grpc.insecure_channel(f"127.0.0.1:{self._server.listening_address[1]}", options=OPTIONS)
        self._sessions: dict[tuple[str, str], None] = {}
        self._lock = Lock()

    def call(self, method: str, request: bytes) -> bytes:
        return bytes(self._channel.unary_unary(f"/{SERVICE}/{method}")(request))

    def stream(self, method: str, request: bytes) -> Any:
        """The answers one by one; `.cancel()` gives the query up."""
        return self._channel.unary_stream(f"/{SERVICE}/{method}")(request)

    def greet(self, session_id: str, user_context: Any) -> None:
        """Give a session that is seen for the first time the project's own settings."""
        key = (user_context.user_id, session_id)
        with self._lock:
            if key in self._sessions:
                return
            while len(self._sessions) >= SESSIONS:
                self._sessions.pop(next(iter(self._sessions)))
            self._sessions[key] = None
        settings = base_pb2.ConfigRequest(session_id=session_id, user_context=user_context)
        for name, value in SESSION.items():
            settings.operation.set.pairs.add(key=name, value=value)
        self.call("Config", settings.SerializeToString())

    def stop(self) -> None:
        self._channel.close()
        self._server.stop()
