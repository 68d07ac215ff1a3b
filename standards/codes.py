"""National and local code lists: what was delivered, as the code of the list.

Here: the lists (standards/codes/<list>.csv: code, name, english, aliases joined by |) and the rule `code`. Not here:
codes that depend on other columns. Source: GB/T 2261.1, 2261.2, 3304, 4658, 4761, WS 364 and local lists; domain rules A14, D17, D22.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from pyspark.sql import Column
from pyspark.sql import functions as F

from standards.tables import both_names, looked_up, rows
from standards.text import Row, Steps, cleaned_code, code_fixes, codes_text, flag, is_absent, no_codes


@cache
def code_list(name: str) -> dict[str, str]:
    """Code -> name of one list. Raises FileNotFoundError for an unknown list."""
    return {row["code"]: row["name"] for row in rows(f"codes/{name}")}


def code_names(name: str) -> dict[str, tuple[str, str]]:
    """Code -> Chinese and English name of one list. Raises FileNotFoundError for an unknown list."""
    return both_names(f"codes/{name}")


@cache
def labels(name: str) -> dict[str, str]:
    """Everything but the code itself that means a code of the list: names, aliases, codes without their leading zero."""
    known: dict[str, str] = {}
    for row in rows(f"codes/{name}"):
        for label in (row["name"], *filter(None, row["aliases"].split("|"))):
            if known.setdefault(label.upper(), row["code"]) != row["code"]:
                raise ValueError(f"code list {name}: {label} stands for {known[label.upper()]} and for {row['code']}")
    for code in code_list(name):
        if len(code) == 2 and code.startswith("0"):
            known.setdefault(code[1], code)
    return {label: code for label, code in known.items() if label not in code_list(name)}


def code_rule(name: str, code_map: Mapping[str, str]) -> Steps:
    """Rule `code`: value string, a code of the list.

    `code_map`, what this source means by a value, goes first; then the list's codes, names, aliases and codes without
    their leading zero. F_DOT0: `1.0` is `1`.
    F_CODE: mapped. E_CODE: unknown. A word for nothing (未知) is a code where the list holds it.
    """
    mapped = {key.upper(): code for key, code in code_map.items()}
    unknown = set(code_map.values()) - set(code_list(name))
    if unknown:
        raise ValueError(f"code map: {sorted(unknown)} are not in the code list {name}. Use codes of the list.")
    same = tuple(code for code in code_list(name) if code.upper() not in mapped)
    other = {**labels(name), **mapped}

    def coded(row: Row) -> dict[str, Column]:
        s = F.upper(row["s"])
        return {"value": F.when(s.isin(*same), s).otherwise(looked_up(other, s))}

    def answer(row: Row) -> dict[str, Column]:
        s, raw, value = row["s"], row["raw"], row["value"]
        codes = codes_text(*code_fixes(row), flag(value != s, "F_CODE"), flag(value.isNull(), "E_CODE"))
        nothing = value.isNull() & is_absent(s)
        return {"codes": F.when((value == raw) | nothing, no_codes()).otherwise(codes)}

    return *cleaned_code, coded, answer
