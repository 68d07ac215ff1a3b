"""Dirt that the demo city's tables cannot have, or not in every form: what is made of it. One folder each (`tests.scenarios`)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pipelines.runtime import Runtime
from tests.scenarios import Scenario, below, play


@pytest.mark.parametrize("scenario", below(__file__))
def test_dirt(scenario: Scenario, installation: Callable[..., Runtime], proven: Callable[..., None]) -> None:
    play(scenario, installation(), proven)
