"""A check, its finding, and its time limit.

Here: running one check so that it neither hangs nor hides the others, and masking secrets. Not here: the checks.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from threading import Thread
from time import perf_counter

from contracts import ContractError
from resources.errors import CitylakeError
from resources.settings import MASK, Settings

SHORTEST_SECRET = 4
LONGEST_TEXT = 300


class Verdict(StrEnum):
    OK = "ok"
    PROBLEM = "problem"
    NOT_USED = "not used"
    NOT_CHECKED = "not checked"
    """Another problem has to be solved first."""


class NotUsed(Exception):
    """The installation does not use this."""


class NotChecked(Exception):
    """Another problem has to be solved first."""


@dataclass(frozen=True)
class Check:
    """A named check. `run` returns what was found, with figures, and raises CitylakeError for a problem."""

    name: str
    run: Callable[[], str]
    seconds: float = 60


@dataclass(frozen=True)
class Finding:
    check: str
    verdict: Verdict
    found: str
    remedy: str = ""
    seconds: float = 0

    @property
    def good(self) -> bool:
        return self.verdict in (Verdict.OK, Verdict.NOT_USED)


def run_check(check: Check, hide: Callable[[str], str]) -> Finding:
    """Run a check within its time limit; every exception becomes a finding. hide: masks secrets in texts."""
    results: list[tuple[Verdict, str, str]] = []
    begin = perf_counter()
    # a thread that hangs in a library cannot be ended: it is left running and ends with the process
    thread = Thread(target=lambda: results.append(_result(check)), daemon=True, name=check.name)
    thread.start()
    thread.join(check.seconds)
    late = f"no answer within {check.seconds:.0f} s"
    verdict, found, remedy = results[0] if results else (Verdict.PROBLEM, late, "See whether the service is overloaded, then try again")
    return Finding(check.name, verdict, hide(found), hide(remedy), round(perf_counter() - begin, 2))


def _result(check: Check) -> tuple[Verdict, str, str]:
    try:
        return Verdict.OK, check.run(), ""
    except NotUsed as e:
        return Verdict.NOT_USED, str(e), ""
    except NotChecked as e:
        return Verdict.NOT_CHECKED, str(e), ""
    except CitylakeError as e:
        return Verdict.PROBLEM, f"{e.code}: {e.what} ({e.where})", e.remedy
    except ContractError as e:
        return Verdict.PROBLEM, str(e), "Correct the contract"
    except Exception as e:
        return Verdict.PROBLEM, brief(e), "See the log of the service that was checked; if that does not help, report it to the developers"


def brief(error: Exception) -> str:
    """Return an unexpected error as one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())[:LONGEST_TEXT]


def shown(settings: Settings) -> dict[str, str]:
    """Return the settings as text, with every secret masked."""
    hide = hiding(settings)
    return {name: hide(value) for name, value in settings.shown().items()}


def hiding(settings: Settings | None) -> Callable[[str], str]:
    """Return a function that masks the settings' secrets in a text, as a second safeguard: no text should contain one."""
    secrets = sorted({s for s in settings.secrets() if len(s) >= SHORTEST_SECRET}, key=len, reverse=True) if settings else []

    def hide(text: str) -> str:
        for secret in secrets:
            text = text.replace(secret, MASK)
        return re.sub(r"//[^/@\s]*@", f"//{MASK}@", text)

    return hide
