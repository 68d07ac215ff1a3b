"""What a night touches, by a table's declaration, makes the table that all rows would make."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from datetime import date
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from assets.declare import declared
from tests.population.chain import SOURCES
from tests.population.cleansed import AS_OF, TABLES, frame, number
from tests.touch.buses import Buses
from tests.touch.chain import Night, Tables, in_order, in_part, made, made_for, whole
from tests.touch.counter import Counter
from tests.touch.economy import Economy
from tests.touch.firms import ENTERPRISES
from tests.touch.incidents import Incidents
from tests.touch.licences import LICENCES
from tests.touch.monitoring import Monitoring
from tests.touch.network import Network
from tests.touch.roads import Roads
from tests.touch.streets import Streets
from tests.touch.town import SERVED, SINCE, Rows, Town

Write = Callable[[DataFrame], DataFrame]
LINKS = "base/population/source_link"
UNDECLARED = {
    "base/population/scored_match", "themes/health/indicator", "themes/ecology/indicator", "themes/government_services/indicator",
    "themes/industry/indicator", "themes/ecology/water_governance", "themes/government_services/department_month",
    "themes/industry/entity_survival", "themes/industry/economy_year", "themes/industry/land_efficiency_year",
    "themes/public_safety/indicator", "themes/public_safety/correction_month", "themes/urban_management/indicator",
    "themes/city_operations/indicator", "themes/city_operations/sign_day", "themes/traffic/indicator", "themes/traffic/bus_fleet",
    "themes/traffic/bus_network",
}  # fmt: skip
"""Rows for the city follow from every input row, a rank from all others, a rate from all residents; there is a row for each water
body and month only; a person is in many months; how frequent a name is follows from all persons; of the fleet and the network of buses
there is what holds on the day of the run."""
NETWORKS: tuple[type[Network], ...] = (Monitoring, Counter, Economy, Incidents, Streets, Roads, Buses)
"""Small worlds with `rows` by table, `tables(spark)` and `night()`: rows come late, are corrected, or go."""
GROUND = "base/geography/"
"""Its layers change seldom, and a border that moves concerns all that lies on either side: they, and what is made of them alone, are made
whole (`tests/geography`)."""


def above_ground() -> set[str]:
    """The declared tables that are neither a layer of the ground nor made of such layers alone."""
    ground = {name for name in declared() if name.startswith(GROUND)}
    of_ground = {name for name, asset in declared().items() if asset.inputs and ground.issuperset(asset.inputs.values())}
    return declared().keys() - ground - of_ground


def cleansed(spark: SparkSession, rows: Rows, write: Write, names: Iterable[str] = TABLES) -> dict[str, DataFrame]:
    """The tables of a town by their names. names: which, by their short names; default: all that towns have."""
    return {f"cleansed/{TABLES[name]}": write(frame(spark, name, rows.get(name, []))) for name in names}


def test_every_table_but_totals_declares_what_touches_it() -> None:
    assert {name for name in above_ground() if declared()[name].inputs and declared()[name].touch is None} == UNDECLARED


def test_every_table_is_made_of_a_town_or_of_a_network() -> None:
    delivered = {f"cleansed/{t}" for t in TABLES.values()}.union(*(network(0).rows for network in NETWORKS))
    assert {asset.name for asset in in_order(delivered)} >= above_ground()


@pytest.mark.parametrize("seed", range(2))
def test_touched_units_make_what_all_rows_make(spark: SparkSession, write: Write, seed: int) -> None:
    """Random towns: late rows, deletions, moved keys, dates that pass; every declared table of them."""
    town = Town(seed, (*SOURCES, *SERVED, *ENTERPRISES, *LICENCES))
    before = cleansed(spark, town.rows, write)
    for _ in range(2):
        town.night()
    _holds(before, cleansed(spark, town.rows, write), write)


@pytest.mark.parametrize("network", NETWORKS)
def test_a_night_changes_only_what_it_touches(spark: SparkSession, write: Write, network: type[Network]) -> None:
    """Random networks; every declared table of them."""
    world = network(0)
    before = {table: write(rows) for table, rows in world.tables(spark).items()}
    for _ in range(2):
        world.night()
    _holds(before, {table: write(rows) for table, rows in world.tables(spark).items()}, write)


def test_a_new_month_touches_every_firm(spark: SparkSession, write: Write) -> None:
    economy, table = Economy(0), declared()["themes/industry/entity_month"]
    delivered = {name: write(rows) for name, rows in economy.tables(spark).items()}
    rows = whole(delivered, date(2019, 11, 30), write, made_for(delivered, lambda asset: asset is table))
    found = in_part(table, rows, rows, (date(2019, 11, 30), AS_OF), write)
    assert found is not None
    now, was = found
    assert was.count() == rows[table.name].count()
    assert {r.month for r in now.where("alive").collect()} - {r.month for r in was.where("alive").collect()} == {"201912"}


def _holds(earlier: Tables, later: Tables, write: Write, wanted: Collection[str] | None = None) -> tuple[Tables, Tables]:
    """The whole tables of both nights. wanted: the tables that are held against them; by default all that declare what touches them."""
    assets = made_for(earlier, lambda asset: asset.touch is not None and (wanted is None or asset.name in wanted))
    before, now = whole(earlier, SINCE, write, assets), whole(later, AS_OF, write, assets)
    night, spared = Night(before, now, SINCE, AS_OF, write), 0
    for asset in assets:
        if asset.touch is None or (wanted is not None and asset.name not in wanted):
            continue
        found = night.in_part(asset)
        if found is None:
            continue
        rows, was = found
        assert sorted(rows.select(*now[asset.name].columns).collect(), key=str) == sorted(now[asset.name].collect(), key=str), asset.name
        spared += before[asset.name].count() - was.count()
    assert spared > 0, "the night touched everything, so nothing was shown"
    return before, now


PASSPORT = {"id_type": "03", "id_no_raw": "E1234567", "id_no_error": "E_LEN", "birth_date": "1910-05-05"}
VISIT = {"org_code": "o", "visit_no": "v", "name": "于甲乙", "card_no": "C1"}
TEACHER = {"card_no": "C1", "id_no": number(1), "name": "于甲乙", "status": "1"}
SECOND = {"card_no": "C2", "id_no": number(2), "name": "丙丁戊", "status": "1", "social_card_no": "C1"}
ARCHIVE, CERTIFICATE = {"ehr_no": "e", "empi_id": "a", "name": "ANNA", **PASSPORT}, {"cert_no": "d", "name": "ANNA", **PASSPORT}
STORIES: dict[str, tuple[Rows, Rows, dict[str, str]]] = {
    "the card that said whose visit it was is gone": (
        {"card": [TEACHER], "visit": [VISIT]}, {"visit": [VISIT]}, {"o|v": "NONE"},
    ),
    "of two cards that said different things one is gone": (
        {"card": [TEACHER, SECOND], "visit": [VISIT]}, {"card": [TEACHER], "visit": [VISIT]}, {"o|v": "M3"},
    ),
    "a card now is somebody else's": (
        {"card": [TEACHER], "visit": [VISIT]}, {"card": [TEACHER | {"id_no": number(2)}], "visit": [VISIT]}, {"o|v": "M3"},
    ),
    "the archive that introduced a passport is gone": (
        {"archive": [ARCHIVE], "certificate": [CERTIFICATE]}, {"certificate": [CERTIFICATE]}, {"d": "NONE"},
    ),
    "the police now spell a name as the archive did not": (
        {"resident": [{"person_no": "r", "id_no": number(1), "name": "于甲乙"}],
         "archive": [{"ehr_no": "e", "empi_id": "a", "id_no": number(1), "name": "于甲乙"}]},
        {"resident": [{"person_no": "r", "id_no": number(1), "name": "丙丁戊"}],
         "archive": [{"ehr_no": "e", "empi_id": "a", "id_no": number(1), "name": "于甲乙"}]}, {"r": "M1", "e|a": "ID_NAME_CONFLICT"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("story", STORIES)
def test_a_record_changes_the_links_of_others(spark: SparkSession, write: Write, story: str) -> None:
    earlier, later, links = STORIES[story]
    asset = declared()[LINKS]
    before, now = (cleansed(spark, rows, write, SOURCES) for rows in (earlier, later))
    before[LINKS], now[LINKS] = (made(asset, {a: t[n] for a, n in asset.inputs.items()}, AS_OF, write) for t in (before, now))
    found = in_part(asset, before, now, (AS_OF, AS_OF), write)
    assert found is not None
    rows = found[0].collect()
    assert sorted(rows, key=str) == sorted(now[LINKS].collect(), key=str)
    assert {r.source_key: r.match for r in rows if r.source_key in links} == links


def found_town(night: bool) -> Rows:
    """Archives without a usable number and whom they probably speak of, before and after a night in which each of a to e is told news."""

    def of(n: int, name: str, phone: str | None, **archive: Any) -> Rows:
        said = {
            "name": name,
            "birth_date": "1908-01-01",
            "sex_code": "1",
            "phone": f"1390000000{n}",
            "status": "0",
            "create_date": "2019-01-01",
        }
        return {
            "resident": [{"person_no": f"r{n}", "id_no": number(2 * n + 1), "name": name, "hukou_div": "321002001001"}],
            "card": [{"card_no": f"C{n}", "id_no": number(2 * n + 1), "name": name, "phone": phone, "status": "1"}],
            "archive": [{"ehr_no": f"e{n}", "empi_id": "a", "id_no_raw": "0", "id_no_error": "E_PLACEHOLDER", **said, **archive}],
        }

    numbered = {"id_no": number(5), "id_no_raw": number(5), "id_no_error": None}
    mistyped = {"id_no_raw": f"{number(5)[:16]}9{number(5)[17:]}", "id_no_error": "E_CHECK", "birth_date": "1908-01-01", "sex_code": "1"}
    town = [
        of(1, "于甲一", "13900000001"),
        of(2, "于甲二", "13900000002", **numbered),
        of(3, "于甲三", "13900000003"),
        of(4, "于甲四", "13900000099" if night else "13900000004"),
        of(5, "于甲五", "13900000005"),
        of(6, "于甲六", "13900000006"),
        of(7, "于甲七", "13900000007"),
    ]
    if night:
        town[4]["resident"][0]["_row_no"] = 99
        again = {**town[2]["archive"][0], "ehr_no": "e33"}
        dead = {"cert_no": "d1", "id_no": number(3), "name": "于甲一", "death_datetime": "2019-03-01T08:00:00"}
        stated = {"cert_no": "d2", "name": "于甲二", **mistyped, "death_datetime": "2019-03-01T08:00:00"}
        town.append({"archive": [again], "certificate": [dead, stated]})
    return {name: [row for rows in town for row in rows.get(name, [])] for name in SOURCES}


def test_a_night_changes_what_archives_without_a_number_are_found_to_be(spark: SparkSession, write: Write) -> None:
    wanted = {"themes/health/archive", "themes/health/cleanup_list"}
    earlier, later = (cleansed(spark, found_town(night), write) for night in (False, True))
    before, now = _holds(earlier, later, write, wanted)
    rules = [{r.ehr_no: r.rules for r in tables["themes/health/archive"].collect()} for tables in (before, now)]
    found, corrected = ["N1"], ["X6", "N1"]
    assert rules[0] == {"e1": found, "e2": [], "e3": found, "e4": found, "e5": found, "e6": found, "e7": found}
    assert rules[1] == {
        "e1": corrected, "e2": ["X6"], "e3": ["U3", "N1"], "e33": ["U3", "N1"], "e4": ["F1", "F4"], "e5": found, "e6": found, "e7": found,
    }  # fmt: skip
