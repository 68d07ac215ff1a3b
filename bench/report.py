"""The figures of all rounds as one object, a table to read and a chart.

Here: medians, spreads, ratios. Not here: where the figures come from.
"""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

from bench.measure import Cost

PACKAGES = ("pysail", "pyspark", "delta-spark", "deltalake", "duckdb", "polars", "pandas", "pyarrow")
FIGURES = ("wall", "cpu", "memory", "written")
UNITS = {"wall": 1.0, "cpu": 1.0, "memory": 1 << 20, "written": 1 << 20}
HEADS = {"wall": "wall s", "cpu": "CPU s", "memory": "peak MiB", "written": "written MiB"}


def summary(costs: dict[str, list[Cost]], failed: dict[str, str], titles: dict[str, str], of: str) -> dict[str, Any]:
    """Per contestant and figure median, least and most; ratio to the first contestant; the median seconds of every stage.

    of: how much data, in words.
    """
    reference, contestants = next(iter(costs)), {}
    for name, rounds in costs.items():
        figures: dict[str, Any] = {}
        for figure in FIGURES:
            values = [getattr(c, figure) for c in rounds]
            base = median(getattr(c, figure) for c in costs[reference])
            figures[figure] = {"median": median(values), "min": min(values), "max": max(values), "ratio": median(values) / base}
        stages = {stage: median(c.seconds[stage] for c in rounds) for stage in rounds[0].seconds}
        contestants[name] = {"title": titles[name], "rounds": len(rounds), **figures, "stages": stages}
    machine = {"cores": os.cpu_count(), "python": platform.python_version(), "load": os.getloadavg()[1]}
    return {
        "of": of, "reference": reference, "machine": machine, "packages": {p: version(p) for p in PACKAGES},
        "contestants": contestants, "failed": {titles[name]: why for name, why in failed.items()},
    }  # fmt: skip


def table(found: dict[str, Any]) -> str:
    """The figures as a Markdown table: median (least to most) and the ratio to the reference."""
    lines = ["| |" + "|".join(f" {HEADS[f]} | × " for f in FIGURES) + "|", "|---|" + "---:|---:|" * len(FIGURES)]
    for c in found["contestants"].values():
        cells = []
        for figure in FIGURES:
            low, mid, high = (c[figure][k] / UNITS[figure] for k in ("min", "median", "max"))
            spread = f" ({low:,.1f}–{high:,.1f})" if figure in ("wall", "cpu") and c["rounds"] > 1 else ""
            cells.append(f" {mid:,.1f}{spread} | {c[figure]['ratio']:.2f} ")
        lines.append(f"| {c['title']} |{'|'.join(cells)}|")
    rounds = max(c["rounds"] for c in found["contestants"].values())
    said = f"{found['of']}, {rounds} rounds, {found['machine']['cores']} cores, load {found['machine']['load']:.1f}"
    failed = [f"{title}: {why.splitlines()[0]}" for title, why in found["failed"].items()]
    return "\n".join([said, "", *lines, "", *failed, "", stages(found)])


def stages(found: dict[str, Any]) -> str:
    """Median seconds of every table that is made, by contestant."""
    contestants = found["contestants"]
    lines = ["| seconds |" + "|".join(f" {name} " for name in contestants) + "|", "|---|" + "---:|" * len(contestants)]
    for stage in dict.fromkeys(stage for c in contestants.values() for stage in c["stages"]):
        cells = [f" {c['stages'][stage]:.2f} " if stage in c["stages"] else " " for c in contestants.values()]
        lines.append(f"| {stage} |{'|'.join(cells)}|")
    return "\n".join(lines)


def chart(found: dict[str, Any], path: Path) -> None:
    """Wall and processor seconds of every contestant as bars, with their spread; an SVG file."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "bench"
    from matplotlib import pyplot as plt

    names = list(found["contestants"])[::-1]
    rows = [found["contestants"][n] for n in names]
    figure, axes = plt.subplots(figsize=(8, 0.7 + 0.55 * len(names)))
    for offset, kind, colour in ((0.2, "wall", "#2a6f97"), (-0.2, "cpu", "#a9d6e5")):
        middle = [r[kind]["median"] for r in rows]
        spread = [[r[kind]["median"] - r[kind]["min"] for r in rows], [r[kind]["max"] - r[kind]["median"] for r in rows]]
        places = [i + offset for i in range(len(rows))]
        axes.barh(places, middle, 0.38, xerr=spread, color=colour, label=HEADS[kind], error_kw={"ecolor": "#555", "capsize": 2})
    axes.set_yticks(range(len(rows)), [r["title"] for r in rows])
    axes.set_xlabel(f"seconds, {found['of']}")
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, bbox_inches="tight", metadata={"Date": None})
    plt.close(figure)
