"""Dagster's history in PostgreSQL: connections stay open, and a run goes on when the server has closed them."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest
import sqlalchemy as sa
import yaml

from pipelines.orchestration.nights import dagster_instance
from tests.servers.need import ROOT
from tests.servers.postgres import Postgres

OTHERS = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"


@dg.asset
def river() -> None: ...


def test_a_run_goes_on_when_the_server_has_closed_its_connections(
    postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, url = tmp_path / "dagster", postgres.url(postgres.database("dagster_storage"))
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    told = yaml.safe_load((ROOT / "deploy" / "dagster.yaml").read_text(encoding="utf-8"))["storage"]
    told["custom"]["config"] = {"postgres_url": url.replace("+psycopg:", "+psycopg2:")}
    home.mkdir()
    (home / "dagster.yaml").write_text(yaml.safe_dump({"storage": told, "telemetry": {"enabled": False}}))
    server = sa.create_engine(url, isolation_level="AUTOCOMMIT")

    @dg.asset
    def cut_off() -> None:
        with server.connect() as connection:
            assert connection.execute(sa.text(f"SELECT count(pg_terminate_backend(pid)) {OTHERS}")).scalar_one() > 0

    with dagster_instance(home) as instance:
        assert isinstance(instance.event_log_storage._engine.pool, sa.QueuePool)  # type: ignore[attr-defined]
        run = dg.materialize([river, cut_off], instance=instance)
        assert run.success
        kinds = [str(e.dagster_event_type) for e in instance.all_logs(run.run_id)]
        assert kinds.count("DagsterEventType.STEP_SUCCESS") == 2
        assert kinds[-1] == "DagsterEventType.RUN_SUCCESS"
        with server.connect() as connection:
            assert 0 < connection.execute(sa.text(f"SELECT count(*) {OTHERS}")).scalar_one() <= 3
    server.dispose()
