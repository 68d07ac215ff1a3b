"""Channels to people: mail, webhooks, chat groups. A message goes to all of them in parallel, within a time limit.

Here: sending. Not here: which message goes to whom (`pipelines.notifications`). A channel is a URL of the library Apprise (`mailto://…`,
`json://…`, `wecombot://…`, `dingtalk://…`, `feishu://…`); most of such a URL is secret, so only its scheme is ever shown.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Thread
from time import monotonic
from typing import Any, Literal

from pydantic import SecretStr

SECONDS = 15.0
"""Time limit for all channels together. Apprise gives up on a server that does not answer after 4 s."""
LONGEST = 20_000
"""Characters of a message; a longer one is cut."""

TAKEN = "took the message"
NOT_KNOWN = "the address is not one Apprise understands"
TALKATIVE = {"apprise": logging.CRITICAL + 1, "urllib3.connectionpool": logging.INFO}
"""Loggers that write whole addresses below these levels."""


@dataclass(frozen=True)
class Channel:
    """One way to reach a recipient. to: the recipient, position: which of the recipient's channels."""

    to: str
    position: int
    url: SecretStr

    @property
    def shown(self) -> str:
        """Without its secrets: `health[0] mailto`."""
        return f"{self.to}[{self.position}] {self.url.get_secret_value().partition(':')[0][:20]}"


@dataclass(frozen=True)
class Message:
    title: str
    body: str
    urgency: Literal["info", "warning", "failure"] = "info"


@dataclass(frozen=True)
class Answer:
    channel: str
    answered: bool
    verdict: str


def send(letters: Sequence[tuple[Channel, Message]], seconds: float = SECONDS) -> list[Answer]:
    """Send every message on its channel, all at the same time. Returns an answer per letter, after `seconds` at the latest.

    The library is loaded before that time begins: on a busy machine that takes seconds of its own.
    """
    verdicts: list[str | None] = [None] * len(letters)
    senders = [_sender(channel) for channel, _ in letters]

    def carry(i: int, sender: Any, message: Message) -> None:
        try:
            verdicts[i] = _notify(sender, message)
        except Exception as e:  # whatever the library raises: its text may hold the address
            verdicts[i] = f"failed with {type(e).__name__}"

    known = [(i, sender, letters[i][1]) for i, sender in enumerate(senders) if sender is not None]
    carriers = [Thread(target=carry, args=each, daemon=True) for each in known]
    until = monotonic() + seconds
    for carrier in carriers:
        carrier.start()
    for carrier in carriers:
        carrier.join(max(0.0, until - monotonic()))
    late = f"no answer within {seconds:g} s"
    said = [NOT_KNOWN if sender is None else verdict or late for sender, verdict in zip(senders, list(verdicts), strict=True)]
    return [Answer(channel.shown, verdict == TAKEN, verdict) for (channel, _), verdict in zip(letters, said, strict=True)]


def _sender(channel: Channel) -> Any:
    """Apprise with one channel, None when it does not understand the address."""
    import apprise

    for name, level in TALKATIVE.items():
        logging.getLogger(name).setLevel(level)
    plugin = apprise.Apprise.instantiate(channel.url.get_secret_value(), suppress_exceptions=True)
    if plugin is None:
        return None
    sender = apprise.Apprise()
    sender.add(plugin)
    return sender


def _notify(sender: Any, message: Message) -> str:
    from apprise import NotifyFormat

    taken = sender.notify(body=message.body[:LONGEST], title=message.title, notify_type=message.urgency, body_format=NotifyFormat.TEXT)
    return TAKEN if taken else "refused the message, or cannot be reached"
