"""A tokenizer for Spark SQL, and table names in a query's text.

Here: tokens on which all parsers of Spark SQL agree. Not here: what a query may do (`queries`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""
      (?P<space>[ \t\r\n]+ | --[^\n\r]* | /\*(?:(?!/\*|\*/).)*\*/)
    | (?P<string>(?<!\w)[xX]'[0-9A-Fa-f]*'(?!\w) | (?<!\w)[rR](?:'[^']*'|"[^"]*")(?!\w) | '(?:[^'\\]|\\.)*' | "(?:[^"\\]|\\.)*")
    | (?P<quoted>`(?:[^`]|``)*`)
    | (?P<word>\w+)
    | (?P<sign>[^\w\s'"`])
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True)
class Token:
    """A token of SQL text. `kind`: space (comments too), string, quoted (a name in backticks), word or sign."""

    kind: str
    text: str
    start: int

    @property
    def end(self) -> int:
        return self.start + len(self.text)

    @property
    def name(self) -> str:
        """The name of a word or a quoted name, in lower case: names are case-insensitive."""
        return (self.text[1:-1].replace("``", "`") if self.kind == "quoted" else self.text).lower()


@dataclass(frozen=True)
class Dotted:
    """Names joined by dots, such as `themes.health.archive.state`, with their positions."""

    tokens: tuple[Token, ...]

    @property
    def parts(self) -> tuple[str, ...]:
        return tuple(t.name for t in self.tokens)


def tokenize(text: str) -> list[Token]:
    """Split a text into tokens. Raises ValueError with the position where that fails."""
    tokens, at = [], 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise ValueError(f"character {at + 1}")
        tokens.append(Token(found.lastgroup or "", found.group(), at))
        at = found.end()
    return tokens


def dotted(tokens: list[Token]) -> Iterator[Dotted]:
    """Yield every longest sequence of names joined by dots."""
    solid = [t for t in tokens if t.kind != "space"]
    at = 0
    while at < len(solid):
        if solid[at].kind not in ("word", "quoted"):
            at += 1
            continue
        names = [solid[at]]
        while at + 2 < len(solid) and solid[at + 1].text == "." and solid[at + 2].kind in ("word", "quoted"):
            names.append(solid[at + 2])
            at += 2
        at += 1
        yield Dotted(tuple(names))


def rename(text: str, names: Mapping[tuple[str, ...], str]) -> tuple[str, set[tuple[str, ...]]]:
    """Replace table names in a text, but not in strings and comments; return the text and the names found."""
    found, pieces, at = set(), [], 0
    for sequence in dotted(tokenize(text)):
        length = next((n for n in range(len(sequence.parts), 0, -1) if sequence.parts[:n] in names), 0)
        if not length:
            continue
        table = sequence.parts[:length]
        found.add(table)
        pieces += [text[at : sequence.tokens[0].start], names[table]]
        at = sequence.tokens[length - 1].end
    return "".join([*pieces, text[at:]]), found
