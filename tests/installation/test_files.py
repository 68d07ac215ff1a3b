"""The files under deploy/ agree with each other and with the programs that read them."""

from __future__ import annotations

import re
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from dagster._core.instance.config import dagster_instance_config

from resources.settings import load
from tests.servers.need import ROOT

DEPLOY = ROOT / "deploy"
COMPOSE = DEPLOY / "compose.yaml"


@pytest.fixture(scope="module")
def told() -> Any:
    return yaml.safe_load(COMPOSE.read_text())


def new_secrets(folder: Path) -> dict[str, str]:
    subprocess.run(["sh", str(DEPLOY / "new-secrets.sh"), str(folder)], check=True, capture_output=True)
    return {p.name: p.read_text() for p in folder.iterdir()}


def test_secrets_are_made_once_for_their_owner_alone_and_all_that_are_asked_for(told: Any, tmp_path: Path) -> None:
    made = new_secrets(tmp_path / "secrets")
    assert made.keys() == told["secrets"].keys() == {s for x in told["services"].values() for s in x.get("secrets", [])}
    assert len({x for x in made.values() if x}) == 3, "no two alike"
    assert {stat.S_IMODE(p.stat().st_mode) for p in (tmp_path / "secrets").iterdir()} == {0o600}
    assert new_secrets(tmp_path / "secrets") == made, "what is there is left alone"
    described = (DEPLOY / "secrets" / "README.md").read_text()
    assert [name for name in made if f"| `{name}` |" not in described] == []


def test_no_secret_can_be_committed_or_built_into_an_image(told: Any) -> None:
    for name in told["secrets"]:
        asked = subprocess.run(["git", "check-ignore", "-q", f"deploy/secrets/{name}"], cwd=ROOT, check=False)
        assert asked.returncode == 0, name
    assert [x for x in allowed_in_image() if "secret" in x or ".env" in x or x == "deploy"] == []


def test_the_image_holds_every_script_that_is_started_in_it(told: Any) -> None:
    words = [word for s in told["services"].values() for word in [*s.get("entrypoint", []), *s["command"]]]
    words += (DEPLOY / "Dockerfile").read_text().split()
    started = {word for word in words if re.fullmatch(r"deploy/\w+\.(py|sh)", word)}
    assert len(started) >= 3
    assert [x for x in started if x not in allowed_in_image() or not (ROOT / x).is_file()] == []


def allowed_in_image() -> list[str]:
    lines = (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
    assert "**" in lines, "everything is left out that is not named"
    return [line[1:] for line in lines if line.startswith("!")]


def test_every_variable_of_the_compose_file_is_in_the_example_and_no_other() -> None:
    used = set(re.findall(r"\$\{(\w+)", COMPOSE.read_text()))
    example = (DEPLOY / ".env.example").read_text()
    assert set(re.findall(r"^(\w+)=", example, re.MULTILINE)) - {"COMPOSE_PROFILES"} == used
    assert re.findall(r"^\w+=[ \t]*#.*", example, re.MULTILINE) == [], "Compose takes a comment for the value where there is none"


def test_what_is_published_is_published_to_this_machine_only(told: Any) -> None:
    ports = [port for s in told["services"].values() for port in s.get("ports", [])]
    assert ports
    assert [p for p in ports if not p.startswith("${BIND:-127.0.0.1}:")] == []


def test_every_service_that_stays_has_a_health_check_limits_and_pinned_image(told: Any) -> None:
    for name, service in told["services"].items():
        stays = service["restart"] != "no"
        assert ("healthcheck" in service, "deploy" in service) == (stays, stays), name
        assert re.search(r":[\d$][^:]*$|:\$\{\w+:-[\d.]+\}$", service["image"]), service["image"]
    sources = re.findall(r"^FROM (\S+)", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE)
    assert [x for x in sources if ":" not in x or x.endswith(":latest")] == []


def test_image_and_tests_run_the_same_minio() -> None:
    pinned = {re.findall(r"v0\.0\.0-\d{14}-[0-9a-f]{12}", (DEPLOY / name).read_text())[0] for name in ("Dockerfile", "install-servers.sh")}
    assert len(pinned) == 1


def test_dagster_accepts_its_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"POSTGRES_PASSWORD": "x", "POSTGRES_HOST": "postgres", "POSTGRES_PORT": "5432"}.items():
        monkeypatch.setenv(f"DAGSTER_{name}", value)
    accepted, _ = dagster_instance_config(str(DEPLOY))
    assert accepted["concurrency"]["pools"] == {"default_limit": 1, "granularity": "op"}, "one writer per table"
    assert accepted["run_monitoring"]["enabled"]
    assert not accepted["telemetry"]["enabled"]


def test_citylake_accepts_its_settings(told: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    made = new_secrets(tmp_path)
    monkeypatch.setenv("CITYLAKE_CONFIG", str(DEPLOY / "citylake.toml"))
    monkeypatch.setenv("CITYLAKE_SECRETS", str(tmp_path))
    settings = load()
    assert settings.s3_secret_key is not None
    assert settings.s3_secret_key.get_secret_value() == made["citylake_s3_secret_key"]
    assert not settings.exchange_url, "an empty file says that there is none"
    store, spark = told["services"]["minio"], told["services"]["spark-connect"]
    assert settings.s3_access_key == store["environment"]["MINIO_ROOT_USER"]
    assert settings.s3_endpoint == f"http://minio:{store['ports'][0].rsplit(':', 1)[-1]}"
    assert settings.spark == f"sc://spark-connect:{spark['expose'][0]}"
