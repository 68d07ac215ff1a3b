"""The parks of the development and reform commission, and what their administrations say of who is in them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from simulator.basics import clock_text, day_text, decimals, office_seconds
from simulator.departments.development_reform import DEVELOPMENT_REFORM
from simulator.dirt import Cell, labels
from simulator.registers import Registers
from simulator.sensors import COUNTY
from simulator.world import ground
from simulator.world.economy import entity_numbers

FIRM, ADDRESS, LIST = "market_regulation/entity", "public_security/standard_address", "development_reform/park_enterprise"
MEMBER = "themes/industry/park_member"
SECOND_AFTER = 20
"""Days after which the second park has a firm on its list, too."""


@DEVELOPMENT_REFORM.table(
    "park",
    dirt=(
        Cell("D22", "level", 0.3, kind=labels({"NATIONAL": ("国家级",), "PROVINCIAL": ("省级",), "CITY": ("市级",)})),
        Cell("D18N", "county6", 0.2, kind=COUNTY),
    ),
)
def parks(registers: Registers) -> pd.DataFrame:
    """All parks, those that are no more among them; borders in metres."""
    rows = registers.world.parks.parks
    return pd.DataFrame(
        {
            "park_code": rows["code"], "name": rows["name"], "level": rows["level"], "county6": rows["county6"],
            "since": day_text(rows["since"].to_numpy()), "until": day_text(rows["until"].to_numpy()),
            "industrial_ha": decimals(rows["industrial"].to_numpy() / 10_000, 4),
            "geometry": ground.texts(rows["geometry"].to_numpy(), 2), "update_time": "2019-03-01 10:00:00",
        }
    )  # fmt: skip


@DEVELOPMENT_REFORM.table("park_enterprise", dirt=(Cell("D15", "moved_in", 0.05), Cell("D32", "entity_name", 0.05)), copies=0.01)
def park_enterprises(registers: Registers) -> pd.DataFrame:
    """The lists of the parks: a few firms are missing, a few stand on two of them."""
    rng, firms = registers.world.stream("park enterprises"), registers.world.parks.firms
    entities = registers.world.enterprises
    again = firms[firms["second"].notna()]
    twice = again.assign(park=again["second"], moved_in=again["moved_in"] + pd.Timedelta(days=SECOND_AFTER))
    shown = ["park", "entity_row", "moved_in", "moved_out"]
    lists = [found[shown] for found in (firms[firms["listed"]], twice) if len(found)]
    rows = pd.concat(lists).sort_values(["park", "entity_row"], ignore_index=True)
    at = rows["entity_row"].to_numpy()
    return pd.DataFrame(
        {
            "park_code": rows["park"], "uscc": entity_numbers(entities, at), "entity_name": entities["name"].to_numpy(dtype=object)[at],
            "moved_in": day_text(rows["moved_in"].to_numpy()), "moved_out": day_text(rows["moved_out"].to_numpy()),
            "update_time": clock_text(np.full(len(rows), np.datetime64("2019-11-30")), office_seconds(rng, len(rows))),
        }
    )  # fmt: skip


def _sound(registers: Registers, rows: pd.DataFrame) -> pd.DataFrame:
    """Those firms whose registered address the lake can place: the police have it, and in the right town."""
    addresses, firms = registers.delivered(ADDRESS), registers.delivered(FIRM)
    placed = addresses.loc[~addresses["_wrong"].astype(bool), "address_no"]
    return rows[rows["premises"].isin(placed) & rows["entity_row"].isin(firms["_entity"])]


def _keys(registers: Registers, rows: pd.DataFrame, park: str) -> pd.Series:
    """park_code|uscc of firms; none when the parks or their lists are not delivered."""
    there = not registers.delivered(LIST).empty and not registers.delivered("development_reform/park").empty
    number = entity_numbers(registers.world.enterprises, rows["entity_row"].to_numpy())
    return (rows[park] + "|" + number)[there & rows[park].notna()]


@DEVELOPMENT_REFORM.finding("firms in a park that its list does not have", MEMBER, "flags", "NOT_LISTED")
def not_listed(registers: Registers) -> pd.Series:
    firms = registers.world.parks.firms
    return _keys(registers, _sound(registers, firms[~firms["listed"]]), "park")


@DEVELOPMENT_REFORM.finding("firms on the list of a park that are registered elsewhere", MEMBER, "flags", "ELSEWHERE")
def elsewhere(registers: Registers) -> pd.Series:
    """Those registered in no park, and those that the list of a second park has."""
    firms = _sound(registers, registers.world.parks.firms)
    outside = firms[firms["listed"] & ~firms["lies"] & firms["premises"].notna()]
    return pd.concat([_keys(registers, outside, "park"), _keys(registers, firms, "second")])


@DEVELOPMENT_REFORM.finding("firms on the lists of two parks at a time", MEMBER, "flags", "TWICE")
def on_two_lists(registers: Registers) -> pd.Series:
    firms = registers.world.parks.firms
    both = firms[firms["second"].notna()]
    return pd.concat([_keys(registers, both, "park"), _keys(registers, both, "second")])
