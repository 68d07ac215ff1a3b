"""What compose.yaml says, and the same for processes of one machine: other hosts, ports and folders.

Here: reading the file and translating it. Not here: running it (up.py). Only what this project's file uses is understood:
commands, environment, secrets, configs, volumes, order, health checks. Images, users, networks, limits and restarts are
the containers' own and are left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import yaml

LOOPBACK = "127.0.0.1"
CONFIGS, SECRETS = "/etc/citylake", "/run/secrets"
SECONDS = {"s": 1, "m": 60}


@dataclass(frozen=True)
class Health:
    """command: ends with 0 when the service is healthy; patience: seconds it may take to become so."""

    command: list[str]
    timeout: float
    patience: float


@dataclass(frozen=True)
class Service:
    name: str
    image: str
    command: list[str]
    environment: dict[str, str]
    ports: list[int]
    volumes: dict[str, str]
    needs: dict[str, str]
    health: Health | None
    """None: it does its work and ends."""

    @property
    def is_database(self) -> bool:
        return self.image.startswith("postgres:")


@dataclass(frozen=True)
class ComposeFile:
    services: dict[str, Service]
    configs: dict[str, Path]
    """By the place at which the services see them."""

    @classmethod
    def read(cls, path: Path, variables: Mapping[str, str]) -> ComposeFile:
        """The services of the profiles in COMPOSE_PROFILES (all when it is not set), in the order in which they start."""
        written = _filled_in(yaml.safe_load(path.read_text()), variables)
        wanted = set(variables["COMPOSE_PROFILES"].split(",")) if "COMPOSE_PROFILES" in variables else None
        active = {n: s for n, s in written["services"].items() if wanted is None or not s.get("profiles") or wanted & set(s["profiles"])}
        services = {name: _service(name, active[name], set(active)) for name in active}
        order = TopologicalSorter({name: s.needs.keys() for name, s in services.items()}).static_order()
        mounts = [config for s in active.values() for config in s.get("configs", [])]
        targets = {c["target"]: path.parent / written["configs"][c["source"]]["file"] for c in mounts}
        return cls({name: services[name] for name in order}, targets)


@dataclass(frozen=True)
class Here:
    """One machine in place of a network of containers: every service on the loopback address, each port another one."""

    folder: Path
    file: ComposeFile
    ports: dict[int, int]

    def command(self, service: Service) -> list[str]:
        return [LOOPBACK if word == "0.0.0.0" else self._numbers(self.text(word)) for word in service.command]  # noqa: S104

    def health(self, service: Service) -> list[str]:
        assert service.health is not None
        return [self._numbers(self.text(word)) for word in service.health.command]

    def environment(self, service: Service) -> dict[str, str]:
        return {k: LOOPBACK if v in self.file.services else self._numbers(self.text(v)) for k, v in service.environment.items()}

    def text(self, text: str) -> str:
        """Any text in which services are named as host:port, and files by their place in a container."""
        hosts = "|".join(map(re.escape, [*self.file.services, LOOPBACK, "0.0.0.0"]))  # noqa: S104
        text = re.sub(rf"\b(?:{hosts}):({self._any_port})\b", lambda m: f"{LOOPBACK}:{self.ports[int(m[1])]}", text)
        places = {CONFIGS: self.folder / "etc", SECRETS: self.folder / "secrets"}
        places |= {target: self.volume(name) for s in self.file.services.values() for target, name in s.volumes.items() if target != "/tmp"}  # noqa: S108
        pattern = "|".join(sorted(map(re.escape, places), key=len, reverse=True))
        return re.sub(rf"(?<![\w/])(?:{pattern})(?![\w-])", lambda m: str(places[m[0]]), text)

    def port(self, service: str) -> int:
        return self.ports[self.file.services[service].ports[0]]

    def volume(self, name: str) -> Path:
        return self.folder / "volumes" / name

    def _numbers(self, text: str) -> str:
        return re.sub(rf"(?<![\w.:])({self._any_port})(?![\w.])", lambda m: str(self.ports[int(m[1])]), text)

    @property
    def _any_port(self) -> str:
        return "|".join(map(str, self.ports))


def _filled_in(value: Any, variables: Mapping[str, str]) -> Any:
    """Compose's ${NAME:-default}, in every text."""
    if isinstance(value, dict):
        return {k: _filled_in(v, variables) for k, v in value.items()}
    if isinstance(value, list):
        return [_filled_in(v, variables) for v in value]
    if isinstance(value, str):
        return re.sub(r"\$\{(\w+):-([^}]*)\}", lambda m: variables.get(m[1]) or m[2], value)
    return value


def _service(name: str, written: Mapping[str, Any], active: set[str]) -> Service:
    return Service(
        name,
        written["image"],
        [str(word) for word in [*written.get("entrypoint", []), *written["command"]]],
        {k: str(v) for k, v in written.get("environment", {}).items()},
        [int(str(p).rsplit(":", 1)[-1]) for p in [*written.get("ports", []), *written.get("expose", [])]],
        dict(reversed(v.split(":")) for v in written.get("volumes", [])),
        {n: d["condition"] for n, d in written.get("depends_on", {}).items() if n in active or d.get("required", True)},
        _health(written["healthcheck"]) if "healthcheck" in written else None,
    )


def _health(written: Mapping[str, Any]) -> Health:
    kind, *command = written["test"]
    assert kind == "CMD", kind
    patience = _seconds(written["interval"]) * written["retries"] + _seconds(written.get("start_period", "0s"))
    return Health([str(word) for word in command], _seconds(written["timeout"]), patience)


def _seconds(text: str) -> float:
    return float(text[:-1]) * SECONDS[text[-1]]
