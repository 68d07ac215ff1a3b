"""Fuzz the readers with Atheris (libFuzzer): `python -m tests.fuzz.readers --minutes 60 [--target csv …]`.

Needs `pip install atheris`. Every target has its share of the time, in a process of its own. A find ends its target: its
bytes stand in `<work>/finds`; mended, they go to `tests/fuzz/corpus/<target>/`, which `test_corpus.py` replays.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from pathlib import Path

CORPUS = Path(__file__).parent / "corpus"
LONGEST = {"xlsx": 16384, "xls": 16384, "xlsx_part": 8192}
"""Bytes of the largest input; others 4096."""


def one(target: str, work: Path, seconds: int) -> int:
    """Fuzz one target in a process of its own. Returns its exit code: 0 when nothing was found."""
    from tests.fuzz.targets import seeds  # not instrumented here

    grown = work / target
    (work / "finds").mkdir(parents=True, exist_ok=True)
    grown.mkdir(exist_ok=True)
    for number, data in enumerate(seeds()[target]):
        (grown / f"seed-{number}").write_bytes(data)
    known = [str(CORPUS / target)] if (CORPUS / target).is_dir() else []
    limits = ["-timeout=20", "-rss_limit_mb=2500", f"-max_len={LONGEST.get(target, 4096)}", f"-max_total_time={seconds}"]
    command = [sys.executable, "-m", "tests.fuzz.readers", "--child", target, str(grown), *known, *limits]
    done = subprocess.run([*command, f"-artifact_prefix={work}/finds/{target}-", "-print_final_stats=1"], capture_output=True, text=True)
    runs = re.findall(r"stat::number_of_executed_units: +(\d+)", done.stderr)
    print(f"{target}: {runs[-1] if runs else '?'} executions in at most {seconds} s, exit code {done.returncode}", flush=True)
    if done.returncode:
        print(done.stderr[-3000:], flush=True)
    return done.returncode


def child(target: str, arguments: list[str]) -> None:
    import atheris

    with atheris.instrument_imports(include=["resources", "zipfile", "json", "csv", "gzip"]):
        from tests.fuzz.targets import TARGETS
    atheris.Setup([sys.argv[0], *arguments], TARGETS[target])
    atheris.Fuzz()


def main() -> int:
    from tests.fuzz.targets import TARGETS

    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--minutes", type=float, default=60)
    options.add_argument("--target", nargs="*", default=list(TARGETS), choices=list(TARGETS))
    options.add_argument("--work", type=Path, default=Path("fuzzing"), help="folder of the growing corpus and of the finds")
    said = options.parse_args()
    share = int(said.minutes * 60 / len(said.target))
    return max(one(target, said.work.resolve(), share) for target in said.target)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(sys.argv[2], sys.argv[3:])
    else:
        sys.exit(main())
