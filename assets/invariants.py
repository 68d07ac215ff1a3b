"""Invariants of base and thematic tables, declared in the packages of the assets they are about.

Here: the registry, and reading `invariants.yaml`. Not here: the invariants themselves (`assets/<layer>/<domain>/invariants.yaml`
or `invariants.py`), running them and showing their verdicts (`pipelines.checks`, which finds them here).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import yaml

import assets
from assets.declare import declared
from contracts import load_all

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, Row

EXAMPLES = 5
"""Number of examples kept of the violations."""
FILE = "invariants.yaml"
PLACE = re.compile(r"\{([a-z0-9_]+/[a-z0-9_/]+)\}")
"""A table name in a query."""
EACH = re.compile(r"\{([a-z0-9_]+)/\*/([a-z0-9_]+)\}")
"""A table of every domain in a query, `{themes/*/indicator}`: the invariant is one for each domain that has it, by the domain's name."""
NIGHT = "{as_of}"
"""The date of the release in a query."""


class ReleaseTables(Protocol):
    """The tables of one release, as an invariant reads them."""

    @property
    def as_of(self) -> date:
        """The business date of the release."""

    @property
    def thorough(self) -> bool:
        """Whether the check may take as long as a night."""

    @property
    def test_divisions(self) -> bool:
        """Whether the division of the demo city counts as valid."""

    def frame(self, table: str, version: int | None = None) -> DataFrame:
        """Read a table of the release, or another version of it."""

    def versions(self, table: str) -> list[int]:
        """Return the versions of a table in all readable releases up to this one, oldest first."""

    def sql(self, query: str) -> list[Row]:
        """Run a query that names its tables as `{base/population/person}`."""


@dataclass(frozen=True)
class Violations:
    """The number of violations and the first examples: table, batch, file and line, or a pseudonym. Never a personal value."""

    count: int = 0
    examples: tuple[str, ...] = ()

    @classmethod
    def of(cls, found: Iterable[str]) -> Violations:
        """Count the violations and keep the first examples in order."""
        examples = sorted(found)
        return cls(len(examples), tuple(examples[:EXAMPLES]))


@dataclass(frozen=True)
class Invariant:
    """A statement that must hold in every release.

    Attributes:
        name: unique among all invariants.
        code: the rule that it stands on, listed in docs/domain.md.
        must: the statement as a sentence.
        tables: it applies when the release has all of them.
        find: counts the violations in a release.
        source: the file or module that declares it.
    """

    name: str
    code: str
    must: str
    tables: tuple[str, ...]
    find: Callable[[ReleaseTables], Violations]
    source: str


_FUNCTIONS: dict[str, Invariant] = {}


def invariant(
    name: str, *, code: str, must: str, tables: tuple[str, ...]
) -> Callable[[Callable[[ReleaseTables], Violations]], Callable[[ReleaseTables], Violations]]:
    """Declare a function as an invariant, where one query is not enough.

    Args:
        name: unique among all invariants.
        code: the rule that it stands on, listed in docs/domain.md.
        must: the statement as a sentence.
        tables: it applies when the release has all of them.
    """

    def declare(find: Callable[[ReleaseTables], Violations]) -> Callable[[ReleaseTables], Violations]:
        _FUNCTIONS[name] = Invariant(name, code, must, tables, find, find.__module__)
        return find

    return declare


def declared_invariants() -> list[Invariant]:
    """Return every declared invariant by name. Raises ValueError for a wrong declaration, with its file and remedy."""
    declared()  # imports every module of assets
    files = sorted(file for folder in assets.__path__ for file in Path(folder).rglob(FILE))
    found: dict[str, Invariant] = {}
    known = load_all().keys() | {c.sibling("raw") for c in load_all().values()}
    for each in (*_FUNCTIONS.values(), *(i for file in files for i in read_invariants(file))):
        if each.name in found:
            raise ValueError(f"the invariant {each.name} is declared twice, in {found[each.name].source} and {each.source}: rename one")
        if missing := sorted(set(each.tables) - known):
            raise ValueError(f"{each.source}: {each.name}: no contract describes {', '.join(missing)}; correct the table name")
        found[each.name] = each
    return [found[name] for name in sorted(found)]


def read_invariants(file: Path) -> list[Invariant]:
    """Read one `invariants.yaml`: name -> `code`, `must`, `violations`. Raises ValueError for a wrong entry."""
    found = []
    for title, entry in (yaml.safe_load(file.read_text(encoding="utf-8")) or {}).items():
        if not isinstance(entry, dict) or set(entry) != {"code", "must", "violations"}:
            raise ValueError(f"{file}: {title}: give exactly code, must and violations")
        queries = _for_each_domain(title, entry["violations"])
        if not queries:
            raise ValueError(f"{file}: {title}: no contract describes a table of every domain; correct the table name")
        for name, query in queries.items():
            tables = tuple(sorted(set(PLACE.findall(query))))
            if not tables:
                raise ValueError(f"{file}: {name}: the query names no table; write it as {{layer/domain/table}}")
            found.append(Invariant(name, entry["code"], entry["must"], tables, partial(_query, query), str(file)))
    return found


def _for_each_domain(name: str, query: str) -> dict[str, str]:
    """The query by its name; one that names a table of every domain, once for each domain that has it."""
    tables = EACH.findall(query)
    if not tables:
        return {name: query}
    domains = {c.domain for c in load_all().values() if all(f"{layer}/{c.domain}/{table}" in load_all() for layer, table in tables)}
    return {f"{domain}_{name}": EACH.sub(rf"{{\1/{domain}/\2}}", query) for domain in sorted(domains)}


def _query(written: str, release: ReleaseTables) -> Violations:
    query = written.replace(NIGHT, f"DATE '{release.as_of}'")
    count = release.sql(f"SELECT count(*) AS n FROM ({query}) v")[0]["n"]
    examples = release.sql(f"SELECT example FROM ({query}) v ORDER BY example LIMIT {EXAMPLES}") if count else []
    return Violations(count, tuple(str(r["example"]) for r in examples))
