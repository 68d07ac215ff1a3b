"""The kinds of values that settings of a contract have, and refusing others. Not here: which setting has which (`contracts.short`)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from enum import Enum
from pathlib import Path
from typing import Any

from contracts.refused import ContractError


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(v, str) and v for v in value)


class Kind(Enum):
    """A kind of value: how to write it, and whether a value is of it."""

    TEXT = ("a text", lambda v: isinstance(v, str) and v != "")
    TRUTH = ("true or false", lambda v: isinstance(v, bool))
    COUNT = ("a whole number from 1 on", lambda v: _number(v) and isinstance(v, int) and v > 0)
    NUMBER = ("a number", _number)
    RATIO = (
        "a number or a ratio: 1/60",
        lambda v: _number(v) or (isinstance(v, str) and re.fullmatch(r"[1-9]\d*/[1-9]\d*", v) is not None),
    )
    LIMITS = ("[least, most], ~ for no limit", lambda v: isinstance(v, list) and len(v) == 2 and all(x is None or _number(x) for x in v))
    PLACE = (
        "[first byte from 1, width]",
        lambda v: isinstance(v, list) and len(v) == 2 and all(_number(x) and isinstance(x, int) and x > 0 for x in v),
    )
    TEXTS = ("a list of names: [a, b]", _texts)
    LIST = ("a list", lambda v: isinstance(v, list))
    RULES = ("a list of rules: [{rule: past, columns: [a]}]", lambda v: isinstance(v, list) and all(isinstance(x, Mapping) for x in v))
    SETTINGS = ("settings: {a: b}", lambda v: isinstance(v, Mapping))
    CODES = ("values and codes: {M: '1'}", lambda v: isinstance(v, Mapping) and not any(isinstance(x, list | Mapping) for x in v.values()))
    FACTORS = ("units and factors: {kPa: 7.5}", lambda v: isinstance(v, Mapping) and all(_number(x) for x in v.values()))
    ORIGIN = ("input.column, or {input: [column, column]}", lambda v: isinstance(v, str | list | Mapping) and bool(v))

    def __init__(self, form: str, test: Callable[[Any], bool]) -> None:
        self.form, self.test = form, test


def of_kind(path: Path, where: str, value: Any, kind: Kind) -> Any:
    """Return `value`, or raise ContractError when it is not of the kind."""
    if not kind.test(value):
        raise ContractError(path, where, f"is {value!r}", f"Write {kind.form}")
    return value


def stated(path: Path, where: str, settings: Any, kinds: Mapping[str, Kind]) -> dict[str, Any]:
    """Return those of `settings` that are not NULL, or raise ContractError for an unknown one and for one of another kind."""
    of_kind(path, where, settings, Kind.SETTINGS)
    unknown = [k for k in settings if k not in kinds]
    if unknown:
        raise ContractError(path, where, f"unknown settings {unknown}", f"Use only: {', '.join(kinds)}")
    return {k: of_kind(path, f"{where}, {k}", v, kinds[k]) for k, v in settings.items() if v is not None}
