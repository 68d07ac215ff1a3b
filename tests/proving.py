"""What tests say about what they prove: the marker `proves` and the fixture `proven`, a plugin of pytest.

    @pytest.mark.proves("H1", "H3")
    def test_…(proven):
        …
        proven(done="what was done", seen="what was seen, with figures")

Here: both as properties of the test in JUnit XML. The codes are there before anything of the test runs: one that fails, also in
a fixture, has failed to prove them. Not here: the codes (reliability.yaml), the document made of them (`tests.reliability`).
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

Record = Callable[..., None]


def pytest_itemcollected(item: pytest.Item) -> None:
    item.user_properties += [("proves", code) for code in codes_of(item)]


def codes_of(item: pytest.Item) -> list[str]:
    """Of the test and of its parameters."""
    return sorted({code for mark in item.iter_markers("proves") for code in mark.args})


@pytest.fixture
def proven(request: pytest.FixtureRequest, record_property: Callable[[str, object], None]) -> Record:
    """Called last in a test that is marked `proves`: records what was done and what was seen."""

    def record(*, done: str, seen: str) -> None:
        assert codes_of(request.node), f"{request.node.name} says what it has seen, but no code: mark it with pytest.mark.proves"
        record_property("done", done)
        record_property("seen", seen)

    return record
