"""The settings of an installation: environment variables (prefix CITYLAKE_) over one optional TOML file.

Here: names, types, defaults, validation at start. Not here: secrets themselves (`keys` reads them from files).
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from resources.errors import CitylakeError

CONFIG_VARIABLE = "CITYLAKE_CONFIG"
DEFAULT_CONFIG = "citylake.toml"
PLAIN_PATH = r"[A-Za-z0-9/_.~+:\\-]+"
"""Other characters Sail percent-encodes into another folder's name, which no other reader would find."""


class Settings(BaseSettings):
    """Where the lake is, what it reads, what it runs on."""

    model_config = SettingsConfigDict(env_prefix="CITYLAKE_", extra="forbid")

    lake: str = Field("lake", description="Folder that holds the lake")
    landing: Path = Field(Path("landing"), description="Folder in which the departments drop their files")
    exchange_url: SecretStr | None = Field(None, description="SQLAlchemy URL of the exchange database")
    key_file: Path = Field(Path("keys/pseudonym.key"), description="Secret key of the pseudonyms; kept outside the lake")
    profile: Literal["production", "demo"] = Field("production", description="demo: the unassigned division 321099 counts as known")
    home: Path = Field(Path(".dagster"), description="Dagster's own storage: run history, schedules, sensors")

    @field_validator("lake")
    @classmethod
    def _local(cls, value: str) -> str:
        if "://" in value:
            raise ValueError("only a local folder is supported")
        folder = str(Path(value).expanduser().resolve())
        if not re.fullmatch(PLAIN_PATH, folder):
            raise ValueError(f"the embedded engine cannot work in {folder}: use a path of ASCII letters, digits and /_.-~+ only")
        return folder

    @field_validator("landing", "key_file", "home")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().resolve()

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
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, toml_file=config)

    def shown(self) -> dict[str, str]:
        """The settings as text for people, without secrets."""
        return {name: str(value) for name, value in self.model_dump().items()}


def load(**overrides: object) -> Settings:
    """Read and check the settings; options given on the command line (not None) win. Raises CitylakeError."""
    config = os.environ.get(CONFIG_VARIABLE)
    if config and not Path(config).is_file():
        raise CitylakeError(
            "SETTINGS_FILE", f"the settings file {config} does not exist", CONFIG_VARIABLE, "Correct the path or unset the variable"
        )
    try:
        return Settings(**{k: v for k, v in overrides.items() if v is not None})  # type: ignore[arg-type]
    except ValidationError as e:
        first = e.errors(include_input=False)[0]
        name = ".".join(str(x) for x in first["loc"])
        raise CitylakeError(
            "SETTINGS", f"setting {name!r}: {first['msg']}", f"CITYLAKE_{name.upper()} or {DEFAULT_CONFIG}", "Correct it"
        ) from e
