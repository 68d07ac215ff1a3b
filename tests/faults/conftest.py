"""A small city whose departments have delivered for one night, and the lake of a run that nothing disturbed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.city import City, Delivered
from tests.story.first_night import FirstNight


@pytest.fixture(scope="session")
def delivered(first_night: FirstNight) -> Delivered:
    return Delivered(first_night.desk, first_night.day)


@pytest.fixture
def city(tmp_path: Path, delivered: Delivered) -> Callable[..., City]:
    """`city(minio, endpoint, **settings)`: the same city with an empty lake in a new bucket."""
    return lambda minio, endpoint, **settings: delivered.lake_in(minio, tmp_path / "city", endpoint, **settings)
