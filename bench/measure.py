"""What a contestant costs: wall and processor time, peak memory of its whole process tree, bytes that it leaves behind.

Here: running one process and watching it. Not here: which, how often (`__main__`). Linux only: it reads /proc.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

EVERY = 0.05
"""Seconds between two looks at the memory."""
PAGE, TICKS = os.sysconf("SC_PAGE_SIZE"), os.sysconf("SC_CLK_TCK")


class ContestantFailed(Exception):
    """A contestant ended with an error; the text holds the end of what it said."""


def free_memory() -> int:
    """Bytes that a new process can have without pushing others out."""
    told = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
    return int(told["MemAvailable"].split()[0]) * 1024


@dataclass(frozen=True)
class Cost:
    """Seconds, bytes. `seconds`: by stage, as the contestant says."""

    wall: float
    cpu: float
    memory: int
    written: int
    seconds: dict[str, float]


def run(contestant: str, inputs: Path, outputs: Path, memory_limit: int | None = None) -> Cost:
    """Run a contestant in a process of its own. memory_limit: bytes; whoever needs more is ended. Raises ContestantFailed."""
    shutil.rmtree(outputs, ignore_errors=True)
    outputs.mkdir(parents=True)
    log = outputs.with_suffix(".log")
    with log.open("wb") as out:
        started = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", "bench.worker", contestant, str(inputs), str(outputs)],
            stdout=out, stderr=subprocess.STDOUT, cwd=Path(__file__).parent.parent, start_new_session=True,
        )  # fmt: skip
        peak, status, usage, spent = 0, 0, None, dict[int, float]()
        while usage is None:
            pid, status, used = os.wait4(process.pid, os.WNOHANG)
            usage = used if pid else None
            memory, seen = tree(process.pid)
            peak, spent = max(peak, memory), spent | seen
            if memory_limit and memory > memory_limit:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                raise ContestantFailed(f"{contestant} needs more than {memory_limit / (1 << 30):.1f} GiB")
            time.sleep(0 if usage else EVERY)
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise ContestantFailed(f"{contestant} ended with {process.returncode}:\n{log.read_text(errors='replace')[-4000:]}")
    seconds = json.loads((outputs / "seconds.json").read_text())
    left = [f.stat() for f in outputs.rglob("*") if f.is_file()]
    written = sum(f.st_size for f in left if f.st_nlink == 1)  # what is only linked was there before
    cpu = max(usage.ru_utime + usage.ru_stime, sum(spent.values()))  # a server that nobody waits for is only seen
    return Cost(wall, cpu, peak, written, seconds)


def tree(root: int) -> tuple[int, dict[int, float]]:
    """Of a process and all that descend from it: resident bytes (shared pages count once for each), and processor seconds by process."""
    children: dict[int, list[int]] = {}
    stats: dict[int, tuple[int, float]] = {}
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            fields = Path(f"/proc/{entry}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        children.setdefault(int(fields[1]), []).append(int(entry))
        stats[int(entry)] = int(fields[21]) * PAGE, (int(fields[11]) + int(fields[12])) / TICKS
    todo, memory, seconds = [root], 0, {}
    while todo:
        pid = todo.pop()
        if pid in stats:
            memory, seconds[pid] = memory + stats[pid][0], stats[pid][1]
        todo += children.get(pid, [])
    return memory, seconds
