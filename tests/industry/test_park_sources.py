"""A delivered city: firms lie in the parks where it has put them, and lists differ from registers as the departments declare."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from assets.base.geography import layers
from assets.base.geography.address import address
from assets.themes.industry.parks import entity_address, park_member
from simulator.declare import declared
from simulator.registers import Registers, contract_of
from simulator.world import World
from tests.frames import frame
from tests.geography.city import judged
from tests.touch.economy import ENTITY

PEOPLE = 6000
FINDINGS = ("firms in a park that its list does not have", "firms on the list of a park that are registered elsewhere",
            "firms on the lists of two parks at a time")  # fmt: skip


@pytest.fixture(scope="module")
def registers() -> Registers:
    departments = declared()
    return Registers(World.of(PEOPLE, 20191231, 10), departments, tuple(departments))


def test_differences_are_found_as_declared(spark: SparkSession, write: Callable[[DataFrame], DataFrame], registers: Registers) -> None:
    def cleansed(table: str) -> DataFrame:
        return judged(spark, write, contract_of(table), registers.delivered(table))

    firm = cleansed("market_regulation/entity").where(F.length("uscc") == 18)
    known = firm.select(
        F.col("entity_id").alias("entity_uid"),
        "uscc",
        "address",
        F.col("entity_status").alias("status"),
        "est_date",
        "revoke_date",
        "end_date",
    ).withColumns({"entity_kind": F.lit("ENTERPRISE"), "county6": F.lit("321002"), "last_seen": F.lit("2019-12-31").cast("date")})
    entity = write(frame(spark, ENTITY, []).drop(*known.columns).unionByName(known, allowMissingColumns=True))
    division = write(layers.division(cleansed("civil_affairs/division_boundary"), write))
    standard = write(address(cleansed("public_security/standard_address"), division, write))
    park = write(layers.park(cleansed("development_reform/park")))
    place = write(entity_address(entity, division))
    member = park_member(cleansed("development_reform/park_enterprise"), entity, place, standard, park).toPandas()
    member["key"] = member["park_code"] + "|" + member["uscc"]
    expected = {f.value: set(f.keys(registers)) for f in declared()["development_reform"].findings if f.name in FINDINGS}
    assert {flag: set(member.loc[member["flags"].map(lambda f, flag=flag: flag in f), "key"]) for flag in expected} == expected
    assert all(expected.values())
    firms, addresses = registers.world.parks.firms, registers.delivered("public_security/standard_address")
    wrong = addresses.loc[addresses["_wrong"].astype(bool), "address_no"]
    numbers = registers.world.enterprises["uscc"].reindex(firms["entity_row"]).to_numpy()
    at = (firms["park"] + "|" + numbers)[firms["lies"] & firms["listed"] & ~firms["premises"].isin(wrong)]
    found = member[member["key"].isin(at) & member["uscc"].isin([r.uscc for r in known.collect()])]
    assert len(found) > 30
    assert (found["lies_in"] == found["park_code"]).all()
