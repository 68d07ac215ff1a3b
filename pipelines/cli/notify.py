"""`citylake notify`: who is notified of problems, by which channels; with --test a message to each of them."""

from __future__ import annotations

from typing import Any

from pipelines.cli.screen import console, print_json, show_table
from pipelines.notifications.messages import ENGINEERS, trial_message
from pipelines.notifications.notify import channels_of, unknown_recipients
from pipelines.taking_part import contracts_of
from resources.channels import send
from resources.settings import Settings


def run_notify(settings: Settings, *, test: bool, as_json: bool) -> int:
    """Show departments, engineers and their channels.

    Args:
        settings: of the installation.
        test: send a test message on every channel.
        as_json: print JSON.

    Returns:
        Exit code 1 when a name of the setting is no department, or a channel did not accept the test message; else 0.
    """
    contracts = contracts_of(settings.departments)
    titles = {c.owner: c.owner_title for c in contracts.values()} | {ENGINEERS: "the lake's engineers: everything"}
    channels, troubles = channels_of(settings), unknown_recipients(settings, contracts)
    verdicts = {a.channel: a for a in send([(c, trial_message(to)) for to, found in channels.items() for c in found])} if test else {}
    reached: list[dict[str, Any]] = [
        {"to": to, "who": titles.get(to, ""), "channel": c.shown, "verdict": verdicts[c.shown].verdict if test else "not tried"}
        for to in sorted({*titles, *channels})
        for c in channels.get(to, [])
    ]
    silent = [{"to": to, "who": titles[to], "channel": None, "verdict": None} for to in sorted(set(titles) - set(channels))]
    if as_json:
        print_json({"recipients": reached + silent, "problems": troubles})
    else:
        show_table("Who is notified", ("to", "who", "channel", "verdict"), [tuple(t.values()) for t in reached + silent])
        for trouble in troubles:
            console.print(trouble, markup=False, soft_wrap=True)
        console.print(
            "A recipient without a channel is covered by the engineers' message; without any channel, see the log and `citylake status`."
        )
    return 0 if not troubles and all(a.answered for a in verdicts.values()) else 1
