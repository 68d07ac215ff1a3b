"""Dagster's storage in PostgreSQL, with its connections kept open.

Here: how Dagster's own PostgreSQL storage connects. Not here: what it stores, SQLite (`sqlite_storage`).

Dagster connects for each event and each question anew, with a handshake and a password each time: a third of a small night's time. Here a
connection stays open and is tried before it is used again, so a server that was restarted in between is not noticed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dagster_postgres import DagsterPostgresStorage
from dagster_postgres.utils import create_pg_engine, get_token_provider_from_config, pg_url_from_config

if TYPE_CHECKING:
    from dagster._serdes import ConfigurableClassData

KEPT = {"isolation_level": "AUTOCOMMIT", "pool_size": 1, "max_overflow": -1, "pool_pre_ping": True}
"""One connection of each kind stays open; more are opened while several are at work."""


class OpenPostgresStorage(DagsterPostgresStorage):
    """Dagster's storage in PostgreSQL, for `storage: custom:` of dagster.yaml, configured as Dagster's own.

    Args:
        postgres_url: address of the database.
        should_autocreate_tables: whether to make the tables that are not there.
        inst_data: how Dagster has configured it.
        token_provider: of the password, where it is none.
    """

    def __init__(
        self,
        postgres_url: str,
        should_autocreate_tables: bool = True,
        inst_data: ConfigurableClassData | None = None,
        token_provider: Any = None,
    ) -> None:
        super().__init__(postgres_url, should_autocreate_tables, inst_data, token_provider)
        for storage in (self._run_storage, self._event_log_storage, self._schedule_storage):
            storage._engine = create_pg_engine(postgres_url, token_provider, **KEPT)

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]) -> OpenPostgresStorage:
        """Return the storage that dagster.yaml asks for."""
        return cls(
            pg_url_from_config(config_value),
            config_value.get("should_autocreate_tables", True),
            inst_data,
            get_token_provider_from_config(config_value),
        )
