"""Programs of this project in processes of their own that need not import anything: forks of one process that has done it.

Here: starting one, waiting for it, ending it. Not here: what it does before the program begins (`forked`). Forks of one process
have one order of sets, too: where runs are held against each other, one of them begins as a user's does, in a Python of its own.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.servers import forked

COMMAND_LINE = "pipelines.cli.main:entry"
_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload([f"{forked.__name__}_from"])


class Fork:
    """A program under way: `main`, such as "package.module:function", as if it had been started with these arguments.

    Its output goes to the files `out` and `err`. Methods and exit codes are those of `subprocess.Popen`.
    """

    def __init__(self, *arguments: str, cwd: Path, env: Mapping[str, str], out: Path, err: Path, main: str = COMMAND_LINE) -> None:
        for file in (out, err):
            file.write_bytes(b"")
        told = (main, arguments, str(cwd), dict(env), str(out.resolve()), str(err.resolve()))
        self._process = _context.Process(target=forked.begin, args=told)
        self._process.start()
        self.args = [main, *arguments]

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        code = self.poll()
        if code is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0)
        return code

    def send_signal(self, number: signal.Signals) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)
