"""The installation of compose.yaml as plain processes of this machine: to try it without containers, and for the tests.

    python deploy/up.py [--folder build/installation] [--web-port 3000]

Here: starting what compose.yaml says, in its order, each service when those it needs are healthy; starting again what has
ended; ending all with Ctrl-C. Not here: what the file says (compose_file.py), one process (running.py). Images, users,
networks and limits are not tried this way. Everything listens on 127.0.0.1, at free ports; all state is in one folder,
and the next start takes it up again.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import FrameType
from typing import NoReturn

from compose_file import LOOPBACK, ComposeFile, Here
from running import PROJECT, Running, Unfit

DEPLOY = Path(__file__).resolve().parent
PORTS = range(20000, 32000)
"""Below those that the kernel gives to clients."""
RESTARTS = 3
"""Of one service; containers are started again for ever, but here somebody is watching."""
ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main() -> int:
    options = argparse.ArgumentParser(description="The installation of compose.yaml as plain processes of this machine.")
    options.add_argument("--folder", type=Path, default=PROJECT / "build" / "installation", help="all of its state (default: %(default)s)")
    options.add_argument("--web-port", type=int, help="port of the web server (default: any that is free)")
    said = options.parse_args()
    for ending in ENDINGS:
        signal.signal(ending, _end)
    try:
        here = prepare(said.folder.resolve(), said.web_port)
        with ExitStack() as ends:
            services = []
            for specified in here.file.services.values():
                start = time.monotonic()
                service = Running(here, specified)
                ends.callback(service.stop)
                service.start()
                print(f"{specified.name}: {'healthy' if specified.health else 'done'} after {time.monotonic() - start:.0f} s", flush=True)
                services += [service] if specified.health else []
            note(here, services)
            print(f"Ready: http://{LOOPBACK}:{here.port('webserver')} (state and logs in {here.folder}). Ctrl-C ends it.", flush=True)
            watch(here, services)
    except Unfit as e:
        print(e, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0


def prepare(folder: Path, web_port: int | None) -> Here:
    """Folders, secrets, a port for each service, and the configuration with all of them in it."""
    file = ComposeFile.read(DEPLOY / "compose.yaml", os.environ)
    for part in ("etc", "logs", "tmp", "volumes"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    subprocess.run(["sh", str(DEPLOY / "new-secrets.sh"), str(folder / "secrets")], check=True, stdout=subprocess.DEVNULL)
    ports = dict(zip(sorted({p for s in file.services.values() for p in s.ports}), free_ports(), strict=False))
    if web_port is not None:
        ports[file.services["webserver"].ports[0]] = web_port
    here = Here(folder, file, ports)
    for each in file.services.values():
        for name in each.volumes.values():
            here.volume(name).mkdir(exist_ok=True)
    for target, source in file.configs.items():
        Path(here.text(target)).write_text(here.text(source.read_text()))
    return here


def free_ports() -> Iterator[int]:
    """Free ports of the loopback address."""
    for port in range(PORTS.start + os.getpid() % len(PORTS) // 2, PORTS.stop):
        with socket.socket() as probe:
            if probe.connect_ex((LOOPBACK, port)) != 0:
                yield port


def note(here: Here, services: list[Running]) -> None:
    """Say in installation.json where every service is."""
    addresses = {name: f"{LOOPBACK}:{here.port(name)}" for name, service in here.file.services.items() if service.ports}
    content = {"addresses": addresses, "pids": {s.name: s.pid for s in services}}
    waiting = here.folder / "installation.json.tmp"
    waiting.write_text(json.dumps(content, indent=1))
    waiting.replace(here.folder / "installation.json")


def watch(here: Here, services: list[Running]) -> NoReturn:
    """Start again what has ended, as `restart: unless-stopped` does, until it has done so too often."""
    restarts = dict.fromkeys(services, 0)
    while True:
        for service in services:
            if service.ended_with is None:
                continue
            print(f"{service.name} ended with {service.ended_with}", flush=True)
            if restarts[service] == RESTARTS:
                raise Unfit(f"{service.name} does not stay up: {service.log}")
            restarts[service] += 1
            service.stop()  # a container takes its processes with it
            service.start()
            note(here, services)
            print(f"{service.name}: started again", flush=True)
        time.sleep(1)


def _end(_: int, __: FrameType | None) -> None:
    for ending in ENDINGS:
        signal.signal(ending, signal.SIG_IGN)  # once is enough: let it end in order
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
