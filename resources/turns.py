"""Turns of the threads of a run: one works at a time, and gives way while the engine works for it.

Here: taking a turn, giving way, and ending all who wait. Not here: which tables are made at once (`pipelines.orchestration.executor`).

The steps of a run share the lake's handles, the ledger and Dagster's storage, none of which is made for several threads, and Python's own
work is not faster on several. What is won is that the engine works for one table while another one is planned: only requests to the
engine give way, so everything between two requests is done without another thread in between.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock, local
from typing import Any

import grpc

_turn = Lock()
_mine = local()
"""`taken`: whether this thread has the turn."""
_waiting: set[Any] = set()
"""Requests that are being answered."""
_ended: list[type[BaseException]] = []
"""What those who wait get to know, once all are to end."""


@contextmanager
def turn() -> Iterator[None]:
    """Inside the block, this thread alone works, except where it gives way."""
    with _turn:
        _mine.taken = True
        try:
            yield
        finally:
            _mine.taken = False


@contextmanager
def given_way() -> Iterator[None]:
    """Inside the block, another thread may work. Without effect in a thread that takes no turns. Raises what `ending` was given."""
    if not getattr(_mine, "taken", False):
        yield
        return
    _mine.taken = False
    _turn.release()
    try:
        yield
    finally:
        _turn.acquire()
        _mine.taken = True
        if _ended:
            raise _ended[0]


@contextmanager
def ending(error: type[BaseException]) -> Iterator[None]:
    """Inside the block, all who wait for the engine, or ask it, are ended by an error."""
    _ended.append(error)
    for request in list(_waiting):
        request.cancel()
    try:
        yield
    finally:
        _ended.clear()


class _GivesWay(grpc.UnaryUnaryClientInterceptor, grpc.UnaryStreamClientInterceptor):
    def intercept_unary_unary(self, send: Callable[[Any, Any], Any], details: Any, request: Any) -> Any:
        with given_way():
            return send(details, request)

    def intercept_unary_stream(self, send: Callable[[Any, Any], Any], details: Any, request: Any) -> Any:
        return _Parts(send(details, request))


class _Parts:
    """The parts of an answer, as gRPC gives them; each is waited for."""

    def __init__(self, parts: Any) -> None:
        self._parts = parts

    def __iter__(self) -> _Parts:
        return self

    def __next__(self) -> Any:
        with given_way():
            _waiting.add(self._parts)
            try:
                return next(self._parts)
            finally:
                _waiting.discard(self._parts)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._parts, name)


def give_way(client: Any) -> None:
    """Let a client of Spark Connect give way while its requests are answered."""
    from pyspark.sql.connect.proto import SparkConnectServiceStub

    client._stub = SparkConnectServiceStub(grpc.intercept_channel(client._channel, _GivesWay()))
