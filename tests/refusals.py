"""What every refusal of a wrong contract or table of rules says: one line with file, field, problem and remedy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from contracts import ContractError


@contextmanager
def refused_with(file: str, where: str, problem: str, remedy: str) -> Iterator[None]:
    """The block raises ContractError with all of it."""
    with pytest.raises(ContractError) as refused:
        yield
    assert "\n" not in str(refused.value)
    assert file in str(refused.value)
    assert refused.value.where == where
    assert problem in refused.value.problem
    assert remedy in refused.value.remedy
