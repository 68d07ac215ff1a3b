"""What all contestants of `bench.events` know: which events there are, where the drops of their days lie, and what each leaves."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

COUNTED = "counted.parquet"
"""The last table that is made of the events, with the columns of `Event.counts` and others."""


@dataclass(frozen=True)
class Event:
    """Events of one kind.

    Attributes:
        name: its name on the command line.
        table: delivered, as in its contract.
        made: the tables of the lake that are made of it, in order.
        counts: columns of the last of them whose sums must be the same for everybody.
    """

    name: str
    table: str
    made: tuple[str, ...]
    counts: tuple[str, ...]


EVENTS = {
    e.name: e
    for e in (
        Event("passes", "traffic_police/pass", ("themes/traffic/pass_hour",), ("passes", "read", "corrected", "unread", "local")),
        Event(
            "positions",
            "transport/vehicle_position",
            ("themes/traffic/position", "themes/traffic/position_day"),
            (
                "delivered", "kept", "no_position", "outside", "too_fast", "jumps", "frozen", "metres", "online_s", "gaps", "gap_s",
                "speeding_s", "night_s",
            ),
        ),
    )
}  # fmt: skip


def delivered(inputs: Path) -> tuple[Event, list[Path]]:
    """The only kind of events in a folder of inputs, and the drops of its days in order."""
    landing = inputs / "landing"
    event = next(e for e in EVENTS.values() if (landing / e.table).is_dir())
    return event, sorted((landing / event.table).iterdir())
