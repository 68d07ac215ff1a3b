"""What processes hold in memory, in MiB, as Linux tells it in /proc; other systems do not tell."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

PROCESSES = Path("/proc")
RESET_PEAK = "5"
"""Written to `clear_refs`: the peak is what is resident now."""


def forget_peak() -> bool:
    """From now on the peak of this process is that of what follows. False where the system cannot be asked."""
    try:
        (PROCESSES / "self/clear_refs").write_text(RESET_PEAK)
    except OSError:
        return False
    return True


def peak() -> float | None:
    """The most that this process had resident since `forget_peak`, or its start; None where the system does not tell."""
    return _proc_status_mb("self", "VmHWM")


def resident(*pids: int | str) -> float:
    """What processes hold now; `self` is this one, and one that has ended holds nothing."""
    return sum(_proc_status_mb(pid, "VmRSS") or 0.0 for pid in pids)


def _proc_status_mb(pid: int | str, name: str) -> float | None:
    with suppress(OSError):
        for line in (PROCESSES / str(pid) / "status").read_text().splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) / 1024
    return None
