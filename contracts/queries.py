"""The queries of gates in SQL: which tables they read, and refusing one that could not be evaluated.

A query gives one number. It reads the table to be published as `{table}`, and its inputs by their names, `{base/population/person}`.
Here: these names, and holding a query against the columns of the contracts. Not here: evaluating it (`quality.gates`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING

from contracts.refused import ContractError, one_of

if TYPE_CHECKING:
    from contracts.model import Check, Contract

TABLE = "table"
"""What a query calls the table to be published."""
PLACE = re.compile(r"\{([a-z][a-z0-9_/]*)\}")


def tables_of(query: str) -> tuple[str, ...]:
    """Return the names of the tables that a query reads, in the order of their places."""
    return tuple(dict.fromkeys(PLACE.findall(query)))


def with_names(query: str, names: Callable[[str], str]) -> str:
    """Return a query in which every table has the name that an engine knows it by."""
    return PLACE.sub(lambda place: names(place[1]), query)


def refuse_wrong(contract: Contract, inputs: Collection[str], contracts: Mapping[str, Contract]) -> None:
    """Hold the queries of a contract against the columns of the tables that they read.

    Args:
        contract: of the table.
        inputs: the tables that it is made from.
        contracts: by table name.

    Raises:
        ContractError: a query does not parse, gives more than one column, or names a table or a column that it cannot read.
    """
    for check in contract.checks:
        if check.query:
            columns = {TABLE: contract.column_names} | {name: contracts[name].column_names for name in sorted(inputs)}
            _refuse_wrong(contract, check, columns)


def _refuse_wrong(contract: Contract, check: Check, columns: Mapping[str, tuple[str, ...]]) -> None:
    import sqlglot
    from sqlglot.errors import SqlglotError
    from sqlglot.optimizer.qualify import qualify

    where = f"quality of the table, {check.name!r}, query"
    for table in tables_of(check.query):
        one_of(contract.path, f"{where}, table", table, tuple(columns))
    schema: dict[str, object] = {_identifier(table): dict.fromkeys(names, "string") for table, names in columns.items()}
    try:
        query = sqlglot.parse_one(with_names(check.query, _identifier), read="spark")
        if not isinstance(query, sqlglot.exp.Query):
            raise ContractError(contract.path, where, "is not one query", "Write one SELECT that gives a number")
        given = len(qualify(query, schema=schema, dialect="spark").selects)
    except SqlglotError as e:
        problem = re.sub(r"\x1b\[[0-9]*m", "", str(e)).splitlines()[0].rstrip(".")
        raise ContractError(contract.path, where, f"cannot be evaluated ({problem})", "Correct the query") from e
    if given != 1:
        raise ContractError(contract.path, where, f"gives {given} columns", "Select one number")


def _identifier(table: str) -> str:
    return table.replace("/", "__")
