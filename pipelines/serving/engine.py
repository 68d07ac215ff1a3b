"""The engine behind the endpoints: an embedded server in this process, called with serialized requests.

Here: starting and stopping it, the settings of new sessions. Not here: which requests are allowed.

Its port is on the loopback address and is not protected: everyone who may run programs on the machine can use it.
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
"""A session that is idle for this long is dropped, with its settings."""


class Backend:
    """A running engine."""

    def __init__(self, s3: S3 | None = None) -> None:
        os.environ["SAIL_SPARK__SESSION_TIMEOUT_SECS"] = str(SESSION_HOURS * 3600)
        self._server = sail_server(s3)
        self._channel = grpc.insecure_channel(f"127.0.0.1:{self._server.listening_address[1]}", options=OPTIONS)
        self._sessions: dict[tuple[str, str], None] = {}
        self._lock = Lock()

    def call(self, method: str, request: bytes) -> bytes:
        """Call a method that has one answer."""
        return bytes(self._channel.unary_unary(f"/{SERVICE}/{method}")(request))

    def stream(self, method: str, request: bytes) -> Any:
        """Call a method and iterate over its answers; `.cancel()` ends the query."""
        return self._channel.unary_stream(f"/{SERVICE}/{method}")(request)

    def greet(self, session_id: str, user_context: Any) -> None:
        """Apply the project's settings to a session on its first request."""
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
        """Stop the server."""
        self._channel.close()
        self._server.stop()
