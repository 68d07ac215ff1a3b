"""What a soak has shown: invariants, equality, memory. Each as (good, one sentence with the figures)."""

from __future__ import annotations

from statistics import mean
from typing import Any

WARM_UP, COMPARED = 1, 5
TOLERANCE = 1.1


def verdict(told: dict[str, Any]) -> dict[str, tuple[bool, str]]:
    nights = told["nights"]
    held = [n for n in nights if not n["violated"]]
    equal = told["compared"] - len(told["different"])
    found = {
        "nights": (len(nights) == told["asked"], f"{len(nights)} of {told['asked']} nights were run"),
        "invariants": (len(held) == len(nights), f"all invariants hold after {len(held)} of {len(nights)} nights"),
        "rebuild": (0 < equal == told["compared"], f"{equal} of {told['compared']} tables are equal to those made anew from raw"),
    }
    if len(nights) >= WARM_UP + 2 * COMPARED:
        first = mean(n["peak_mb"] for n in nights[WARM_UP : WARM_UP + COMPARED])
        last = mean(n["peak_mb"] for n in nights[-COMPARED:])
        span = f"nights {WARM_UP + 1} to {WARM_UP + COMPARED}"
        text = f"mean peak of {span}: {first:.0f} MB, of the last {COMPARED}: {last:.0f} MB ({last / first - 1:+.1%})"
        found["memory"] = (last <= TOLERANCE * first, text)
    return found
