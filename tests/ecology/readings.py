"""Which readings of a sensor say nothing, in plain Python from the text of domain rules E4.3."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal


def median(values: list[Decimal]) -> Decimal:
    ordered, n = sorted(values), len(values)
    return (ordered[(n - 1) // 2] + ordered[n // 2]) / 2


def is_spike(values: Mapping[int, Decimal], slot: int, finest: Decimal) -> bool:
    """Whether the value of a slot is further from the median of the slots around it than six times their median deviation."""
    near = [values[n] for n in range(slot - 6, slot + 7) if n in values]
    middle = median(near)
    spread = max(median([abs(v - middle) for v in near]), finest)
    return len(near) >= 7 and abs(values[slot] - middle) > 6 * spread


def is_stuck(values: Mapping[int, Decimal], slot: int, most: int) -> bool:
    """Whether the value of a slot is one of so many equal ones in sequence."""
    before = after = 0
    while values.get(slot - before - 1) == values[slot]:
        before += 1
    while values.get(slot + after + 1) == values[slot]:
        after += 1
    return before + 1 + after >= most
