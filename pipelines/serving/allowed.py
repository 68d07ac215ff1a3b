"""The allow lists of `allowed.yaml` as constants."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

_FILE: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("allowed.yaml").read_text(encoding="utf-8"))

RELATIONS = frozenset(_FILE["relations"])
EXPRESSIONS = frozenset(_FILE["expressions"])
ANALYSES = frozenset(_FILE["analyses"])
TABLE_FUNCTIONS = frozenset(_FILE["functions"])
CODE = frozenset(_FILE["code"])
SOURCES = frozenset(_FILE["sources"])
SETTINGS: tuple[str, ...] = tuple(_FILE["settings"])
INSTEAD: dict[str, str] = _FILE["instead"]
