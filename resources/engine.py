"""The engine that transforms tables: a Spark Connect session, on the embedded engine Sail or on Apache Spark.

Here: which engine, starting and stopping it, the settings both must share. Not here: where tables are (`lake`), Spark's
own server (`spark`). Nothing else in the project knows which engine it runs on.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Mapping
from threading import local
from time import monotonic
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from resources.errors import CitylakeError
from resources.s3 import S3
from resources.settings import Settings
from resources.turns import give_way

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

TIME_ZONE = "Asia/Shanghai"
SESSION = {
    "spark.sql.session.timeZone": TIME_ZONE,
    "spark.sql.ansi.enabled": "true",
}

CALL_SITES = {"spark.python.sql.dataFrameDebugging.enabled": "false"}
"""The line of Python that made each expression is not looked up: that was a sixth of a small night."""

SILENT = ("DataFrameQueryContextLogger", "pyspark.sql.connect.logging")
"""Loggers that are silenced: one repeats the values that made a query fail, one logs a stack trace for every missing response. They are
silenced by level, because Dagster configures logging when a job starts and re-enables disabled loggers."""

SAIL = {
    "RUST_LOG": "error",
    # cached metadata of files is dropped with the session, not half an hour later
    "SAIL_PARQUET__FILE_METADATA_CACHE__TYPE": "session",
    "SAIL_PARQUET__FILE_STATISTICS_CACHE__TYPE": "session",
    # an hour of reading files without it must not end the session of a run; its own limit is 15 minutes
    "SAIL_SPARK__SESSION_TIMEOUT_SECS": str(7 * 24 * 3600),
}
"""Environment variables that its server reads when it starts."""


class Engine(ABC):
    """One engine of one process. The session starts when it is first asked for, and serves the whole run."""

    def __init__(self) -> None:
        self._session: SparkSession | None = None
        self.jobs = 0
        """Plans executed so far: queries, writes, commands. Analysis requests, such as for a plan's columns, are not counted."""
        self._here = local()

    @property
    def session(self) -> SparkSession:
        if self._session is None:
            self._session = self._connected()
        _make_known(self._session)
        return self._session

    @property
    def jobs_here(self) -> int:
        """The plans that this thread had executed."""
        return getattr(self._here, "jobs", 0)

    def count(self) -> None:
        """Count a plan that is sent to be executed."""
        self.jobs += 1
        self._here.jobs = self.jobs_here + 1

    @property
    def started(self) -> bool:
        return self._session is not None

    def _connected(self) -> SparkSession:
        import logging
        import warnings

        from pyspark.sql import SparkSession

        warnings.filterwarnings("ignore", module="pyspark")
        for name in SILENT:
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
        session: SparkSession = SparkSession.builder.remote(self._start()).create()
        for name, value in {**SESSION, **self._session_settings()}.items():
            try:
                session.conf.set(name, value)
            except Exception as e:
                remedy = "Take it out of spark_conf, or give it to the server when it starts"
                raise CitylakeError("ENGINE_PROPERTY", f"the engine refuses the property {name}", "CITYLAKE_SPARK_CONF", remedy) from e
        give_way(session.client)
        session.client._session_hooks.append(_Counted(self))  # type: ignore[arg-type]
        return session

    @abstractmethod
    def _start(self) -> str:
        """Start what must run; the address of its Spark Connect endpoint."""

    def _session_settings(self) -> dict[str, str]:
        return {}

    def spilled(self) -> int | None:
        """Bytes that operators have written to disk so far because they had no memory; None: not known."""
        return None

    def fault(self, since: float) -> CitylakeError | None:
        """Why the engine ended in the middle of its work; None: it did not. since: of `time.monotonic`; earlier ends do not count."""
        return None

    @abstractmethod
    def _end(self) -> None:
        """End what `_start` started."""

    def abandon(self) -> None:
        """Drop the session without an orderly stop; calls that wait for it fail immediately. Safe from any thread."""
        session: Any = self._session
        self._session = None
        if session is not None:
            session.release_session_on_close = False  # it would wait for an answer
            session.stop()

    def stop(self) -> None:
        if self._session is not None:
            self._session.stop()
            self._session = None
        self._end()


