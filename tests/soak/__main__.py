"""The command: nights, people and seed in, a line a night and a JSON file out."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

from tests.soak.chart import draw
from tests.soak.nights import Soak, line
from tests.soak.verdict import verdict


def main() -> int:
    options = argparse.ArgumentParser(prog="tests.soak", description=__doc__)
    options.add_argument("--nights", type=int, default=30)
    options.add_argument("--people", type=int, default=200)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--out", type=Path, default=Path("soak.json"))
    options.add_argument("--chart", type=Path)
    asked = options.parse_args()
    for name in [n for n in os.environ if n.startswith("CITYLAKE_")]:
        del os.environ[name]

    def kept(told: dict[str, Any]) -> None:
        """After every night, so that a soak that is cut short has told what it saw."""
        told["verdict"] = verdict(told)
        asked.out.write_text(json.dumps(told, indent=1, ensure_ascii=False, default=date.isoformat) + "\n", encoding="utf-8")
        if not told["compared"]:
            print(line(told["nights"][-1]), flush=True)

    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        told = Soak(Path(folder) / "city", asked.nights, asked.people, asked.seed, keep=kept).run()
    if asked.chart:
        draw(told, asked.chart)
    for name, (good, said) in told["verdict"].items():
        print(f"{name}: {said} {'(good)' if good else '(NOT GOOD)'}")
    return 0 if all(good for good, _ in told["verdict"].values()) else 1


code = main()
sys.stdout.flush()
os._exit(code)  # as the command line ends: the teardown of the interpreter may abort in a native thread
