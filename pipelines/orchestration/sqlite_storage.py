"""Dagster's storage in a folder, with its databases kept open.

Here: how Dagster's own SQLite storage connects. Not here: what it stores, PostgreSQL (`deploy/dagster.yaml`).

Dagster opens a database for each event and closes it again, which writes everything through to the disk each time: some 4,000 times in
a night of thirty tables, a third of its time. Here a database stays open, and its write-ahead log is written through when it is
summed up. After a power failure the last events of a run may be missing from its history, never from the lake or its ledger.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
from sqlalchemy import create_engine, event
from sqlalchemy.pool import NullPool

if TYPE_CHECKING:
    from dagster import EventLogEntry
    from dagster._serdes import ConfigurableClassData
    from sqlalchemy.engine import Connection, Engine

OPEN_DATABASES = 8
"""There is one for each run and one for all. Those not used for longest are closed."""
BUSY_SECONDS = 60


class OpenEventLog(SqliteEventLogStorage):
    """Dagster's event log in SQLite files, one connection to each, kept open.

    Args:
        base_dir: the folder of the files.
        inst_data: how Dagster has configured it.
    """

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines = OrderedDict[str, "Engine"]()
        super().__init__(base_dir, inst_data)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock, self._engine(shard).begin() as connection:
            yield connection

    def _engine(self, shard: str) -> Engine:
        if not Path(self.path_for_shard(shard)).exists():
            self._close(shard)
        if shard not in self._engines:
            self._engines[shard] = _engine(self.conn_string_for_shard(shard))
        self._engines.move_to_end(shard)
        if shard not in self._initialized_dbs:
            self._initdb(create_engine(self.conn_string_for_shard(shard), poolclass=NullPool))  # takes several connections
            self._initialized_dbs.add(shard)
        while len(self._engines) > OPEN_DATABASES:
            self._close(next(iter(self._engines)))
        return self._engines[shard]

    def _close(self, shard: str) -> None:
        self._initialized_dbs.discard(shard)
        if engine := self._engines.pop(shard, None):
            engine.dispose()

    def store_event(self, event: EventLogEntry) -> None:
        """Store an event. Whoever watches the run's file learns of it, although its bytes are still in the write-ahead log."""
        super().store_event(event)
        os.utime(self.path_for_shard(event.run_id))

    def wipe(self) -> None:
        """Remove all events."""
        self.dispose()
        super().wipe()

    def dispose(self) -> None:
        """Close all databases."""
        with self._db_lock:
            for shard in list(self._engines):
                self._close(shard)
        super().dispose()


class OpenSqliteStorage(DagsterSqliteStorage):
    """Dagster's storage in a folder, for `storage: custom:` of dagster.yaml, with the event log kept open.

    Args:
        base_dir: the folder, DAGSTER_HOME.
        inst_data: how Dagster has configured it.
    """

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        super().__init__(base_dir, inst_data)
        self._event_log_storage = OpenEventLog(str(Path(base_dir, "history", "runs")))

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]) -> OpenSqliteStorage:
        """Return the storage that dagster.yaml asks for."""
        return cls(config_value["base_dir"], inst_data)


def _engine(url: str) -> Engine:
    engine = create_engine(url, pool_size=1, max_overflow=0, connect_args={"timeout": BUSY_SECONDS})

    @event.listens_for(engine, "connect")
    def _write_through_when_summed_up(connection: Any, _: Any) -> None:
        connection.execute("PRAGMA synchronous=NORMAL")

    return engine
