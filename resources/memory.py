"""Resident memory of processes in MiB, read from /proc on Linux; not available on other systems."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

PROCESSES = Path("/proc")
RESET_PEAK = "5"
"""Written to `clear_refs`: the peak is what is resident now."""


def forget_peak() -> bool:
    """Reset the peak of this process. False where the system does not support it."""
    try:
        (PROCESSES / "self/clear_refs").write_text(RESET_PEAK)
    except OSError:
        return False
    return True


def peak() -> float | None:
    """Peak resident memory of this process since `forget_peak` or its start, in MiB; None where the system does not report it."""
    return _proc_status_mb("self", "VmHWM")


def resident(*pids: int | str) -> float:
    """Resident memory of processes in MiB; `self` is this process, one that has ended counts 0."""
    return sum(_proc_status_mb(pid, "VmRSS") or 0.0 for pid in pids)


def _proc_status_mb(pid: int | str, name: str) -> float | None:
    with suppress(OSError):
        for line in (PROCESSES / str(pid) / "status").read_text().splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) / 1024
    return None
