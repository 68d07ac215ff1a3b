"""Those who receive: an HTTP server and a mail server on 127.0.0.1, and what they were sent.

Here: servers that take a message, refuse it, fail, or never come to an end. Not here: what is expected in a message.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.header import decode_header, make_header
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

from aiosmtpd.controller import Controller

HOST = "127.0.0.1"
SECRET = "Tg7Zq-of-the-hook"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


@dataclass
class Web:
    """A web hook: /take takes, /broken answers 500, /drip answers without end."""

    port: int = 0
    received: list[dict[str, Any]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    over: Event = field(default_factory=Event)

    def url(self, path: str) -> str:
        return f"json://{HOST}:{self.port}/{path}/{SECRET}?cto=1&rto=1"


@contextmanager
def web() -> Iterator[Web]:
    told = Web()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            told.asked.append(self.path.split("/")[1])
            if told.asked[-1] == "drip":
                self.send_response(200)
                self.end_headers()
                while not told.over.wait(0.2):
                    self.wfile.write(b".")
                    self.wfile.flush()
                return
            if told.asked[-1] == "take":
                told.received.append(body)
            self.send_response(200 if told.asked[-1] == "take" else 500)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer((HOST, 0), Handler)
    server.daemon_threads = True
    told.port = server.server_address[1]
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield told
    finally:
        told.over.set()
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass
class Post:
    """A mail server. received: per message its recipient, subject and text."""

    port: int
    received: list[dict[str, str]] = field(default_factory=list)

    def url(self, to: str) -> str:
        return f"mailto://{HOST}:{self.port}/?from=lake@citylake.example&to={to}@city.example&format=text&mode=insecure&cto=3&rto=3"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802  aiosmtpd's name
        message = message_from_bytes(envelope.content)
        text = next(p for p in message.walk() if p.get_content_type() == "text/plain").get_payload(decode=True)
        assert isinstance(text, bytes)
        self.received.append(
            {"to": ",".join(envelope.rcpt_tos), "title": str(make_header(decode_header(message["Subject"]))), "message": text.decode()}
        )
        return "250 OK"


@contextmanager
def post() -> Iterator[Post]:
    told = Post(free_port())
    controller = Controller(told, hostname=HOST, port=told.port)
    controller.start()
    try:
        yield told
    finally:
        controller.stop()
