"""Messages out of notices: one per department, and one for the engineers. The words themselves stand in messages.yaml.

Here: who gets which notices, and putting them into words. Not here: sending (`resources.channels`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml

from contracts import Contract
from pipelines.notifications.gather import Notice
from resources.channels import Message

ENGINEERS = "engineers"
URGENCIES: tuple[Literal["info", "warning", "failure"], ...] = ("info", "warning", "failure")


@cache
def _words() -> dict[str, Any]:
    return dict(yaml.safe_load(Path(__file__).with_name("messages.yaml").read_text(encoding="utf-8")))


@cache
def _template(text: str) -> Any:
    from jinja2 import Environment, StrictUndefined

    return Environment(undefined=StrictUndefined, trim_blocks=True, autoescape=False).from_string(text)  # noqa: S701  plain text, not HTML


def _say(text: str, **facts: Any) -> str:
    return str(_template(text).render(**facts))


def messages(
    notices: Sequence[Notice], contracts: Mapping[str, Contract], as_of: date, *, whole: bool, release: int | None
) -> dict[str, Message]:
    """By whom it goes to: the engineers get everything, every night in which something stands; a department what concerns it, when
    something of that is news.

    whole: it is about a whole night, which ended in a release or in none.
    """
    by_owner = {n.owner: [m for m in notices if m.owner == n.owner and _words()["kinds"][m.kind]["owner"]] for n in notices if n.owner}
    to = {o: found for o, found in sorted(by_owner.items()) if any(n.news for n in found)}
    if notices:
        to[ENGINEERS] = list(notices)
    night = {"as_of": as_of, "whole": whole, "release": release}
    return {o: _letter("en" if o == ENGINEERS else "zh", found, contracts, night) for o, found in to.items()}


def _letter(language: str, found: Sequence[Notice], contracts: Mapping[str, Contract], night: dict[str, Any]) -> Message:
    told = [_message_line(n, contracts, night["as_of"]) for n in found]
    news, still = [t for t in told if t["news"]], [t for t in told if not t["news"]]
    owner = contracts[found[0].table].owner_title if found[0].table in contracts else ""
    facts = {**night, "owner": owner, "news": news, "still": still}
    words = _words()[language]
    urgency = max((t["words"]["urgency"] for t in news), key=URGENCIES.index, default=URGENCIES[0])
    return Message(_say(words["title"], **facts), _say(words["body"], **facts).strip() + "\n", urgency)


def _message_line(notice: Notice, contracts: Mapping[str, Contract], as_of: date) -> dict[str, Any]:
    """A notice with all that the templates ask for."""
    words = _words()["kinds"][notice.kind]
    contract = contracts.get(notice.table)
    meaning = _words()["codes"].get(notice.facts.get("code"))
    reason = _say(words["what"], **notice.facts) if "what" in words else ": ".join(filter(None, (meaning, notice.what)))
    name = notice.table.partition("/")[2]
    command = _say(words["command"], as_of=as_of, name=name, day=notice.facts.get("day"))
    return {**vars(notice), "words": words, "title": contract.title if contract else notice.table, "reason": reason, "command": command}


def trial(to: str) -> Message:
    words = _words()["test"]
    return Message(_say(words["title"]), _say(words["body"], to=to))
