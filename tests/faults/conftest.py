"""A small city whose departments have delivered for one night, and the lake of a run that nothing disturbed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from simulator import build
from tests.departments import ABOUT_PERSONS
from tests.faults.city import City, Delivered
from tests.story.city import Installation

PEOPLE, SEED = 300, 5


@pytest.fixture(scope="session")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Delivered:
    desk, city = Installation.make(tmp_path_factory.mktemp("faults") / "desk"), build(PEOPLE, SEED, departments=ABOUT_PERSONS)
    city.deliver(0, desk.landing, desk.exchange_url)
    done = desk.run("run", "--as-of", city.nights[0].isoformat(), fresh=True)
    assert done.code == 0, done.err
    return Delivered(desk, city.nights[0])


@pytest.fixture
def city(tmp_path: Path, delivered: Delivered) -> Callable[..., City]:
    """`city(minio, endpoint, **settings)`: the same city with an empty lake in a new bucket."""
    return lambda minio, endpoint, **settings: delivered.lake_in(minio, tmp_path / "city", endpoint, **settings)
