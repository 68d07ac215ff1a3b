"""The settings of an installation: environment variables (prefix CITYLAKE_) over secret files over one optional TOML file.

Here: names, types, defaults, validation at start. Not here: the pseudonym key itself (`keys`).
"""

from __future__ import annotations

import json
import os
import re
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from tomllib import TOMLDecodeError
from typing import Annotated, Any, Literal
from urllib.parse import unquote

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from resources.errors import CitylakeError
from resources.s3 import S3
from resources.store import is_bucket

CONFIG_VARIABLE = "CITYLAKE_CONFIG"
SECRETS_VARIABLE = "CITYLAKE_SECRETS"
"""Names a folder of secrets, one file a setting, such as citylake_s3_secret_key."""
DEFAULT_CONFIG = "citylake.toml"
BUCKET = r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9_.-]+)*"
MASTER = r"local(\[(\*|\d+)\])?|(spark|sc)://.+"
MASK = "***"
SECRET_NAME = re.compile(r"(?i)secret|password|token|credential|access.?key")
"""Properties of Spark whose values are masked."""
PLAIN_PATH = r"[A-Za-z0-9/_.~+:\\-]+"
"""Other characters Sail percent-encodes into another folder's name, which no other reader would find."""


class Settings(BaseSettings):
    """Where the lake is, what it reads, what it runs on."""

    model_config = SettingsConfigDict(env_prefix="CITYLAKE_", extra="forbid", hide_input_in_errors=True)

    lake: str = Field("lake", description="Where the lake is: a folder or s3://bucket/prefix")
    landing: str = Field("landing", description="Where the departments drop their files: a folder or s3://bucket/prefix")
    exchange_url: SecretStr | None = Field(None, description="SQLAlchemy URL of the exchange database")
    key_file: Path = Field(Path("keys/pseudonym.key"), description="Secret key of the pseudonyms; kept outside the lake")
    profile: Literal["production", "demo"] = Field("production", description="demo: the unassigned division 321099 counts as known")
    home: Path = Field(Path(".dagster"), description="Dagster's own storage: run history, schedules, sensors")
    site: Path | None = Field(None, description="Folder in which every night makes the site of its release; without it, none does")
    ui_url: str | None = Field(None, description="Address of Dagster's UI, to which the pages of the site then lead")
    role: str | None = Field(None, description="Role for personal values, role@department; without one they are not given out")
    values_for: list[str] = Field(["data_officer"], description="Roles that may be given the values their own department delivered")
    s3_endpoint: str | None = Field(None, description="Address of an S3 store other than AWS, such as http://127.0.0.1:9000")
    s3_region: str = Field("us-east-1", description="Region of the store")
    s3_access_key: str | None = Field(None, description="Access key; without one, where AWS puts its keys (role, profile)")
    s3_secret_key: SecretStr | None = Field(None, description="Secret key of the store")
    s3_timeout: int = Field(30, ge=3, description="Seconds of one request; a store that is silent for longer is given up by the night")
    engine: Literal["sail", "spark"] = Field("sail", description="sail: embedded, no Java; spark: Apache Spark")
    spark: str = Field("local[*]", description="With engine spark: local[N], spark://host:port or sc://host:port")
    spark_conf: dict[str, str] = Field({}, description="Further properties of Spark, over the defaults")

    tables_at_once: int = Field(2, ge=1, description="Tables of a run that are made at the same time; large ones are made alone")
    departments: Annotated[list[str], NoDecode] = Field(
        [],
        description="Departments, or department/table, that take part: only these tables and what can be made of them; default: all",
    )
    keep_days: int = Field(30, ge=2, description="Maintenance keeps every version that was readable within this many days")
    keep_releases: int = Field(10, ge=1, description="Maintenance keeps at least this many releases, whatever their age")
    notify: Annotated[dict[str, list[SecretStr]], NoDecode] = Field(
        {},
        description="Recipients of notifications: per department, and for engineers, a list of Apprise URLs such as mailto://… or dingtalk://…",
    )

    @field_validator("lake", "landing")
    @classmethod
    def _place(cls, value: str) -> str:
        if is_bucket(value):
            place = value.rstrip("/")
            if not re.fullmatch(BUCKET, place):
                raise ValueError("a bucket is written s3://bucket or s3://bucket/prefix, in letters, digits and /_.-")
            return place
        if "://" in value:
            raise ValueError("only a folder or s3://bucket/prefix is supported")
        return str(Path(value).expanduser().resolve())

    @field_validator("lake")
    @classmethod
    def _plain(cls, value: str) -> str:
        if not is_bucket(value) and not re.fullmatch(PLAIN_PATH, value):
            raise ValueError(f"the embedded engine cannot work in {value}: use a path of ASCII letters, digits and /_.-~+ only")
        return value

    @field_validator("spark")
    @classmethod
    def _master(cls, value: str) -> str:
        if not re.fullmatch(MASTER, value):
            raise ValueError("write local[N], local[*], spark://host:port or sc://host:port")
        return value

    @field_validator("departments", mode="before")
    @classmethod
    def _names(cls, value: Any) -> Any:
        return [name.strip() for name in value.split(",") if name.strip()] if isinstance(value, str) else value

    @field_validator("notify", mode="before")
    @classmethod
    def _recipients(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value or "{}")
        except ValueError:
            raise ValueError('it is not JSON such as {"engineers": ["mailto://…"]}') from None

    @field_validator("key_file", "home", "site")
    @classmethod
    def _absolute(cls, value: Path | None) -> Path | None:
        return value and value.expanduser().resolve()

    @field_validator("ui_url")
    @classmethod
    def _address(cls, value: str | None) -> str | None:
        if value and not re.fullmatch(r"https?://[^\s\"'<>]+", value):
            raise ValueError("write the address of Dagster's UI as http://host:port")
        return value and value.rstrip("/")

    @cached_property
    def s3(self) -> S3:
        """The store of all s3:// addresses."""
        return S3(self.s3_endpoint, self.s3_region, self.s3_access_key, self.s3_secret_key, self.s3_timeout)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        config = os.environ.get(CONFIG_VARIABLE, DEFAULT_CONFIG)
        toml = TomlConfigSettingsSource(settings_cls, toml_file=config)
        secrets = SecretsSettingsSource(settings_cls, secrets_dir=os.environ.get(SECRETS_VARIABLE))
        return init_settings, env_settings, secrets, toml

    def shown(self) -> dict[str, str]:
        """The settings as text for people, with all secrets masked, including those inside addresses and properties."""
        conf = {name: MASK if SECRET_NAME.search(name) else value for name, value in self.spark_conf.items()}
        spark = {"spark": self.spark.split("/;")[0], "spark_conf": ", ".join(f"{name}={value}" for name, value in conf.items())}
        notify = {"notify": ", ".join(f"{to}: {len(urls)}" for to, urls in self.notify.items())}
        return {name: "" if value is None else str(value) for name, value in {**self.model_dump(), **spark, **notify}.items()}

    def secrets(self) -> list[str]:
        """Every secret among the settings, to keep them out of a text."""
        found = [s.get_secret_value() for s in (self.s3_secret_key, self.exchange_url) if s]
        if self.exchange_url:
            account, at, _ = self.exchange_url.get_secret_value().partition("://")[2].rpartition("@")
            password = account.partition(":")[2] if at else ""
            found += [password, unquote(password)]
        found += [url.get_secret_value() for urls in self.notify.values() for url in urls]
        found += [part.partition("=")[2] for part in self.spark.split(";")[1:]]
        return found + [value for name, value in self.spark_conf.items() if SECRET_NAME.search(name)]


