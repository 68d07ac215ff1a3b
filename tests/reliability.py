"""docs/reliability.md, made from what a test run really proved: `python -m tests.reliability TESTS.xml [--soak SOAK.json]`.

Here: the report's tables from JUnit XML (properties proves, done and seen of each test) and from the soak's figures.
Not here: how tests tell (`tests.proving`), the codes' titles (reliability.yaml). The same inputs make the same bytes.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import yaml

PASSED, FAILED, NOT_PROVEN = "passed", "failed", "not proven"
OUT = Path("docs/reliability.md")
HEAD = """\
# What is proven

Made by `make reliability` from a run of the tests and a soak; not written by hand. Every code of the list is here: one
without a passed test says so.
"""
TITLES = {
    "bad inputs": "Bad inputs", "faults": "Faults of the machinery", "dirt": "Dirt in the data", "invariants": "What must always be true",
}  # fmt: skip


@dataclass(frozen=True, order=True)
class Proof:
    """One test that says what it proves."""

    code: str
    test: str
    verdict: str
    done: str
    seen: str


def proofs(reports: Iterable[Path]) -> list[Proof]:
    """What the tests of JUnit XML files say. Skipped ones prove nothing."""
    found = set()
    for report in reports:
        for case in ElementTree.parse(report).iter("testcase"):
            told = [(p.get("name", ""), p.get("value", "")) for p in case.iter("property")]
            said = {name: "; ".join(dict.fromkeys(v for n, v in told if n == name)) for name in ("done", "seen")}
            test = f"{case.get('classname', '').rpartition('.')[2]}::{case.get('name', '')}"
            for code in {v for n, v in told if n == "proves"}:
                found.add(Proof(code, test, _verdict(case), said["done"], said["seen"]))
    return sorted(found)


def _verdict(case: ElementTree.Element) -> str:
    if case.find("failure") is not None or case.find("error") is not None:
        return FAILED
    return NOT_PROVEN if case.find("skipped") is not None else PASSED


def codes() -> dict[str, dict[str, dict[str, str]]]:
    """Family -> code -> title, and why there can be no proof yet."""
    raw = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"))
    return {f: {c: t if isinstance(t, dict) else {"title": t} for c, t in family.items()} for f, family in raw.items()}


def overall(found: list[Proof]) -> str:
    """Of one code: one failure outweighs all that passed."""
    verdicts = {p.verdict for p in found}
    return FAILED if FAILED in verdicts else PASSED if PASSED in verdicts else NOT_PROVEN


def document(found: list[Proof], soak: dict[str, Any] | None) -> str:
    """The whole text. Raises ValueError for a test that proves a code nobody knows."""
    families = codes()
    known = {code for family in families.values() for code in family}
    if strangers := sorted({p.code for p in found} - known):
        raise ValueError(f"tests prove {', '.join(strangers)}, which reliability.yaml does not have. Correct one of them")
    by_code = {code: [p for p in found if p.code == code] for code in known}
    totals = ["| | codes | passed | failed | not proven |", "|---|---|---|---|---|"]
    for family, listed in families.items():
        count = Counter(overall(by_code[c]) for c in listed)
        totals.append(f"| {TITLES[family]} | {len(listed)} | {count[PASSED]} of {len(listed)} | {count[FAILED]} | {count[NOT_PROVEN]} |")
    parts = [HEAD, "\n".join(totals)]
    for family, listed in families.items():
        rows = ["| code | what | what was done | what was seen | verdict | test |", "|---|---|---|---|---|---|"]
        rows += [line for code, facts in listed.items() for line in _rows(code, facts, by_code[code])]
        parts.append(f"\n## {TITLES[family]}\n\n" + "\n".join(rows))
    parts.append(_soak(soak))
    return "\n".join(parts) + "\n"


def _rows(code: str, facts: dict[str, str], found: list[Proof]) -> list[str]:
    if not found:
        return [_row(code, facts["title"], "", facts.get("waits", ""), NOT_PROVEN, "")]
    heads = [(code, facts["title"])] + [("", "")] * (len(found) - 1)
    return [_row(*head, p.done, p.seen, p.verdict, p.test) for head, p in zip(heads, found, strict=True)]


def _row(*cells: str) -> str:
    return "| " + " | ".join(" ".join(c.split()).replace("|", "\\|") for c in cells) + " |"


def _soak(told: dict[str, Any] | None) -> str:
    if told is None:
        return f"\n## Soak\n\n{NOT_PROVEN.capitalize()}: no soak was run (`make soak`)."
    nights = told["nights"]
    counted = Counter(f for n in nights for f in n["faults"])
    lines = [
        f"{len(nights)} of {told['asked']} nights of {told['people']} people in one process, one to three random faults each from the "
        f"second on (seed {told['seed']}), {sum(n['runs'] for n in nights)} runs.",
        "",
        *[f"- {name}: {text} – {PASSED if good else FAILED}" for name, (good, text) in told["verdict"].items()],
        "",
        "![memory and time per night](images/soak.svg)",
        "",
        "| fault | nights | first run ended |",
        "|---|---|---|",
        *[_row(f, str(n), ", ".join(_ends(nights, f))) for f, n in sorted(counted.items())],
    ]
    return "\n## Soak\n\n" + "\n".join(lines)


def _ends(nights: list[dict[str, Any]], fault: str) -> list[str]:
    ends = Counter(n["outcome"].split(":")[0] for n in nights if fault in n["faults"])
    return [f"{end} {n}" for end, n in sorted(ends.items())]


def main(arguments: list[str]) -> int:
    options = argparse.ArgumentParser(prog="tests.reliability", description=__doc__)
    options.add_argument("reports", type=Path, nargs="+", metavar="TESTS.xml")
    options.add_argument("--soak", type=Path)
    options.add_argument("--out", type=Path, default=OUT)
    asked = options.parse_args(arguments)
    soak = json.loads(asked.soak.read_text(encoding="utf-8")) if asked.soak and asked.soak.exists() else None
    asked.out.write_text(document(proofs(asked.reports), soak), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
