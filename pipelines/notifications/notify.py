"""Tell people of a run that has ended, once, whoever started it. Nothing here ever stops or holds up a night.

Here: from happenings to answers of channels; who has which channels. Not here: what is told (`gather`, `words`), sending.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from contracts import Contract
from pipelines.control import notices as book
from pipelines.control.freshness import overdue
from pipelines.notifications import messages
from pipelines.notifications.gather import Notice, notices, standing_refusals
from pipelines.notifications.incidents import Incident
from pipelines.runtime import Runtime
from resources.channels import Answer, Channel, Message, send
from resources.errors import CitylakeError
from resources.settings import MASK, Settings

NUMBERS = re.compile(r"\d{11,}[\dXx]?")
"""Telephone, identity, archive and card numbers. No error of the lake should hold one; should one do so, it goes no further."""
SHORTEST_SECRET = 4


@dataclass
class NotificationReport:
    """messages: what was written, by whom it goes to; answers: of the channels; troubles: a line each, also for a channel that failed."""

    messages: dict[str, Message] = field(default_factory=dict)
    answers: list[Answer] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)


def notify(
    runtime: Runtime, run_id: str, as_of: date, found: Iterable[Incident], *, whole: bool, release: int | None
) -> NotificationReport:
    """Write to everybody whom the happenings of a run concern, and send it. Never raises.

    whole: the run was a whole night, so it also says what stands refused or is late. A run that was told before is not told again.
    """
    report, secrets = NotificationReport(), runtime.settings.secrets()
    found = [replace(h, line=_clean(h.line, secrets)) for h in found]
    try:
        made = _noted(runtime, run_id, as_of, found, whole=whole)
    except Exception as e:
        report.troubles.append(f"what was told before is not known, so old news may be told as new: {_line(e)}")
        made = _unnoted(runtime, as_of, found, report)
    try:
        report.messages = messages.messages(made, runtime.contracts, as_of, whole=whole, release=release)
        report.troubles += nobodies(runtime.settings, runtime.contracts)
        channels = channels_of(runtime.settings)
        report.answers = send([(c, message) for to, message in report.messages.items() for c in channels.get(to, [])])
        report.troubles += [f"{a.channel}: {a.verdict}" for a in report.answers if not a.answered]
    except Exception as e:
        report.troubles.append(f"not everybody could be told: {_line(e)}")
    return report


def _noted(runtime: Runtime, run_id: str, as_of: date, found: list[Incident], *, whole: bool) -> list[Notice]:
    """The notices of a run, noted in the book; none when it was told before."""
    contracts, rows = runtime.contracts, runtime.ledger.rows()
    secrets = runtime.settings.secrets()
    settled = {h.batch_id for h in runtime.holds.waiting() if h.state == "refused"}
    refused = [{**r, "reason": _clean(r["reason"], secrets)} for r in runtime.ledger.refused() if r["batch_id"] not in settled]
    refusals = standing_refusals(contracts, refused, rows, as_of)
    if not whole:
        reasons = {h.line for h in found}
        refusals = [r for r in refusals if r["reason"] in reasons]
    late = overdue(contracts, rows, as_of) if whole else []
    made = notices(contracts, found, refusals, late, book.told_before(runtime.lake), as_of)
    if not (made or whole):
        return []
    return made if book.claim(runtime.lake, run_id, as_of, made, whole=whole) else []


def _unnoted(runtime: Runtime, as_of: date, found: list[Incident], report: NotificationReport) -> list[Notice]:
    """The notices of a run whose lake cannot be asked: what its events say, all of it as news."""
    try:
        return notices(runtime.contracts, found, [], [], {}, as_of)
    except Exception as e:
        report.troubles.append(f"nobody could be told: {_line(e)}")
        return []


def channels_of(settings: Settings) -> dict[str, list[Channel]]:
    """The channels of the settings, by whose they are."""
    return {to: [Channel(to, i, url) for i, url in enumerate(urls)] for to, urls in settings.notify.items()}


def nobodies(settings: Settings, contracts: Mapping[str, Contract]) -> list[str]:
    """A line for every name in the setting `notify` that is no department's."""
    known = {c.owner for c in contracts.values()} | {messages.ENGINEERS}
    wrong = [to for to in settings.notify if to not in known]
    return [f"setting notify: no table belongs to {to!r}; known are {', '.join(sorted(known))}" for to in wrong]


def _clean(text: str, secrets: Iterable[str]) -> str:
    """A text without the settings' secrets and without long numbers."""
    for secret in secrets:
        if len(secret) >= SHORTEST_SECRET:
            text = text.replace(secret, MASK)
    return NUMBERS.sub(MASK, text)


def _line(e: Exception) -> str:
    """An exception without what others may have put into it."""
    return str(e) if isinstance(e, CitylakeError) else type(e).__name__
