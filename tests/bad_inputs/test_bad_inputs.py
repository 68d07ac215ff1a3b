"""Every kind of bad input: what happens to it, and that everything else is published. One folder each (`tests.scenarios`)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pipelines.runtime import Runtime
from tests.scenarios import Scenario, below, play


@pytest.mark.parametrize("scenario", below(__file__))
def test_bad_input(scenario: Scenario, installation: Callable[..., Runtime], proven: Callable[..., None]) -> None:
    play(scenario, installation(), proven)
