"""SQL of analysts: only queries, only on served tables, each read at the version of the release.

Here: the allowed queries and expressions, and the text that the engine gets. Not here: DataFrame plans (`plans`).

Two parsers must agree. sqlglot's tree shows which names are tables; each must be a served one. Whatever the tree says, no name
may follow the name of a file format (``csv.`/path` `` is how the engine reads any file), and no keyword may turn text into a
name. Characters that two parsers could tokenize differently are refused first.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Collection, Iterator

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from pipelines.serving.allowed import SOURCES, TABLE_FUNCTIONS
from pipelines.serving.tables import Table, Tables
from pipelines.serving.vocabulary import Token, dotted, tokenize

OPENING = ("select", "with", "values", "(")
_SIGNS = frozenset("(),.+-*/%<>=!|&^~:?[]")
_TURNS_TEXT_INTO_NAMES = frozenset(["table", "identifier"])
_NEVER = (exp.Command, exp.DDL, exp.DML, exp.Into, exp.QueryTransform, exp.Parameter, exp.SessionParameter, exp.Lock)
logging.getLogger("sqlglot").setLevel(logging.ERROR)


class Refused(Exception):
    """The endpoint does not support this. `str()` is one sentence for the analyst."""


def query(text: str, tables: Tables, known: Collection[str] = ()) -> str:
    """Check a query and replace table names by their files at the served version.

    Args:
        text: the query.
        tables: the tables that are served.
        known: names of DataFrames that the client uses in the query.

    Raises:
        Refused: it is not a query, or it reads something else.
    """
    first = next((t for t in _tokens(text) if t.kind != "space"), None)
    if first is None or first.text.lower() not in OPENING:
        raise Refused(
            f"only queries are supported here, and this begins with {first.text[:20] if first else 'nothing'}: use SELECT or WITH"
        )
    clean = _clean(text)
    return _replaced(clean, _parsed(clean), tables, known)


def expression(text: str, tables: Tables, known: Collection[str] = ()) -> str:
    """Check a DataFrame expression such as `state = 'ACTIVE'`, and queries inside it as `query` does.

    Args:
        text: the expression.
        tables: the tables that are served.
        known: names of DataFrames that the client uses.

    Raises:
        Refused: it is not one expression, or it reads something else.
    """
    opening = "SELECT "
    clean = _clean(opening + text)
    tree = _parsed(clean)
    if not isinstance(tree, exp.Select) or [k for k, v in tree.args.items() if v] != ["expressions"] or len(tree.expressions) != 1:
        raise Refused("this is not a single expression")
    return _replaced(clean, tree, tables, known)[len(opening) :]


def name(text: str) -> tuple[str, ...]:
    """Split a table name as `spark.table` accepts it into its parts. Raises Refused."""
    tokens = _tokens(text)
    found = list(dotted(tokens))
    if len(found) != 1 or len(tokens) != 2 * len(found[0].parts) - 1:
        raise Refused(f"{text[:80]!r} is not a table name: use names such as themes.health.archive")
    return found[0].parts


def _tokens(text: str) -> list[Token]:
    try:
        return tokenize(text)
    except ValueError as e:
        raise Refused(f"the text cannot be read from {e} on: a quote is not closed, or the character is not allowed in SQL") from e


def _clean(text: str) -> str:
    """Remove comments and the last semicolon; refuse what two parsers could tokenize differently."""
    tokens = _tokens(text)
    while tokens and (tokens[-1].kind == "space" or tokens[-1].text == ";"):
        tokens.pop()
    clean = "".join(" " if t.kind == "space" and not t.text.isspace() else t.text for t in tokens)
    tokens = _tokens(clean)
    for i, t in enumerate(tokens):
        if t.kind == "sign" and t.text not in _SIGNS:
            raise Refused(f"the character {t.text!r} is not supported here outside quotes")
        if t.kind == "quoted" and ("`" in t.text[1:-1] or not t.text.isprintable()):
            raise Refused("names that contain backticks or control characters are not supported here")
        if t.kind == "string":
            _plain_string(t, tokens[max(i - 3, 0) : i])
        if t.kind == "word" and t.name in _TURNS_TEXT_INTO_NAMES:
            raise Refused(f"{t.text.upper()} is not supported here; put a column of that name in backticks")
    if "--" in (signs := "".join(t.text if t.kind == "sign" else " " for t in tokens)) or "/*" in signs:
        raise Refused("a comment is not closed")
    for sequence in dotted(tokens):
        if sequence.parts[0] in SOURCES and len(sequence.parts) > 1:
            raise Refused(f"files and sources such as {sequence.parts[0]}.… are not read here; if it is an alias, choose another one")
    return clean


def _plain_string(string: Token, before: list[Token]) -> None:
    """Refuse a letter or U& before a quote: some parsers read it as another kind of string, even with spaces between."""
    if any(ord(c) < 32 and c not in "\t\n\r" for c in string.text):
        raise Refused("strings with control characters are not supported here")
    written = "".join(t.text for t in before)
    if re.search(r"(?<!\w)(?:[^\W\d_]\s*|[uU]&)$", written):
        raise Refused(f"the string after {written.strip()[-20:]} is ambiguous: put AS or brackets before it")


def _parsed(text: str) -> exp.Query:
    try:
        found = [t for t in sqlglot.parse(text, read="spark") if t is not None]
    except (SqlglotError, RecursionError) as e:
        raise Refused(f"this query cannot be parsed: {' '.join(str(e).split())[:200]}") from e
    if len(found) != 1:
        raise Refused("only one query at a time is supported here")
    tree = found[0]
    if not isinstance(tree, exp.Query | exp.Values) or any(isinstance(n, _NEVER) for n in tree.walk()):
        raise Refused("only queries are supported here: nothing is written, created, changed or called")
    return tree  # type: ignore[return-value]


def _replaced(text: str, tree: exp.Query, tables: Tables, known: Collection[str]) -> str:
    names = {n.lower() for n in known} | {c.alias.lower() for c in tree.find_all(exp.CTE)}
    changes = [*_sources(text, tree, tables, names), *_qualifiers(tree, tables)]
    pieces, at = [], 0
    for start, end, new in sorted(changes):
        pieces += [text[at:start], new]
        at = end
    return "".join([*pieces, text[at:]])


def _sources(text: str, tree: exp.Query, tables: Tables, names: Collection[str]) -> Iterator[tuple[int, int, str]]:
    """Yield every place where a table is read, with its replacement."""
    for node in tree.find_all(exp.Table):
        if isinstance(node.this, exp.Func):
            called = (node.this.name if isinstance(node.this, exp.Anonymous) else node.this.sql_name()).lower()
            if called not in TABLE_FUNCTIONS:
                raise Refused(f"{called} is not a table function here")
            continue
        parts = tuple(p.name for p in node.parts)
        if any(not isinstance(p, exp.Identifier) for p in node.parts):
            raise Refused("a table must be given by its name here")
        if len(parts) == 1 and parts[0].lower() in names:
            continue
        table = tables.find(parts)
        if table is None:
            raise Refused(unknown(parts, tables))
        if node.args.get("version") or node.args.get("when"):
            raise Refused(f"tables are read as of release {tables.release} here: remove VERSION AS OF and TIMESTAMP AS OF")
        bare = not node.alias and not node.args.get("sample") and not node.args.get("pivots")
        new = f"(SELECT * FROM {_files(table)})" + (f" AS `{table.parts[-1]}`" if bare else "")
        yield node.parts[0].meta["start"], node.parts[-1].meta["end"] + 1, new


def _qualifiers(tree: exp.Query, tables: Tables) -> Iterator[tuple[int, int, str]]:
    """Yield qualified columns: `themes.health.archive.state` becomes `archive.state`."""
    for node in tree.find_all(exp.Column):
        table = tables.find(tuple(p.name for p in node.parts[:-1]))
        if table is not None:
            yield node.parts[0].meta["start"], node.parts[-2].meta["end"] + 1, f"`{table.parts[-1]}`"


def _files(table: Table) -> str:
    return f"`delta`.`{table.uri}` VERSION AS OF {table.version}"


def unknown(parts: tuple[str, ...], tables: Tables) -> str:
    """Return the sentence for a table that is not served."""
    return f"{'.'.join(parts)[:120]} is not a table of release {tables.release}: SHOW TABLES lists them"
