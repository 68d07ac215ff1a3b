"""Whatever stands in one place of a contract: it is read, or refused with file, field and remedy; never a traceback."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from contracts import Contract, ContractError
from contracts.loader import load
from tests.contracts import test_refused, test_short

ANYTHING: tuple[Any, ...] = (None, True, 0, -1, 2.5, "", "x", "no", [], ["x"], [[]], [1], {}, {"x": 1}, {"no": []}, [{"x": "y"}])
CONTRACTS = {
    "short source": test_short.GOOD | {
        "row_rules": [{"rule": "past", "columns": ["update_time"]}],
        "table_rules": [{"rule": "shared", "columns": ["no", "id_no"], "most": 5}],
        "quality": [{"type": "library", "metric": "rowCount", "mustBeGreaterThan": 0}],
    },
    "short derived": test_short.DERIVED,
    "full": test_refused.GOOD,
}  # fmt: skip


def _places(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in inner:
        yield (*path, key)
        yield from _places(value, (*path, key))


def _changed(contract: dict[str, Any], place: tuple[Any, ...], value: Any) -> dict[str, Any]:
    changed = copy.deepcopy(contract)
    node: Any = changed
    for key in place[:-1]:
        node = node[key]
    node[place[-1]] = value
    return changed


@pytest.mark.parametrize("form", CONTRACTS)
def test_any_value_in_any_place_is_read_or_refused(form: str, tmp_path: Path) -> None:
    file = tmp_path / "thing.yaml"
    refused: list[str] = []
    wrong: list[str] = []
    for place in _places(CONTRACTS[form]):
        for value in ANYTHING:
            file.write_text(yaml.safe_dump(_changed(CONTRACTS[form], place, value), allow_unicode=True), encoding="utf-8")
            try:
                assert isinstance(load(file), Contract)
            except ContractError as e:
                refused.append(str(e))
            except Exception as e:
                wrong.append(f"{place} = {value!r}: {type(e).__name__} {e}")
    assert wrong == []
    assert len(refused) > 300
    assert [e for e in refused if "\n" in e] == []
