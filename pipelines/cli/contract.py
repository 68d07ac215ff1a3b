"""`citylake contract`: contracts in full, as the Open Data Contract Standard has them, to read or for other tools; the SQL of an
exchange table.

Here: printing one, writing all. Not here: the expansion of the short form (`contracts.short`).
"""

from __future__ import annotations

import sys
from pathlib import Path

import yaml

from contracts import load_all
from contracts.loader import expanded
from contracts.model import Format
from pipelines.cli.screen import console, print_json
from pipelines.wrong_use import WrongUse
from resources.readers.database import ddl

KNOWN = "Name a table of cleansed, base, themes or reference as `citylake tables` lists it"


def show_contract(name: str, *, as_json: bool) -> int:
    """Print the full contract of a table. Raises WrongUse for an unknown table."""
    full = expanded(load_all()[_known(name)].path)
    if as_json:
        print_json(full)
    else:
        sys.stdout.write(_yaml(full))
    return 0


def show_ddl(name: str) -> int:
    """Print the SQL that creates the exchange table of a contract. Raises WrongUse for a table that is not delivered by a database."""
    contract = load_all()[_known(name)]
    if contract.delivery is None or contract.delivery.format != Format.DATABASE:
        raise WrongUse("DDL", f"{name} is not delivered by the exchange database", "--ddl", "Name a table whose format is database")
    sys.stdout.write(ddl(contract))
    return 0


def export_contracts(name: str | None, folder: Path, *, as_json: bool) -> int:
    """Write the full contract of one table, or of all, as FOLDER/layer/domain/table.yaml."""
    names = sorted(load_all()) if name is None else [_known(name)]
    for table in names:
        file = folder / f"{table}.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(_yaml(expanded(load_all()[table].path)), encoding="utf-8")
    if as_json:
        print_json([{"table": table, "file": str(folder / f"{table}.yaml")} for table in names])
    else:
        console.print(f"{len(names)} contracts are in {folder}.")
    return 0


def _known(name: str) -> str:
    if name not in load_all():
        layer, _, rest = name.partition("/")
        cleansed = f"cleansed/{rest}"
        advice = f"It holds rows as they were delivered: see {cleansed}" if cleansed in load_all() and layer != "cleansed" else KNOWN
        raise WrongUse("CONTRACT_UNKNOWN", f"no contract is named {name}", "contracts", advice)
    return name


def _yaml(full: dict[str, object]) -> str:
    return yaml.safe_dump(full, allow_unicode=True, sort_keys=False, width=120)
