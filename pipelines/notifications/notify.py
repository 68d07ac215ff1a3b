"""Notify people of a finished run, once, whoever started it. A failure here never stops or delays a night.

Here: from incidents to the answers of channels; who has which channels. Not here: the notices (`gather`), their texts
(`messages`), sending.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from contracts import Contract
from pipelines.control.freshness import overdue
from pipelines.control.holds import HoldState
from pipelines.control.notices import claim, open_problems
from pipelines.notifications import messages
from pipelines.notifications.gather import Notice, notices, open_refusals
from pipelines.notifications.incidents import Incident
from pipelines.runtime import Runtime
from resources.channels import Answer, Channel, Message, send
from resources.errors import CitylakeError
from resources.settings import MASK, Settings

NUMBERS = re.compile(r"\d{11,}[\dXx]?")
"""Telephone, identity, archive and card numbers. No error of the lake should contain one; if one does, it is masked."""
SHORTEST_SECRET = 4


@dataclass
class NotificationReport:
    """Messages by recipient, answers of the channels, and one line per problem, such as a channel that failed."""

    messages: dict[str, Message] = field(default_factory=dict)
    answers: list[Answer] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)


def notify(
    runtime: Runtime, run_id: str, as_of: date, found: Iterable[Incident], *, whole: bool, release: int | None
) -> NotificationReport:
    """Write and send the messages of a run. Never raises; a run is notified of once.

    Args:
        runtime: the installation.
        run_id: the Dagster run.
        as_of: the business date of the night.
        found: the incidents of the run.
        whole: whether the run was a whole night, which also reports open refusals and overdue deliveries.
        release: number of the release; None without one.

    Returns:
        What was sent, and what could not be sent.
    """
    report, secrets = NotificationReport(), runtime.settings.secrets()
    found = [replace(h, line=_clean(h.line, secrets)) for h in found]
    try:
        made = _claimed(runtime, run_id, as_of, found, whole=whole)
    except Exception as e:
        report.troubles.append(f"earlier notifications cannot be read, so known problems may be reported as new: {_line(e)}")
        made = _from_incidents(runtime, as_of, found, report)
    try:
        report.messages = messages.messages(made, runtime.contracts, as_of, whole=whole, release=release)
        report.troubles += unknown_recipients(runtime.settings, runtime.contracts)
        channels = channels_of(runtime.settings)
        report.answers = send([(c, message) for to, message in report.messages.items() for c in channels.get(to, [])])
        report.troubles += [f"{a.channel}: {a.verdict}" for a in report.answers if not a.answered]
    except Exception as e:
        report.troubles.append(f"not every recipient could be notified: {_line(e)}")
    return report


def _claimed(runtime: Runtime, run_id: str, as_of: date, found: list[Incident], *, whole: bool) -> list[Notice]:
    """Return the notices of a run after recording them; none when another process has recorded them before."""
    contracts, rows = runtime.contracts, runtime.ledger.rows()
    secrets = runtime.settings.secrets()
    settled = {h.batch_id for h in runtime.holds.waiting() if h.state is HoldState.REFUSED}
    refused = [{**r, "reason": _clean(r["reason"], secrets)} for r in runtime.ledger.refused() if r["batch_id"] not in settled]
    refusals = open_refusals(contracts, refused, rows, as_of)
    if not whole:
        reasons = {h.line for h in found}
        refusals = [r for r in refusals if r["reason"] in reasons]
    late = overdue(contracts.values(), runtime.ledger, as_of) if whole else []
    made = notices(contracts, found, refusals, late, open_problems(runtime.lake), as_of)
    if not (made or whole):
        return []
    return made if claim(runtime.lake, run_id, as_of, made, whole=whole) else []


def _from_incidents(runtime: Runtime, as_of: date, found: list[Incident], report: NotificationReport) -> list[Notice]:
    """Return the notices of a run whose lake cannot be read: its incidents, all as new."""
    try:
        return notices(runtime.contracts, found, [], [], {}, as_of)
    except Exception as e:
        report.troubles.append(f"nobody could be notified: {_line(e)}")
        return []


def channels_of(settings: Settings) -> dict[str, list[Channel]]:
    """Return the channels of the settings by recipient."""
    return {to: [Channel(to, i, url) for i, url in enumerate(urls)] for to, urls in settings.notify.items()}


def unknown_recipients(settings: Settings, contracts: Mapping[str, Contract]) -> list[str]:
    """Return one line for every name in the setting `notify` that is no department."""
    known = {c.owner for c in contracts.values()} | {messages.ENGINEERS}
    wrong = [to for to in settings.notify if to not in known]
    return [f"setting notify: no table belongs to {to!r}; use one of {', '.join(sorted(known))}" for to in wrong]


def _clean(text: str, secrets: Iterable[str]) -> str:
    """Mask the settings' secrets and long numbers in a text."""
    for secret in secrets:
        if len(secret) >= SHORTEST_SECRET:
            text = text.replace(secret, MASK)
    return NUMBERS.sub(MASK, text)


def _line(e: Exception) -> str:
    """Return the text of the lake's own errors; of others only the class, as their text may contain personal values."""
    return str(e) if isinstance(e, CitylakeError) else type(e).__name__
