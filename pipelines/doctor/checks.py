"""A check, what it found, and how long it may take.

Here: asking one question so that it neither hangs nor hides the others, and telling nothing secret. Not here: the
questions.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from threading import Thread
from time import perf_counter

from contracts import ContractError
from resources.errors import CitylakeError
from resources.settings import MASK, Settings

OK = "ok"
PROBLEM = "problem"
NOT_USED = "not used"
NOT_CHECKED = "not checked"
"""Another problem stands before this question."""

SHORTEST_SECRET = 4
LONGEST_TEXT = 300


class NotUsed(Exception):
    """The installation has nothing of this kind."""


class NotChecked(Exception):
    """It cannot be asked before another problem is solved."""


@dataclass(frozen=True)
class Check:
    """ask: what was found, with figures; raises CitylakeError for a problem."""

    name: str
    ask: Callable[[], str]
    seconds: float = 60


@dataclass(frozen=True)
class Finding:
    check: str
    verdict: str
    found: str
    remedy: str = ""
    seconds: float = 0

    @property
    def good(self) -> bool:
        return self.verdict in (OK, NOT_USED)


def answer(check: Check, hide: Callable[[str], str]) -> Finding:
    """Ask, at most as long as the check may take. Whatever it raises is a finding."""
    told: list[tuple[str, str, str]] = []
    begin = perf_counter()
    # a thread that hangs in a library cannot be ended: it is left behind, and ends with the process
    asking = Thread(target=lambda: told.append(_run_check(check)), daemon=True, name=check.name)
    asking.start()
    asking.join(check.seconds)
    late = f"no answer within {check.seconds:.0f} s"
    verdict, found, remedy = told[0] if told else (PROBLEM, late, "See whether what it asks is overloaded; then try again")
    return Finding(check.name, verdict, hide(found), hide(remedy), round(perf_counter() - begin, 2))


def _run_check(check: Check) -> tuple[str, str, str]:
    try:
        return OK, check.ask(), ""
    except NotUsed as e:
        return NOT_USED, str(e), ""
    except NotChecked as e:
        return NOT_CHECKED, str(e), ""
    except CitylakeError as e:
        return PROBLEM, f"{e.code}: {e.what} ({e.where})", e.remedy
    except ContractError as e:
        return PROBLEM, str(e), "Correct the contract"
    except Exception as e:
        return PROBLEM, brief(e), "See the log of what it asks; tell the developers if that does not help"


def brief(error: Exception) -> str:
    """An error nobody foresaw, in one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())[:LONGEST_TEXT]


def shown(settings: Settings) -> dict[str, str]:
    """The settings as text for people, with every secret blanked out once more."""
    hide = hiding(settings)
    return {name: hide(value) for name, value in settings.shown().items()}


def hiding(settings: Settings | None) -> Callable[[str], str]:
    """Blanks out every secret of the settings in a text: the second lock, no sentence should hold one."""
    secrets = sorted({s for s in settings.secrets() if len(s) >= SHORTEST_SECRET}, key=len, reverse=True) if settings else []

    def hide(text: str) -> str:
        for secret in secrets:
            text = text.replace(secret, MASK)
        return re.sub(r"//[^/@\s]*@", f"//{MASK}@", text)

    return hide
