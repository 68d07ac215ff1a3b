"""One service of compose.yaml as a process of this machine: started, asked whether it is healthy, ended with its children.

Here: a process, its environment, and what PostgreSQL wants before it starts. Not here: which services there are (up.py),
what compose.yaml says of them (compose_file.py).
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from compose_file import LOOPBACK, Here, Service

PROJECT = Path(__file__).resolve().parents[1]
PERSON = ("HOME", "LANG", "JAVA_HOME", "JAVA_TOOL_OPTIONS", "USER")
"""The variables a process inherits from the environment of the person who starts it, in addition to the search path."""
REMEDY = "Run `make servers`, or install it"
SECONDS_TO_END = 20
ONE_SHOT_SECONDS = 180


class Unfit(Exception):
    """The installation cannot run on this machine; the text says why."""


class Running:
    """A service that can be started, and started again when it has ended."""

    def __init__(self, here: Here, service: Service) -> None:
        self.service, self.name, self._here = service, service.name, here
        self.log = here.folder / "logs" / f"{service.name}.log"
        self._environment = _environment(here, service)
        self._command, self._who = here.command(service), {}
        if service.is_database:
            self._environment["LC_ALL"] = "C.UTF-8"
            self._who = _unprivileged()
            self._command += _cluster(here, service, self._environment, self._who)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def ended_with(self) -> int | None:
        assert self._process is not None
        return self._process.poll()

    def start(self) -> None:
        """Start it; a service that does its work and ends has done it, any other is healthy. Raises Unfit."""
        program = self._program(self._command[0])
        # the kernel ends the service when this process dies without a chance to do it
        tied = [setpriv, "--pdeathsig", "KILL", "--"] if (setpriv := shutil.which("setpriv")) else []
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                [*tied, program, *self._command[1:]], cwd=PROJECT, env=self._environment, stdin=subprocess.DEVNULL, stdout=output,
                stderr=output, start_new_session=True, **self._who,
            )  # fmt: skip
        if self.service.health is None:
            if self._process.wait(ONE_SHOT_SECONDS):
                raise Unfit(f"{self.name} ended with {self.ended_with}: {self._last_words()}")
        else:
            self._wait_until_healthy(self._here.health(self.service), self.service.health.timeout, self.service.health.patience)

    def stop(self) -> None:
        """Ask the service to end, with the signal its image uses; the process and its children that remain are killed."""
        if self._process is None:
            return
        try:
            self._process.send_signal(signal.SIGINT if self.service.is_database else signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(SECONDS_TO_END)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(10)

    def _wait_until_healthy(self, check: list[str], timeout: float, patience: float) -> None:
        check = [self._program(check[0]), *check[1:]]
        limit = time.monotonic() + patience
        while self.ended_with is None:
            with suppress(subprocess.TimeoutExpired):
                asked = subprocess.run(check, cwd=PROJECT, env=self._environment, capture_output=True, check=False, timeout=timeout)
                if asked.returncode == 0:
                    return
            if time.monotonic() > limit:
                raise Unfit(f"{self.name} is not healthy after {patience:.0f} s: {self._last_words()}")
            time.sleep(0.5)
        raise Unfit(f"{self.name} ended with {self.ended_with} before it was healthy: {self._last_words()}")

    def _program(self, name: str) -> str:
        found = shutil.which(name, path=self._environment["PATH"])
        if found is None:
            raise Unfit(f"{self.name} needs the program {name}, which is not on this machine. {REMEDY}")
        return found

    def _last_words(self) -> str:
        said = self.log.read_text("utf-8", "replace").split("\n")
        return f"{' '.join(x for x in said[-3:] if x).strip()[-400:]} (all of it: {self.log})"


def _environment(here: Here, service: Service) -> dict[str, str]:
    """What compose.yaml says, and where this machine keeps the programs."""
    databases = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: float(p.parent.name), reverse=True)
    path = [Path(sys.executable).parent, PROJECT / ".servers" / "bin", *databases, os.environ.get("PATH", os.defpath)]
    kept = {name: os.environ[name] for name in PERSON if name in os.environ}
    return {**kept, "PATH": os.pathsep.join(map(str, path)), "TMPDIR": str(here.folder / "tmp"), **here.environment(service)}


def _cluster(here: Here, service: Service, environment: dict[str, str], who: dict[str, Any]) -> list[str]:
    """Make PostgreSQL's cluster and database when there are none, as its image does; returns the further arguments of its command."""
    given, data = here.environment(service), here.volume(next(iter(service.volumes.values())))
    if who:
        os.chown(data, who["user"], who["group"])

    def run(*words: str, say: str = "") -> None:
        try:
            done = subprocess.run(
                words, env=environment, input=say, capture_output=True, text=True, check=False, timeout=120, cwd="/", **who
            )
        except FileNotFoundError as e:
            raise Unfit(f"{service.name} needs the program {words[0]}, which is not on this machine. {REMEDY}") from e
        if done.returncode:
            raise Unfit(f"{service.name}: {words[0]} failed: {done.stderr.strip()[-400:]}")

    if not (data / "PG_VERSION").exists():
        with tempfile.NamedTemporaryFile("w") as secret:
            secret.write(Path(given["POSTGRES_PASSWORD_FILE"]).read_text())
            secret.flush()
            if who:
                os.chown(secret.name, who["user"], who["group"])
            made = f"--username={given['POSTGRES_USER']} --pwfile={secret.name} --auth=scram-sha-256 {given['POSTGRES_INITDB_ARGS']}"
            run("initdb", f"--pgdata={data}", *made.split())
        run("postgres", "--single", "-D", str(data), "postgres", say=f"CREATE DATABASE {given['POSTGRES_DB']}\n")
    where = {"listen_addresses": LOOPBACK, "port": here.ports[service.ports[0]], "unix_socket_directories": ""}
    return ["-D", str(data), *(word for k, v in where.items() for word in ("-c", f"{k}={v}"))]


def _unprivileged() -> dict[str, Any]:
    """Whom PostgreSQL runs as: the caller, but never root, whom it refuses."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            user = pwd.getpwnam(name)
            return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    raise Unfit("PostgreSQL does not run as root, and there is no user postgres or nobody. Run this as another user")