def load(**overrides: object) -> Settings:
    """Read and check the settings; options given on the command line (not None) win. Raises CitylakeError."""
    config = os.environ.get(CONFIG_VARIABLE)
    secrets = os.environ.get(SECRETS_VARIABLE)
    if secrets and not Path(secrets).is_dir():
        raise CitylakeError("SETTINGS_FILE", "the folder of secrets does not exist", secrets, f"Correct or unset {SECRETS_VARIABLE}")
    if config and not Path(config).is_file():
        raise CitylakeError(
            "SETTINGS_FILE", f"the settings file {config} does not exist", CONFIG_VARIABLE, "Correct the path or unset the variable"
        )
    try:
        return Settings(**{k: v for k, v in overrides.items() if v is not None})  # type: ignore[arg-type]
    except (SettingsError, TOMLDecodeError) as e:
        what = f"the settings cannot be read: {' '.join(str(e).split())[:200]}"
        raise CitylakeError("SETTINGS", what, config or DEFAULT_CONFIG, "Correct it; a table in a variable is written as JSON") from None
    except ValidationError as e:
        first = e.errors(include_input=False)[0]
        name, file = ".".join(str(x) for x in first["loc"]), config or DEFAULT_CONFIG
        if first["type"] == "extra_forbidden":
            near = get_close_matches(name, Settings.model_fields, 1)
            remedy = f"Write {near[0]}, if that is meant" if near else "Remove it; docs/settings.md lists the settings"
            raise CitylakeError("SETTINGS", f"there is no setting {name!r}", file, remedy) from None
        raise CitylakeError("SETTINGS", f"setting {name!r}: {first['msg']}", f"CITYLAKE_{name.upper()} or {file}", "Correct it") from e
