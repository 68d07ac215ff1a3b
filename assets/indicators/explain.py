"""Explain an indicator: what it counts over what, by which rule, from which tables, and its newest figures of the city and each county."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import assets
from assets.declare import declared
from assets.explain import Explanation, RowReader, Section, explains
from assets.indicators.table import UNKNOWN, Count, Indicator, read_indicators
from standards.divisions import CITY
from standards.tables import both_names

FIGURES = ("period_kind", "period", "basis", "div_code", "division", "numerator", "denominator", "value", "unit", "state")
SHOWN = {"year": 2, "month": 1, "day": 1}
"""How many of the newest periods of a kind are shown: next to a year that goes on, the last one that has ended."""


@explains("indicator")
def explain_indicator(rows: RowReader, identifier: str) -> list[Explanation]:
    """Explain an indicator by its name in indicators.yaml, such as `archive_rate`, in every theme that has one of that name."""
    found = []
    for file in sorted(Path(next(iter(assets.__path__))).glob("*/*/indicators.yaml")):
        table, name = read_indicators(file), "/".join((*file.parts[-3:-1], "indicator"))
        if identifier in table.indicators and (figures := rows(name, indicator=identifier)):
            indicator = table.indicators[identifier]
            counts = table.counts[indicator.numerator], table.counts[indicator.denominator]
            found.append(_explained(indicator, counts, name, figures))
    return found


def _explained(indicator: Indicator, counts: tuple[Count, Count], name: str, figures: list[dict[str, Any]]) -> Explanation:
    newest = {kind: sorted({r["period"] for r in figures if r["period_kind"] == kind})[-n:] for kind, n in SHOWN.items()}
    shown = [r for r in figures if r["period"] in newest[r["period_kind"]]]
    shown.sort(key=lambda r: (r["period_kind"], r["basis"], r["period"], r["div_code"] != CITY, r["div_code"]))
    places = {code: english for code, (_, english) in both_names("divisions/county").items()} | {UNKNOWN: "unknown county"}
    of = sorted({declared()[name].inputs.get(count.of, "") for count in counts} - {""} or set(declared()[name].inputs.values()))
    facts = {
        "indicator": indicator.id, "table": name, "numerator": counts[0].en, "denominator": counts[1].en, "unit": indicator.unit,
        "source": indicator.source, "target": None if indicator.target is None else float(indicator.target),
        "rule_version": shown[0]["rule_version"], "counted_from": of, "figures": [{c: r.get(c) for c in FIGURES} for r in shown],
    }  # fmt: skip
    most = "" if indicator.most is None else f" up to {float(indicator.most):g}, and more is a finding"
    lines = [
        f"{counts[0].en} ({counts[0].zh})",
        f"over: {counts[1].en} ({counts[1].zh})",
        f"Unit {indicator.unit}; {indicator.better} is better{most}; source: {indicator.source}; edition {shown[0]['rule_version']}",
        f"Counted from {', '.join(of)} by assets/{name}.py",
        f"Its course: SELECT * FROM {name.replace('/', '.')} WHERE indicator = '{indicator.id}'",
    ]
    cells = [tuple(places.get(r["div_code"], r["div_code"]) if c == "division" else r.get(c) for c in FIGURES) for r in shown]
    return Explanation(f"{indicator.en} ({indicator.zh}), {name}", facts, lines, [Section("The newest figures", FIGURES, cells)])