class _Counted:
    """Spark Connect's hook of a session: asked before a plan is sent, once however often it is sent again."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def on_execute_plan(self, request: Any) -> Any:
        self._engine.count()
        return request


def _make_known(session: Any) -> None:
    """Make this the default session, which libraries such as Great Expectations use. An engine that ends resets it."""
    kind = type(session)
    if kind.getActiveSession() is not session or kind._get_default_session() is not session:
        kind._active_session.session = kind._default_session = session


AS_WRITTEN = {"SAIL_OPTIMIZER__ENABLE_JOIN_SWAP": "false"}
"""For our own joins, which have the build side on the left (`assets.joins`): Sail estimates a filtered table at a fifth of its size and
would make that the build side."""


def sail_server(s3: S3 | None, more: Mapping[str, str] = MappingProxyType({})) -> Any:
    """A running server of Sail in this process, on a free loopback port. It reads the store's settings from the environment.

    more: settings of this server alone, where the environment says nothing else.
    """
    for name, value in SAIL.items():
        os.environ.setdefault(name, value)
    os.environ.update(s3.environment() if s3 else {})
    from pysail.spark import SparkConnectServer

    own = {name: value for name, value in more.items() if name not in os.environ}
    os.environ.update(own)
    try:
        server: Any = SparkConnectServer("127.0.0.1", 0)
        server.start(background=True)
    finally:
        for name in own:
            del os.environ[name]
    return server


class Sail(Engine):
    """The embedded engine: no Java, in this process."""

    MEMORY = "SAIL_RUNTIME__MEMORY_POOL__TYPE"
    """An operator spills when it is refused memory; of an unbounded pool, the default by the configuration reference, none is."""

    def __init__(self, s3: S3 | None = None) -> None:
        super().__init__()
        self._s3, self._server = s3, None

    def _start(self) -> str:
        server = sail_server(self._s3, AS_WRITTEN)
        self._server = server
        return f"sc://127.0.0.1:{server.listening_address[1]}"

    def _session_settings(self) -> dict[str, str]:
        return CALL_SITES

    def spilled(self) -> int | None:
        return 0 if os.environ.get(self.MEMORY, "unbounded") == "unbounded" else None

    def _end(self) -> None:
        if self._server is not None:
            self._server.stop()
            self._server = None

    def abandon(self) -> None:
        """The server still waits for the store: it goes down with the process."""
        super().abandon()
        self._server = None


class Spark(Engine):
    """Apache Spark: a server of this process's own (`local[N]`, `spark://…`), or one that is there (`sc://…`)."""

    def __init__(self, address: str = "local[*]", conf: dict[str, str] | None = None, s3: S3 | None = None) -> None:
        super().__init__()
        self._address, self._conf, self._s3, self._server = address, conf or {}, s3, None
        self._fault: tuple[CitylakeError, float] | None = None
        """Of the last server that ended by itself, and when."""

    def _start(self) -> str:
        from resources.spark import SparkServer, check_endpoint

        if self._address.startswith("sc://"):
            check_endpoint(self._address)
            return self._address
        server: Any = SparkServer(self._address, self._conf, self._s3)
        self._server = server
        return str(server.start(self._lost))

    def _lost(self, fault: CitylakeError) -> None:
        """The server ended by itself: what waits for it fails now, not after the client's ten minutes; the next step gets another one."""
        self._fault, self._server = (fault, monotonic()), None
        self.abandon()

    def fault(self, since: float) -> CitylakeError | None:
        return self._fault[0] if self._fault and self._fault[1] >= since else None

    def _session_settings(self) -> dict[str, str]:
        from resources.spark import SESSION

        return {**SESSION, **(self._conf if self._address.startswith("sc://") else {})}

    def _end(self) -> None:
        if self._server is not None:
            self._server.stop()
            self._server = None


def engine_of(settings: Settings) -> Engine:
    """The engine the settings name, not started yet."""
    if settings.engine == "spark":
        return Spark(settings.spark, settings.spark_conf, settings.s3)
    return Sail(settings.s3)
