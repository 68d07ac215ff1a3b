"""The layers of the ground: delivered geometries in every system, borders with a history, addresses that lie where they say, or do not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
import shapely
from pyproj import Transformer
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from assets.base.geography import layers
from assets.base.geography.address import address, village_names, with_elements
from assets.base.geography.explain import explain_address, explain_position
from assets.base.geography.points import component, poi
from assets.base.geography.shapes import SHAPE, shape
from contracts import load_all
from simulator.registers import contract_of
from tests.geography.city import cleansed, judged, registers

Checkpoint = Callable[[DataFrame], DataFrame]
PLANE = {"CGCS2000": None, "GK120": 4549, "GK40": 4528}


def test_a_geometry_is_the_same_in_every_system(spark: SparkSession) -> None:
    """A square of 200 m, a road, a polygon that crosses itself, and nothing, delivered in degrees, and in metres with and without zone."""
    square = shapely.box(447_000, 3_585_000, 447_200, 3_585_200)
    bow = shapely.Polygon([(447_000, 3_585_000), (447_200, 3_585_200), (447_200, 3_585_000), (447_000, 3_585_200)])
    drawn = {"square": square, "road": shapely.LineString([(447_000, 3_585_000), (447_300, 3_585_400)]), "bow": bow}
    for crs, epsg in PLANE.items():
        project = Transformer.from_crs(4549, epsg or 4490, always_xy=True)
        texts = {
            name: shapely.transform(s, lambda p, t=project: list(zip(*t.transform(p[:, 0], p[:, 1]), strict=True))).wkt
            for name, s in drawn.items()
        }
        frame = spark.createDataFrame([*texts.items(), ("nothing", None)], "name string, geometry string")
        found = {r["name"]: r["s"] for r in frame.select("name", shape(F.col("geometry"), crs).alias("s")).collect()}
        sizes = {name: (round(s["area_m2"]), round(s["length_m"]), s["repaired"]) for name, s in found.items() if name != "nothing"}
        assert sizes == {"square": (40_000, 800, False), "road": (0, 500, False), "bow": (20_000, sizes["bow"][1], True)}, crs
        assert [found["nothing"][c] for c in SHAPE] == [None] * 7 + [False]
        back = Transformer.from_crs(4490, 4549, always_xy=True)
        middle = shapely.centroid(shapely.from_wkb(found["square"]["geometry"]))
        assert max(abs(a - b) for a, b in zip(back.transform(middle.x, middle.y), (447_100, 3_585_100), strict=True)) < 0.01
        west, south, east, north = (found["square"][c] for c in ("west", "south", "east", "north"))
        assert west < middle.x < east
        assert south < middle.y < north
        assert shapely.is_valid(shapely.from_wkb(found["bow"]["geometry"]))


def test_divisions_cover_one_another_and_keep_their_history(division: DataFrame) -> None:
    rows = division.toPandas()
    now = rows[rows["valid_to"].isna()]
    area = now.groupby("level")["area_m2"].sum()
    assert area["TOWN"] == pytest.approx(area["COUNTY"], rel=1e-6) == pytest.approx(area["CITY"], rel=1e-6)
    assert now.loc[now["level"].isin(["COUNTY", "TOWN"]), "overlap_m2"].max() < 1
    assert now["level"].value_counts().to_dict() == {"CITY": 1, "COUNTY": 7, "TOWN": 98, "VILLAGE": (now["level"] == "VILLAGE").sum()}
    assert rows.loc[rows["repaired"], "level"].tolist() == ["VILLAGE"]
    renamed = rows[rows["code"] == "321003005000"].sort_values("valid_from")[["name", "valid_from", "valid_to"]].astype(str)
    assert renamed.to_numpy().tolist() == [["双桥乡", "2001-01-01", "2019-12-17"], ["双桥街道", "2019-12-18", "None"]]
    merged = rows[rows["name"].isin(["维扬区", "邗江区"])].groupby("name")["area_m2"].agg(list)
    assert max(merged["邗江区"]) == pytest.approx(min(merged["邗江区"]) + merged["维扬区"][0], rel=1e-6)


def test_overlapping_towns_are_measured(spark: SparkSession, write: Checkpoint) -> None:
    """Two towns of one kilometre share a strip of a hundred metres; a former one does not count."""

    def box(west: float, east: float) -> str:
        to = Transformer.from_crs(4549, 4490, always_xy=True)
        return shapely.transform(
            shapely.box(west, 3_585_000, east, 3_586_000), lambda p: list(zip(*to.transform(p[:, 0], p[:, 1]), strict=True))
        ).wkt

    head = ["code", "name", "level", "parent", "geometry", "valid_from", "valid_to", "update_time"]
    stamp = "2001-01-01 09:00:00"
    delivered = [
        ("321002001000", "甲", "镇", "321002000000", box(447_000, 448_000), "2001-01-01", None, stamp),
        ("321002002000", "乙", "TOWN", "321002000000", box(447_900, 448_900), "2001-01-01", "", stamp),
        ("321002003000", "丙", "TOWN", "321002000000", box(447_000, 449_000), "1990-01-01", "2000-12-31", stamp),
        ("321002004000", "丁", "TOWN", "321002000000", "POLYGON ((1 1, 2 2, 1 2, 1 1))", "2001-01-01", None, stamp),
    ]
    contract = contract_of("civil_affairs/division_boundary")
    source = judged(spark, write, contract, pd.DataFrame(delivered, columns=head))
    found = {r["name"]: r["overlap_m2"] for r in layers.division(source, write).collect()}
    assert found.keys() == {"甲", "乙", "丙"}  # outside the city: quarantined
    assert found["甲"] == found["乙"] == pytest.approx(100_000, rel=1e-4)
    assert found["丙"] is None


def test_what_the_departments_deliver_fits_together(spark: SparkSession, write: Checkpoint, division: DataFrame) -> None:
    """Grids in villages, surveyed parcels, buildings in metres, places of a map service, components at roads: the demo city."""
    grid = layers.grid(cleansed(spark, write, "integrated_governance/grid"), division).toPandas()
    assert grid["outside_m2"].sum() / grid["area_m2"].sum() < 0.001
    land = layers.land_use(cleansed(spark, write, "natural_resources/land_use")).toPandas()
    assert (land["area_m2"] - land["surveyed_m2"].astype(float)).abs().max() < 50
    assert land["area_m2"].sum() == pytest.approx(grid["area_m2"].sum(), rel=1e-5)
    assert set(land["source_crs"]) == {"GK40"}
    building = layers.building(cleansed(spark, write, "natural_resources/building")).toPandas()
    assert building["area_m2"].between(70, 1_000).all()
    assert not building["repaired"].any()
    road = write(layers.road(cleansed(spark, write, "housing/road")))
    assert {r["road_class"] for r in road.select("road_class").distinct().collect()} == {"EXPRESS", "ARTERIAL", "SECONDARY", "LOCAL"}
    places = poi(cleansed(spark, write, "natural_resources/poi"), division).toPandas()
    named = places["name"].str.replace("卫生院", "")
    towns = dict(zip(division.toPandas()["name"], division.toPandas()["code"].str[:9], strict=True))
    clinics = places["name"].str.endswith("卫生院")
    assert places.loc[clinics, "town"].tolist() == named[clinics].map(towns).tolist()
    assert clinics.sum() == 98
    components = component(cleansed(spark, write, "urban_management/component"), division, road).toPandas()
    assert components["town"].notna().all()
    assert components.loc[components["kind"] == "TREE", "owner"].unique().tolist() == ["园林管理处"]
    assert 0 < components["road_no_m"].notna().sum() < len(components)
    assert components["road_no_m"].max() <= 300
    park = layers.park(cleansed(spark, write, "development_reform/park")).toPandas()
    assert set(park["level"]) == {"NATIONAL", "PROVINCIAL", "CITY"}
    assert park["until"].notna().sum() == 1
    assert (park["industrial_ha"].astype(float) * 10_000 < park["area_m2"]).all()
    assert not park["repaired"].any()


def test_addresses_that_lie_in_another_town_are_flagged_and_explained(spark: SparkSession, write: Checkpoint, division: DataFrame) -> None:
    made = write(address(cleansed(spark, write, "public_security/standard_address"), division, write))
    rows = made.toPandas().set_index("address_no")
    truth = registers().delivered("public_security/standard_address").set_index("address_no")
    outside = rows["flags"].map(lambda f: "OUTSIDE_TOWN" in f)
    assert set(rows.index[outside]) == set(truth.index[truth["_wrong"]])
    world = registers().world
    homes, premises = (a.set_index("code")["village"] for a in (world.ground.addresses, world.parks.premises))
    assert len(premises) > 0
    village = pd.concat([homes, premises]).reindex(rows.index)
    assert rows["town"].eq(village.str[:9]).all()
    assert rows["village"].eq(village).mean() > 0.98
    assert (rows["parse_level"] >= 6).all()

    def reader(table: str, /, **equal: Any) -> list[dict[str, Any]]:
        frame = {"base/geography/division": division, "base/geography/address": made}[table]
        return [r.asDict() for r in frame.where(F.expr(" AND ".join(f"{c} = '{v}'" for c, v in equal.items()))).collect()]

    wrong = rows[outside].iloc[0]
    (explained,) = explain_address(reader, wrong.name)
    assert "OUTSIDE_TOWN" in explained.title
    assert [d["level"] for d in explained.facts["divisions"]] == ["CITY", "COUNTY", "TOWN", "VILLAGE"]
    assert explained.facts["divisions"][2]["code"] == wrong["town_at"] + "000"
    (position,) = explain_position(reader, f"{wrong['lon']},{wrong['lat']}")
    assert position.facts["divisions"] == explained.facts["divisions"]
    assert explain_position(reader, "0,0")[0].facts["divisions"] == []
    assert explain_position(reader, "320000000000000") == []


FLAT = {"compound": "翠岗新村", "building": "3", "unit": "2", "room": "501"}
ADDRESSES = {  # address -> town, village, and elements that are there (domain rules A13, and villages that are called like compounds)
    "江苏省扬州市广陵区东关街道彩衣街８８号": ("321002001", None, {"road": "彩衣街", "door_no": "88号"}, 6),
    "扬州市邗江区邗上街道翠岗新村3幢2单元501室": ("321003001", None, FLAT, 9),
    "邗江 翠岗新村3-2-501": (None, None, FLAT, 9),
    "江都市仙女镇龙川路12号(原电影院旁)": ("321012100", None, {"road": "龙川路", "door_no": "12号", "extra": "原电影院旁"}, 6),
    "高邮市临泽镇洋汊村三组": ("321084115", "321084115201", {"village_name": "洋汊村", "group_no": "3"}, 4),
    "高邮市临泽镇洋汊村委会三组": ("321084115", "321084115201", {"village_name": "洋汊村委会", "group_no": "3"}, 4),
    "高邮市临泽镇建新村5组7号": ("321084115", "321084115202", {"village_name": "建新村", "group_no": "5", "door_no": "7号"}, 6),
    "高邮市临泽镇旧名村5组": ("321084115", "321084115202", {"village_name": "旧名村", "group_no": "5"}, 4),
    "高邮市临泽镇双庄村1组": ("321084115", None, {"village_name": "双庄村", "group_no": "1"}, 4),  # two villages are meant
    "高邮市界首镇建新村5幢": ("321084112", None, {"compound": "建新村", "building": "5"}, 7),  # that town has no such village
    "开发区文汇街道扬子江中路186号智谷大厦A座8楼": (
        "321071051", None, {"road": "扬子江中路", "door_no": "186号", "compound": "智谷大厦", "building": "A", "floor": "8"}, 7,
    ),
    "双桥乡文汇西路5号": ("321003005", None, {"road": "文汇西路", "door_no": "5号"}, 6),
    "广陵区兰庄家园34幢": (None, None, {"compound": "兰庄家园", "building": "34"}, 7),
    "市区": (None, None, {}, 1),
    "暂住": (None, None, {}, 0),
}  # fmt: skip


def test_addresses_are_read_with_the_dictionary_of_villages(spark: SparkSession) -> None:
    known = [("洋汊村", "201"), ("建新村", "202"), ("旧名村", "202"), ("双庄社区", "003"), ("双庄居委会", "203")]
    villages = spark.createDataFrame([(f"321084115{no}", name, "VILLAGE") for name, no in known], "code string, name string, level string")
    rows = spark.createDataFrame([(a, None) for a in (*ADDRESSES, None)], "address string, stated string")
    found = {r["address"]: r.asDict() for r in with_elements(rows, "address", "stated", village_names(villages)).collect()}
    assert found.pop(None)["parse_level"] is None
    elements = ("village_name", "group_no", "road", "door_no", "compound", "building", "unit", "floor", "room", "extra")
    read = {a: (r["town"], r["village"], {e: r[e] for e in elements if r[e] is not None}, r["parse_level"]) for a, r in found.items()}
    assert read == ADDRESSES


def test_a_stated_town_chooses_the_village(spark: SparkSession) -> None:
    villages = spark.createDataFrame([("321084115201", "洋汊村", "VILLAGE")], "code string, name string, level string")
    rows = spark.createDataFrame([("洋汊村三组", "321084115"), ("洋汊村三组", "321084112")], "address string, stated string")
    found = with_elements(rows, "address", "stated", village_names(villages)).collect()
    assert {(r["town"], r["village"], r["village_name"]) for r in found} == {
        ("321084115", "321084115201", "洋汊村"),
        ("321084112", None, "洋汊村"),
    }


def test_every_layer_names_its_authority_and_its_system() -> None:
    found = {name: c for name, c in load_all().items() if name.startswith("base/geography/")}
    assert {name.rpartition("/")[2]: c.owner for name, c in found.items()} == {
        **dict.fromkeys(("building", "land_use", "poi", "red_line"), "natural_resources"),
        "division": "civil_affairs",
        "address": "public_security",
        "road": "housing",
        "water": "water_resources",
        "component": "urban_management",
        "grid": "integrated_governance",
        "park": "development_reform",
    }
    assert all("source_crs" in c.column_names for c in found.values())
