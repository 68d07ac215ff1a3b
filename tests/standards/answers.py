"""What a rule answers, as tests compare it."""

from __future__ import annotations


def codes(told: str | None) -> list[str]:
    """The codes of one value, in their order."""
    return told.split(",") if told else []
