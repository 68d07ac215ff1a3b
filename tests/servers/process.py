"""One server process: started in a group of its own, waited for until it is healthy, ended with all its children.

Here: ports, start, health, end. Not here: what any one server wants on its command line.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from random import SystemRandom
from typing import Any, Protocol, TypeVar

LOOPBACK = "127.0.0.1"
PORTS = range(20000, 32000)
"""Below the ports the kernel gives to clients, so that a server that is started again finds its port still free."""
PAUSE = 0.02


def free_port() -> int:
    """A loopback port nobody listens on."""
    for port in SystemRandom().sample(PORTS, 100):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind((LOOPBACK, port))
            return port
    raise RuntimeError(f"no free port among {PORTS}")


def listens(port: int) -> bool:
    """True when something accepts connections on the loopback port."""
    with contextlib.suppress(OSError), socket.create_connection((LOOPBACK, port), timeout=1):
        return True
    return False


def environment(folder: Path, **more: str) -> dict[str, str]:
    """A small environment: nothing of the person who runs the tests but the search path."""
    return {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(folder), "LANG": "C.UTF-8", **more}


def as_user(number: int | None) -> dict[str, Any]:
    """What `subprocess` must be told to run something as this user; None: as oneself."""
    return {} if number is None else {"user": number, "group": pwd.getpwuid(number).pw_gid, "extra_groups": []}


class Process:
    """A command that can be started, ended and started again. Its output goes to the end of `log`."""

    def __init__(
        self, command: Sequence[str], log: Path, *, env: Mapping[str, str], folder: Path | None = None, user: int | None = None
    ) -> None:
        # the kernel ends the server when the test process dies without a chance to do it
        tied = [setpriv, "--pdeathsig", "KILL", "--"] if (setpriv := shutil.which("setpriv")) else []
        self.command, self.log, self.env, self.folder, self.user = [*tied, *command], log, dict(env), folder, user
        self._running: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._running is not None, "not started"
        return self._running.pid

    @property
    def alive(self) -> bool:
        return self._running is not None and self._running.poll() is None

    def start(self, healthy: Callable[[], bool], seconds: float = 60) -> float:
        """Start and wait until healthy; how long that took, in seconds. A server that is not healthy in time is ended: RuntimeError."""
        assert not self.alive, "already started"
        begin = time.monotonic()
        with self.log.open("ab") as log:
            self._running = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self.env,
                cwd=self.folder,
                start_new_session=True,
                **as_user(self.user),
            )
        try:
            while self.alive and time.monotonic() < begin + seconds:
                if healthy():
                    return time.monotonic() - begin
                time.sleep(PAUSE)
            what = "is not healthy" if (code := self._running.poll()) is None else f"ended with {code}"
        except BaseException:
            self.kill()
            raise
        self.kill()
        raise RuntimeError(f"{self.command} {what} after {time.monotonic() - begin:.1f} s:\n{self.last_words()}")

    def kill(self) -> None:
        """End the process and its children at once, as a power cut would."""
        self._signal_group(signal.SIGKILL)
        if self._running is not None:
            self._running.wait(10)

    def stop(self, polite: signal.Signals = signal.SIGTERM, seconds: float = 10) -> None:
        """Ask the process to end; what is left of it and its children after that is killed."""
        if self.alive:
            assert self._running is not None
            self._running.send_signal(polite)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._running.wait(seconds)
        self.kill()

    def last_words(self, lines: int = 30) -> str:
        """The end of the log."""
        return "\n".join(self.log.read_text("utf-8", "replace").splitlines()[-lines:])

    def _signal_group(self, number: signal.Signals) -> None:
        if self._running is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._running.pid, number)


S = TypeVar("S", bound="Server")


class Server(Protocol):
    """What lives in a folder of its own and can be ended."""

    def stop(self) -> None: ...


@contextlib.contextmanager
def in_a_folder(kind: str, start: Callable[[Path], S]) -> Iterator[S]:
    """A server in a new folder, inside the block; nothing of either is left after."""
    folder = Path(tempfile.mkdtemp(prefix=f"citylake-{kind}-"))
    server = None
    try:
        server = start(folder)
        yield server
    finally:
        if server is not None:
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def process(
    command: Sequence[str],
    log: Path,
    healthy: Callable[[], bool],
    *,
    env: Mapping[str, str],
    folder: Path | None = None,
    seconds: float = 60,
) -> Iterator[Process]:
    """Any server: started and healthy inside the block, gone with its children after it."""
    running = Process(command, log, env=env, folder=folder)
    try:
        running.start(healthy, seconds)
        yield running
    finally:
        running.stop()
