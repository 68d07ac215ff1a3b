"""One contestant in a process of its own: `python -m bench.worker NAME INPUTS OUTPUTS` writes OUTPUTS/seconds.json."""

from __future__ import annotations

import json
import sys
from importlib import import_module
from pathlib import Path


def main(name: str, inputs: str, outputs: str) -> None:
    seconds = import_module(f"bench.contestants.{name}").run(Path(inputs), Path(outputs))
    (Path(outputs) / "seconds.json").write_text(json.dumps(seconds))


if __name__ == "__main__":
    main(*sys.argv[1:])
