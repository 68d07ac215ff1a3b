"""Explanations of single records, declared in the packages of the assets they are about.

Here: the registry, and the form of an explanation. Not here: the explanations themselves (`assets/<layer>/<domain>/explain.py`),
showing them (`pipelines.cli.explain`, which finds them here).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from assets.declare import declared


class RowReader(Protocol):
    """Reads rows of a published table."""

    def __call__(self, table: str, /, **equal: Any) -> list[dict[str, Any]]:
        """Return the rows whose columns equal the given values; none when the table has never been published."""


@dataclass(frozen=True)
class Section:
    """A table of an explanation: title, headings, and cells as values."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]


@dataclass(frozen=True)
class Explanation:
    """Why a record is as it is.

    Attributes:
        title: names the record and its state.
        lines: further sentences below the title.
        sections: the evidence as tables.
        facts: the same for programs.
    """

    title: str
    facts: dict[str, Any]
    lines: Sequence[str] = ()
    sections: Sequence[Section] = ()


@dataclass(frozen=True)
class Explainer:
    """A function that explains records. `identifies`: what its identifier is called, such as `archive number`."""

    identifies: str
    explain: Callable[[RowReader, str], list[Explanation]]


_EXPLAINERS: dict[str, Explainer] = {}


def explains(identifies: str) -> Callable[[Callable[[RowReader, str], list[Explanation]]], Callable[[RowReader, str], list[Explanation]]]:
    """Declare a function that explains the records of an identifier; it returns none when it does not know the identifier."""

    def declare(explain: Callable[[RowReader, str], list[Explanation]]) -> Callable[[RowReader, str], list[Explanation]]:
        known = _EXPLAINERS.get(identifies)
        if known is not None and known.explain.__module__ != explain.__module__:
            raise ValueError(f"the {identifies} is explained twice, in {known.explain.__module__} and {explain.__module__}: rename one")
        _EXPLAINERS[identifies] = Explainer(identifies, explain)
        return explain

    return declare


def explainers() -> list[Explainer]:
    """Return every declared explainer, by what it identifies."""
    declared()  # imports every module of assets
    return [_EXPLAINERS[identifies] for identifies in sorted(_EXPLAINERS)]
