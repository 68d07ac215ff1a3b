"""The engine that transforms tables: a Spark Connect session on the embedded engine Sail.

Here: starting and stopping it, its settings. Not here: where tables are (`lake`). Nothing else in the project
knows which engine it runs on.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

TIME_ZONE = "Asia/Shanghai"
SETTINGS = {
    "spark.sql.session.timeZone": TIME_ZONE,
    "spark.sql.ansi.enabled": "true",
}


class Engine:
    """One engine of one process. The session starts when it is first asked for, and serves the whole run."""

    def __init__(self) -> None:
        self._server: Any = None
        self._session: SparkSession | None = None

    @property
    def session(self) -> SparkSession:
        if self._session is None:
            self._session = self._start()
        return self._session

    def _start(self) -> SparkSession:
        os.environ.setdefault("RUST_LOG", "error")
        import warnings

        from pysail.spark import SparkConnectServer
        from pyspark.sql import SparkSession

        warnings.filterwarnings("ignore", module="pyspark")
        self._server = SparkConnectServer("127.0.0.1", 0)
        self._server.start(background=True)
        _, port = self._server.listening_address
        session = SparkSession.builder.remote(f"sc://127.0.0.1:{port}").getOrCreate()
        for name, value in SETTINGS.items():
            session.conf.set(name, value)
        return session

    def stop(self) -> None:
        if self._session is not None:
            self._session.stop()
            self._session = None
        if self._server is not None:
            self._server.stop()
            self._server = None
