"""A check and its verdict: an invariant holds, is violated, or does not apply.

Here: asking one question so that none hides another, and telling nothing personal. Not here: the questions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from time import perf_counter

from pipelines.checks.view import View
from resources.errors import CitylakeError, Unreachable

HOLDS = "holds"
VIOLATED = "violated"
DOES_NOT_APPLY = "does not apply"
EXAMPLES = 5


class DoesNotApply(Exception):
    """There is nothing this invariant could speak about, and why."""


@dataclass(frozen=True)
class Violations:
    """How many, and the first of them: a table, batch, file and line, or a pseudonym. Never a personal value."""

    count: int = 0
    examples: tuple[str, ...] = ()

    @classmethod
    def of(cls, found: Iterable[str]) -> Violations:
        told = sorted(found)
        return cls(len(told), tuple(told[:EXAMPLES]))


@dataclass(frozen=True)
class Check:
    """code: the invariant of the domain rules, section H, or LAKE for the lake's own promises. must: what has to be true."""

    name: str
    code: str
    must: str
    find: Callable[[View], Violations]


@dataclass(frozen=True)
class Finding:
    name: str
    code: str
    must: str
    verdict: str
    violations: int
    examples: tuple[str, ...]
    why: str
    seconds: float


def answer(check: Check, view: View) -> Finding:
    """Ask. What cannot be asked is violated: a check that fails must not look like one that holds. Raises Unreachable."""
    begin = perf_counter()
    found, verdict, why = Violations(), HOLDS, ""
    try:
        found = check.find(view)
        if found.count:
            verdict = VIOLATED
    except DoesNotApply as e:
        verdict, why = DOES_NOT_APPLY, str(e)
    except Unreachable:
        raise
    except Exception as e:
        # the message of an engine may repeat the value it stumbled over
        verdict, why = VIOLATED, str(e) if isinstance(e, CitylakeError) else f"it cannot be asked: {type(e).__name__}"
        found = Violations(1)
    return Finding(check.name, check.code, check.must, verdict, found.count, found.examples, why, round(perf_counter() - begin, 2))
