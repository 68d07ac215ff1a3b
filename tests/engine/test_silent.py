"""What the client of an engine would print past everything: values that queries stumbled over, and stacks."""

from __future__ import annotations

import logging
from logging.config import dictConfig

import pytest

from resources.engine import SILENT, Engine


@pytest.mark.parametrize("name", SILENT)
def test_a_logger_stays_silent_when_a_job_begins(engine: Engine, name: str) -> None:
    assert engine.session is not None
    dictConfig({"version": 1, "disable_existing_loggers": False})  # as Dagster does
    assert not logging.getLogger(name).isEnabledFor(logging.CRITICAL)
