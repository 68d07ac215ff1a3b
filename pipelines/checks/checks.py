"""A check and its verdict: an invariant holds, is violated, or does not apply.

Here: running one check so that none hides another, without personal values in the result. Not here: the invariants.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from time import perf_counter

from assets.invariants import Violations
from pipelines.checks.view import View
from resources.errors import CitylakeError, Unreachable


class Verdict(StrEnum):
    HOLDS = "holds"
    VIOLATED = "violated"
    DOES_NOT_APPLY = "does not apply"


class DoesNotApply(Exception):
    """The release has nothing that this invariant is about; the message says why."""


@dataclass(frozen=True)
class Check:
    """One invariant.

    Attributes:
        code: the rule that it stands on, listed in docs/domain.md, or LAKE for the lake's own guarantees.
        must: the invariant as a sentence.
        find: counts the violations; raises DoesNotApply.
    """

    name: str
    code: str
    must: str
    find: Callable[[View], Violations]


@dataclass(frozen=True)
class Finding:
    name: str
    code: str
    must: str
    verdict: Verdict
    violations: int
    examples: tuple[str, ...]
    why: str
    seconds: float


def run_check(check: Check, view: View) -> Finding:
    """Run one check; a check that fails with an error counts as violated. Raises Unreachable."""
    begin = perf_counter()
    found, verdict, why = Violations(), Verdict.HOLDS, ""
    try:
        found = check.find(view)
        if found.count:
            verdict = Verdict.VIOLATED
    except DoesNotApply as e:
        verdict, why = Verdict.DOES_NOT_APPLY, str(e)
    except Unreachable:
        raise
    except Exception as e:
        # an engine's message may quote a personal value
        verdict, why = Verdict.VIOLATED, str(e) if isinstance(e, CitylakeError) else f"the check failed with {type(e).__name__}"
        found = Violations(1)
    return Finding(check.name, check.code, check.must, verdict, found.count, found.examples, why, round(perf_counter() - begin, 2))
