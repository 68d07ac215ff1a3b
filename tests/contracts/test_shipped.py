"""The contracts that are shipped: they load, follow the standard once expanded, and say what the lake needs."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

import jsonschema
import open_data_contract_standard
import pytest

from contracts import load_all
from contracts.loader import expanded, files
from contracts.refused import ROOT

SCHEMA = Path(open_data_contract_standard.__file__).parent / "schema.json"
FILES = files()


@pytest.fixture(scope="module")
def standard() -> Any:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    return jsonschema.validators.validator_for(schema)(schema)


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.relative_to(ROOT).with_suffix("").as_posix())
def test_follows_the_open_data_contract_standard(file: Path, standard: Any) -> None:
    errors = standard.iter_errors(expanded(file))
    assert [f"{'.'.join(map(str, e.absolute_path))}: {e.message}" for e in errors] == []


def test_the_standard_itself_would_refuse_a_wrong_file(standard: Any) -> None:
    contract = expanded(FILES[0])
    contract["schema"][0]["properties"][0]["primaryKeys"] = True
    contract.pop("version")
    assert len(list(standard.iter_errors(contract))) >= 2


def test_every_file_is_one_table_under_its_own_path() -> None:
    assert set(load_all()) == {f.relative_to(ROOT).with_suffix("").as_posix() for f in FILES}
    assert all((c.layer == "cleansed") == (c.delivery is not None) for c in load_all().values())


def test_sequences_are_times_of_the_source_that_are_never_missing() -> None:
    for contract in load_all().values():
        for name in contract.delivery.sequence if contract.delivery else ():
            column = contract.column(name)
            assert (column.required, column.logical_type) == (True, "timestamp"), f"{contract.name}: {name}"


def test_keys_are_required_and_held_back_when_unusable() -> None:
    for contract in load_all().values():
        for name in contract.key:
            assert contract.column(name).required, f"{contract.name}: {name}"
            assert contract.column(name).on_error == "quarantine", f"{contract.name}: {name}"


def test_what_derives_from_a_personal_column_is_personal() -> None:
    coarse = {"county", "error", "kind"}
    for contract in (c for c in load_all().values() if c.layer == "cleansed"):
        for c in contract.columns:
            if c.derived_from and c.name.rsplit("_", 1)[-1] not in coarse:
                assert c.personal == contract.column(c.derived_from[0]).personal, f"{contract.name}: {c.name}"


def test_archive_as_delivered_and_as_kept() -> None:
    archive = load_all()["cleansed/health/archive"]
    assert archive.key == ("ehr_no", "empi_id")
    assert (archive.layer, archive.domain, archive.table, archive.sibling("raw")) == ("cleansed", "health", "archive", "raw/health/archive")
    assert [(c.name, c.source) for c in archive.delivered[:5]] == [
        ("ehr_no", "健康档案编号"), ("empi_id", "主索引号"), ("id_type", "证件类型"), ("id_no", "证件号码"), ("name", "姓名"),
    ]  # fmt: skip
    derived = {c.name: c.derived_from[0] for c in archive.columns if not c.delivered}
    assert derived == {
        "id_no_raw": "id_no", "id_no_error": "id_no", "name_key": "name", "contact_name_key": "contact_name",
        "village_county": "village_code12",
    }  # fmt: skip
    assert all(archive.column(name).source is None for name in derived)
    assert {c.name: c.on_error for c in archive.columns if c.name in ("status", "phone")} == {"status": "quarantine", "phone": "flag"}
    assert (archive.delivery.format, archive.delivery.encoding, archive.delivery.mode) == ("csv", "gb18030", "full")


def test_fixed_width_columns_have_their_widths_in_bytes() -> None:
    pension = load_all()["cleansed/human_resources/pension_payment"]
    assert [c.width for c in pension.delivered] == [6, 12, 4, 20, 30, 14, 22, 1, 2, 6]


def test_no_example_in_a_contract_is_a_date_object() -> None:
    """An unquoted date becomes a date in YAML and breaks readers that expect text."""
    for file in FILES:
        assert not list(_dates(expanded(file))), file


def _dates(node: Any) -> list[Any]:
    if isinstance(node, date | datetime):
        return [node]
    inner = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    return [d for n in inner for d in _dates(n)]
