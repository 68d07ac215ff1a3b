"""Memory and time of every night as a picture, with the faults marked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

DPI = 100
ROOM = 2.0
"""Above the peaks, for the names of the faults."""


def draw(told: dict[str, Any], file: Path) -> None:
    """Write an SVG that is the same for the same figures."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams |= {"svg.hashsalt": "soak", "svg.fonttype": "none", "font.size": 9}
    from matplotlib import pyplot as plt

    nights = told["nights"]
    numbers = range(1, len(nights) + 1)
    figure, (memory, time) = plt.subplots(2, 1, sharex=True, figsize=(10, 6), dpi=DPI)
    memory.plot(numbers, [n["peak_mb"] for n in nights], marker="o", label="peak")
    memory.plot(numbers, [n["own_peak_mb"] for n in nights], linewidth=1, label="this process alone")
    memory.plot(numbers, [n["engine_peak_mb"] for n in nights], linewidth=1, label="the engine alone")
    memory.plot(numbers, [n["end_mb"] for n in nights], linestyle=":", label="this process at the end")
    memory.set_ylim(0, ROOM * max(n["peak_mb"] for n in nights))
    memory.set_ylabel("resident memory, MB")
    memory.legend(loc="upper left", bbox_to_anchor=(1, 1))
    for number, night in zip(numbers, nights, strict=True):
        here = (number, night["peak_mb"])
        memory.annotate(
            "\n".join(night["faults"]), here, (0, 4), textcoords="offset points", rotation=90, fontsize=6, va="bottom", ha="center"
        )
    memory.set_title(f"{len(nights)} nights of {told['people']} people in one process, reruns and checks included")
    time.bar(numbers, [n["cpu_seconds"] for n in nights])
    time.set_ylabel("processor, seconds")
    time.set_xlabel("night")
    figure.tight_layout()
    figure.savefig(file, format="svg", metadata={"Date": None})
