"""SQL of analysts: only queries, only on the tables served, each read at its version.

Here: what a query and an expression may be, and the text the engine gets. Not here: plans of DataFrames (`plans`).

Two readings must agree. sqlglot's tree says which names are tables; each must be one that is served. And whatever a tree
says, no name may stand behind the name of a file format (``csv.`/path` `` is how the engine reads any file), and no word
that turns text into a name. Characters that two parsers could cut differently are refused before.
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
from pipelines.serving.vocabulary import Token, cut, dotted

OPENING = ("select", "with", "values", "(")
_SIGNS = frozenset("(),.+-*/%<>=!|&^~:?[]")
_TURNS_TEXT_INTO_NAMES = frozenset(["table", "identifier"])
_NEVER = (exp.Command, exp.DDL, exp.DML, exp.Into, exp.QueryTransform, exp.Parameter, exp.SessionParameter, exp.Lock)
logging.getLogger("sqlglot").setLevel(logging.ERROR)


class Refused(Exception):
    """The endpoint does not do this. `str()` is one sentence for the analyst."""


def query(text: str, tables: Tables, known: Collection[str] = ()) -> str:
    """A query as the engine may run it: names of tables replaced by their files at the version served.

    known: names a DataFrame put into the text has. Raises Refused.
    """
    first = next((t for t in _cut(text) if t.kind != "space"), None)
    if first is None or first.text.lower() not in OPENING:
        raise Refused(f"only queries are answered here, and this begins with {first.text[:20] if first else 'nothing'}: use SELECT or WITH")
    clean = _clean(text)
    return _replaced(clean, _parsed(clean), tables, known)


def expression(text: str, tables: Tables, known: Collection[str] = ()) -> str:
    """An expression of a DataFrame, such as `state = 'ACTIVE'`; queries inside it as in `query`. Raises Refused."""
    opening = "SELECT "
    clean = _clean(opening + text)
    tree = _parsed(clean)
    if not isinstance(tree, exp.Select) or [k for k, v in tree.args.items() if v] != ["expressions"] or len(tree.expressions) != 1:
        raise Refused("this is not one expression")
    return _replaced(clean, tree, tables, known)[len(opening) :]


def name(text: str) -> tuple[str, ...]:
    """A name as `spark.table` takes it, cut into its parts. Raises Refused."""
    tokens = _cut(text)
    found = list(dotted(tokens))
    if len(found) != 1 or len(tokens) != 2 * len(found[0].parts) - 1:
        raise Refused(f"{text[:80]!r} is not the name of a table: they are called like themes.health.archive")
    return found[0].parts


def _cut(text: str) -> list[Token]:
    try:
        return cut(text)
    except ValueError as e:
        raise Refused(f"the text cannot be read from {e}: a quote does not end, or a character stands there that SQL does not know") from e


def _clean(text: str) -> str:
    """The text without comments and without the last semicolon; and nothing in it that two parsers could cut differently."""
    tokens = _cut(text)
    while tokens and (tokens[-1].kind == "space" or tokens[-1].text == ";"):
        tokens.pop()
    clean = "".join(" " if t.kind == "space" and not t.text.isspace() else t.text for t in tokens)
    tokens = _cut(clean)
    for i, t in enumerate(tokens):
        if t.kind == "sign" and t.text not in _SIGNS:
            raise Refused(f"the character {t.text!r} is not answered here outside quotes")
        if t.kind == "quoted" and ("`" in t.text[1:-1] or not t.text.isprintable()):
            raise Refused("names with backticks or control characters in them are not answered here")
        if t.kind == "string":
            _plain_string(t, tokens[max(i - 3, 0) : i])
        if t.kind == "word" and t.name in _TURNS_TEXT_INTO_NAMES:
            raise Refused(f"{t.text.upper()} is not answered here; a column of that name needs backticks")
    if "--" in (signs := "".join(t.text if t.kind == "sign" else " " for t in tokens)) or "/*" in signs:
        raise Refused("a comment does not end")
    for sequence in dotted(tokens):
        if sequence.parts[0] in SOURCES and len(sequence.parts) > 1:
            raise Refused(f"files and sources such as {sequence.parts[0]}.… are not read here; another alias helps where it is one")
    return clean


def _plain_string(string: Token, before: list[Token]) -> None:
    """One letter, or U&, before a quote makes another kind of string of it, for some parsers also with spaces between."""
    if any(ord(c) < 32 and c not in "\t\n\r" for c in string.text):
        raise Refused("strings with control characters are not answered here")
    written = "".join(t.text for t in before)
    if re.search(r"(?<!\w)(?:[^\W\d_]\s*|[uU]&)$", written):
        raise Refused(f"the string after {written.strip()[-20:]} could be read in two ways: put AS or brackets between them")


def _parsed(text: str) -> exp.Query:
    try:
        found = [t for t in sqlglot.parse(text, read="spark") if t is not None]
    except (SqlglotError, RecursionError) as e:
        raise Refused(f"this is not a query that can be read: {' '.join(str(e).split())[:200]}") from e
    if len(found) != 1:
        raise Refused("one query at a time is answered here")
    tree = found[0]
    if not isinstance(tree, exp.Query | exp.Values) or any(isinstance(n, _NEVER) for n in tree.walk()):
        raise Refused("only queries are answered here: nothing is written, created, changed or called")
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
    """Every place where a table is read, and what stands there instead."""
    for node in tree.find_all(exp.Table):
        if isinstance(node.this, exp.Func):
            called = (node.this.name if isinstance(node.this, exp.Anonymous) else node.this.sql_name()).lower()
            if called not in TABLE_FUNCTIONS:
                raise Refused(f"the function {called} does not stand for a table here")
            continue
        parts = tuple(p.name for p in node.parts)
        if any(not isinstance(p, exp.Identifier) for p in node.parts):
            raise Refused("a table is called by its name here")
        if len(parts) == 1 and parts[0].lower() in names:
            continue
        table = tables.find(parts)
        if table is None:
            raise Refused(unknown(parts, tables))
        if node.args.get("version") or node.args.get("when"):
            raise Refused(f"tables are read as of release {tables.release} here: leave VERSION AS OF and TIMESTAMP AS OF out")
        bare = not node.alias and not node.args.get("sample") and not node.args.get("pivots")
        new = f"(SELECT * FROM {_files(table)})" + (f" AS `{table.parts[-1]}`" if bare else "")
        yield node.parts[0].meta["start"], node.parts[-1].meta["end"] + 1, new


def _qualifiers(tree: exp.Query, tables: Tables) -> Iterator[tuple[int, int, str]]:
    """`themes.health.archive.state` is the column `archive.state` of that table."""
    for node in tree.find_all(exp.Column):
        table = tables.find(tuple(p.name for p in node.parts[:-1]))
        if table is not None:
            yield node.parts[0].meta["start"], node.parts[-2].meta["end"] + 1, f"`{table.parts[-1]}`"


def _files(table: Table) -> str:
    return f"`delta`.`{table.uri}` VERSION AS OF {table.version}"


def unknown(parts: tuple[str, ...], tables: Tables) -> str:
    """The sentence for a table that is not served."""
    return f"{'.'.join(parts)[:120]} is not a table of release {tables.release}: SHOW TABLES names them"
