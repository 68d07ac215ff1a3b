"""Write messages from notices: one per department and one for the engineers, from the templates of messages.yaml.

Here: who gets which notices, rendering. Not here: sending (`resources.channels`).
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
def _texts() -> dict[str, Any]:
    return dict(yaml.safe_load(Path(__file__).with_name("messages.yaml").read_text(encoding="utf-8")))


@cache
def _template(text: str) -> Any:
    from jinja2 import Environment, StrictUndefined

    return Environment(undefined=StrictUndefined, trim_blocks=True, autoescape=False).from_string(text)  # noqa: S701  plain text, not HTML


def _render(text: str, **facts: Any) -> str:
    return str(_template(text).render(**facts))


def messages(
    notices: Sequence[Notice], contracts: Mapping[str, Contract], as_of: date, *, whole: bool, release: int | None
) -> dict[str, Message]:
    """Write the messages of a run.

    The engineers get every notice, on every night with an open problem; a department gets its own, when one of them is new.

    Args:
        notices: in their order.
        contracts: by table.
        as_of: the business date of the night.
        whole: whether the run was a whole night, which ends with a release or without one.
        release: number of the release; None without one.

    Returns:
        Message by recipient: a department's name, or ENGINEERS.
    """
    by_owner = {n.owner: [m for m in notices if m.owner == n.owner and _texts()["kinds"][m.kind]["owner"]] for n in notices if n.owner}
    to = {o: found for o, found in sorted(by_owner.items()) if any(n.news for n in found)}
    if notices:
        to[ENGINEERS] = list(notices)
    night = {"as_of": as_of, "whole": whole, "release": release}
    return {o: _message("en" if o == ENGINEERS else "zh", found, contracts, night) for o, found in to.items()}


def _message(language: str, found: Sequence[Notice], contracts: Mapping[str, Contract], night: dict[str, Any]) -> Message:
    lines = [_message_line(n, contracts, night["as_of"]) for n in found]
    news, still = [t for t in lines if t["news"]], [t for t in lines if not t["news"]]
    owner = contracts[found[0].table].owner_title if found[0].table in contracts else ""
    facts = {**night, "owner": owner, "news": news, "still": still}
    texts = _texts()[language]
    urgency = max((t["texts"]["urgency"] for t in news), key=URGENCIES.index, default=URGENCIES[0])
    return Message(_render(texts["title"], **facts), _render(texts["body"], **facts).strip() + "\n", urgency)


def _message_line(notice: Notice, contracts: Mapping[str, Contract], as_of: date) -> dict[str, Any]:
    """Return a notice with everything that the templates need."""
    texts = _texts()["kinds"][notice.kind]
    contract = contracts.get(notice.table)
    meaning = _texts()["codes"].get(notice.facts.get("code"))
    reason = _render(texts["what"], **notice.facts) if "what" in texts else ": ".join(filter(None, (meaning, notice.what)))
    name = notice.table.partition("/")[2]
    command = _render(texts["command"], as_of=as_of, name=name, day=notice.facts.get("day"))
    return {**vars(notice), "texts": texts, "title": contract.title if contract else notice.table, "reason": reason, "command": command}


def trial_message(to: str) -> Message:
    """Write the message of `citylake notify --test` to one recipient."""
    texts = _texts()["test"]
    return Message(_render(texts["title"]), _render(texts["body"], to=to))
