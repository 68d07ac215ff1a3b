"""Every sentence that the lake gives as a reason has its Chinese in reasons.yaml, and no sentence there is one that nothing gives.

The sentences are read off the code: what becomes the scope of a step, the remark of a release, or a gate that every contract has. Texts
that come from elsewhere, such as the message of an error or what a contract says of its own gate, are not among them.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from itertools import product
from pathlib import Path

import pipelines
from contracts import load_all
from contracts.loader import code_lists
from pipelines.site.render import patterns, reason
from quality.gates import plan
from standards.codes import code_list

GIVERS = {"Whole": 0, "_keep": 2, "Remark": 1}
"""A call that takes a reason -> which of its arguments."""
RETURNED, ASSIGNED = re.compile(r"_why_\w+|sentence|reason"), {"reason", "scope", "SCOPE"}
"""Functions that return a reason; names that one is assigned to."""
SCOPE = re.compile(r"(whole|part): (.+)")
VALUES = {",": "1,234", ".1%": "12.3%", ".2%": "0.12%"}
"""What stands for a value in a sentence, by its format."""
CHINESE = re.compile("[\u4e00-\u9fff]")


def variants(node: ast.expr | None, names: dict[str, ast.expr]) -> list[str]:
    """The texts that an expression can be; none when it comes from elsewhere, and a stand-in for a value within a text."""
    match node:
        case ast.Constant(value=str(text)):
            return [text]
        case ast.IfExp(body=one, orelse=other):
            return variants(one, names) + variants(other, names)
        case ast.Name(id=name) if name in names:
            return variants(names[name], names)
        case ast.Tuple(elts=parts):
            return [text for part in parts for text in variants(part, names)]
        case ast.JoinedStr(values=parts):
            return ["".join(chosen) for chosen in product(*(_part(part, names) for part in parts))]
    return []


def _part(part: ast.expr, names: dict[str, ast.expr]) -> list[str]:
    if not isinstance(part, ast.FormattedValue):
        return variants(part, names)
    wanted = "".join(variants(part.format_spec, {})) if part.format_spec else ""
    return variants(part.value, names) or [VALUES.get(wanted, "value")]


def given(tree: ast.AST) -> Iterator[str]:
    """The reasons in a module."""
    for function in (n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)):
        names = {t.id: n.value for n in ast.walk(function) if isinstance(n, ast.Assign) for t in n.targets if isinstance(t, ast.Name)}
        for node in ast.walk(function):
            if isinstance(node, ast.Return) and RETURNED.fullmatch(function.name):
                yield from variants(node.value, names)
            if isinstance(node, ast.Call) and (place := GIVERS.get(getattr(node.func, "id", getattr(node.func, "attr", "")))) is not None:
                yield from variants(node.args[place], names) if len(node.args) > place else ()
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign | ast.Return) and node.value is not None:
            yield from (text for text in variants(node.value, {}) if SCOPE.fullmatch(text))
        if isinstance(node, ast.Assign):
            pairs = [(t, v) for target in node.targets for t, v in _pairs(target, node.value)]
            yield from (text for t, v in pairs if getattr(t, "id", getattr(t, "attr", "")) in ASSIGNED for text in variants(v, {}))


def _pairs(target: ast.expr, value: ast.expr) -> Iterator[tuple[ast.expr, ast.expr]]:
    both = isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple)
    yield from zip(target.elts, value.elts, strict=True) if both else ((target, value),)  # type: ignore[attr-defined]


@cache
def reasons() -> dict[str, str]:
    """Every sentence with where it is given; a scope without the word before its reason."""
    root = Path(next(iter(pipelines.__path__)))
    files = [f for name in ("steps", "control/freshness.py", "notifications/incidents.py") for f in _modules(root / name)]
    found = {text: f.name for f in files for text in given(ast.parse(f.read_text(encoding="utf-8")))}
    split = {(scope[2] if (scope := SCOPE.fullmatch(text)) else text): where for text, where in found.items()}
    return {text: where for text, where in split.items() if text not in ("", "value")}


def _modules(path: Path) -> list[Path]:
    return sorted(path.rglob("*.py")) if path.is_dir() else [path]


@cache
def gates() -> set[str]:
    """What the gates ask that contracts do not word themselves."""
    codes = {name: tuple(code_list(name)) for name in code_lists()}
    own = {c.says for contract in load_all().values() for c in contract.checks if c.says}
    return {g.rule for contract in load_all().values() for g in plan(contract, codes)} - own


def test_the_sentences_are_found() -> None:
    assert {"nobody has delivered it yet", "first time", "it is small: 1,234 rows", "it was not made for this night"} <= set(reasons())


def test_a_reason_has_its_chinese() -> None:
    said = {text: reason(text) for text in (*reasons(), *gates())}
    assert not [(text, reasons().get(text, "gates.py")) for text in said if not CHINESE.search(said[text].zh)], "add them to reasons.yaml"
    assert all(both.en == text for text, both in said.items())


def test_no_pattern_is_of_a_sentence_that_nothing_gives() -> None:
    unused = [p.pattern for p in patterns() if not any(p.fullmatch(said) for said in {*reasons(), *gates()})]
    assert not unused, "remove from pipelines/site/reasons.yaml"
