"""A demo city against the truth, and bad deliveries of the formats of old office programs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pyspark.sql import DataFrame

import simulator
from assets.base.legal_entity.source_link import TABLES, source_link
from bench.linkage import judged
from pipelines.runtime import Runtime
from pipelines.steps.cleanse import cleanse
from pipelines.steps.ingest import ingest
from simulator.drops import write_drop
from tests.legal_entity.chain import collected
from tests.population.cleansed import pseudonym

DEPARTMENTS = ["market_regulation", "taxation", "staffing", "civil_affairs"]
OTHERS = ("market_regulation/change", "market_regulation/entity_judgement")
NIGHT, DAY = 0, date(2019, 12, 29)


def nightly(runtime: Runtime, table: str) -> None:
    contract = runtime.contracts[f"cleansed/{table}"]
    assert not ingest(runtime, contract, DAY, "in").problems
    cleanse(runtime, contract, DAY, "clean")


def at_home(installation: Callable[..., Runtime]) -> Runtime:
    """An installation in which the departments of legal entities take part."""
    runtime = installation()
    runtime.settings = runtime.settings.model_copy(update={"departments": DEPARTMENTS})
    return runtime


def linked(runtime: Runtime, city: simulator.City) -> pd.DataFrame:
    """The links of the first night of a city."""
    assert runtime.settings.exchange_url
    city.deliver(NIGHT, Path(runtime.settings.landing), runtime.settings.exchange_url.get_secret_value())
    tables = [*TABLES.values(), *OTHERS]
    for table in tables:
        nightly(runtime, table)
    spark = runtime.engine.session

    def live(table: str) -> DataFrame:
        return runtime.lake.read(spark, f"cleansed/{table}").where("_op <> 'D'")

    return collected(source_link(*map(live, tables), pseudonym, collected)).toPandas()


@pytest.mark.parametrize("people", [2_000, 5_000])
def test_links_against_the_truth(installation: Callable[..., Runtime], people: int) -> None:
    """Of 5,000 people, two branches are under the number of a parent that pays no taxes under it."""
    city = simulator.build(people, departments=DEPARTMENTS)
    rows = linked(at_home(installation), city)
    links = judged(rows, city.truth["entity_record"])
    assert links.records > 0.95 * len(rows)
    assert links.pairs > 200
    assert links.right_pairs == links.pairs, "precision 1 on credit code and organisation code"
    assert links.linked > 10
    assert links.right >= 0.995 * links.linked, f"precision of records without a code: {links}"
    assert links.right >= 0.95 * links.others, f"recall of records without a code: {links}"
    assert links.mixed == 0, "no branch in its parent"
    keys = rows["source_table"] + "|" + rows["source_key"]
    borrowed = city.truth["finding"].query("value == 'BRANCH'")["key"]
    assert set(keys[rows["match_reason"] == "BRANCH"]) == set(borrowed) & set(keys), "branches under their parent's tax number"
    assert len(set(borrowed) & set(keys)) >= 4


def taxpayer(key: str, **said: str | None) -> dict[str, str | None]:
    return {"tax_reg_no": key, "entity_name": "甲公司", "tax_no": "91321002MA0FAKE170", "update_time": "2019-12-01 08:00:00", **said}


def institution(key: str, **said: str | None) -> dict[str, str | None]:
    return {"certificate_no": key, "uscc": "12321000FAKE00064W", "entity_name": "某小学", "entity_status": "1", **said}


BAD: dict[str, tuple[list[dict[str, Any]], dict[str, list[str]], dict[str, str | None]]] = {
    "taxation/taxpayer": (
        [
            taxpayer("GOOD"),
            taxpayer("NAMELESS", entity_name=None),
            taxpayer("UNDATED", update_time="上午"),
            taxpayer("FORMER", tax_no="321002FAKE00064"),
            taxpayer("WRONG", tax_no="91321002MA0FAKE171"),
            taxpayer("PERSON", tax_no="32109919690307011X01"),
            taxpayer("GOOD"),
        ],
        {"NAMELESS": ["entity_name:E_REQUIRED"], "UNDATED": ["update_time:E_DATE"]},
        {"GOOD": "MA0FAKE17", "FORMER": "FAKE00064", "WRONG": None, "PERSON": None},
    ),
    "staffing/public_institution": (
        [
            institution("GOOD"),
            institution("NAMELESS", entity_name=None),
            institution("UNKNOWN", entity_status="?"),
            institution("LEGACY", uscc="12321000FAKE00064A"),
            institution("GOOD"),
        ],
        {"NAMELESS": ["entity_name:E_REQUIRED"]},
        {"GOOD": "FAKE00064", "UNKNOWN": "FAKE00064", "LEGACY": "FAKE00064"},
    ),
}


@pytest.mark.parametrize("table", BAD)
def test_bad_rows_of_old_formats_cost_a_line_each(installation: Callable[..., Runtime], table: str) -> None:
    rows, quarantined, codes = BAD[table]
    runtime = at_home(installation)
    contract = runtime.contracts[f"cleansed/{table}"]
    frame = pd.DataFrame(rows, dtype=object).reindex(columns=[c.name for c in contract.delivered])
    write_drop(Path(runtime.settings.landing), contract, frame.where(frame.notna(), None), DAY, DAY)
    nightly(runtime, table)
    published = {r[contract.key[0]]: r for r in runtime.lake.arrow(f"cleansed/{table}").to_pylist()}
    held = runtime.lake.arrow(f"quarantine/{table}").to_pylist()
    number = "tax_no_code" if table.startswith("taxation") else "uscc_code"
    assert {key: row[number] for key, row in published.items()} == codes
    assert sorted(r["codes"] for r in held) == sorted(quarantined.values())
    account = next(r for r in runtime.ledger.rows() if r["kind"] == "cleansed" or r["table"].startswith("cleansed"))
    assert account["rows_in"] == len(rows)
    assert account["rows_in"] == account["published"] + account["quarantined"] + account["duplicates"] + account["rejected"]
