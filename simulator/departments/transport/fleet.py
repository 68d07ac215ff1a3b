"""The fleet of buses: those that the network sends out, some in reserve, and some that have gone out of service."""

from __future__ import annotations

import numpy as np
import pandas as pd

from simulator.basics import AS_OF, between, clock_text, day_text, decimals, numbers, office_seconds, only, pick
from simulator.departments.transport import TRANSPORT
from simulator.departments.transport.buses import METRES
from simulator.departments.transport.network import network
from simulator.dirt import Cell, labels
from simulator.registers import Registers
from simulator.rejects import Number, Rejected
from simulator.sensors import COUNTY

RESERVE, GONE = 6, 5
"""Buses without a line, and those that are no longer in service, behind those of the network."""
TABLE, UNRATED = "transport/bus", "13.7"
"""The length, metres, of which no public source has a factor: it lies between 13 and 16 m."""
KINDS = (("6.6", "1"), ("8.5", "1"), ("10.5", "1"), ("12.0", "1"), (UNRATED, "1"), ("18.0", "1"), ("11.4", "2"))
"""Length in metres and decks."""
SHARES = [12, 30, 30, 18, 2, 4, 4]
ENERGIES, OF_ENERGY = ("BEV", "PHEV", "GAS", "DIESEL", "HEV"), [52.0, 14.0, 18.0, 12.0, 4.0]
PLUGGED = ("BEV", "PHEV", "FCEV")
OPERATORS = ("扬州公交集团", "江都公交公司", "高邮公交公司")


@TRANSPORT.table(
    "bus",
    dirt=(
        Cell("D22", "energy", 0.1, kind=labels({"BEV": ("纯电", "电动"), "GAS": ("LNG", "CNG"), "PHEV": ("插电混动",)})),
        Cell("D19", "length_m", 0.1, kind=METRES),
        Cell("D16", "service_to", 0.02, other="service_from"),
        Cell("D15", "service_from", 0.05),
        Cell("D18N", "county6", 0.1, kind=COUNTY),
    ),
    copies=0.03,
    rejected=(Rejected("UNREADABLE", "update_time", 0.02),),
    number=Number("vehicle_no", 2),
)
def fleet(registers: Registers) -> pd.DataFrame:
    """Every bus once, with the line on which it runs most."""
    world, found = registers.world, network(registers.world)
    rng = world.stream("bus fleet")
    of_line = found.runs.groupby("vehicle")["line_no"].agg(lambda lines: lines.mode().iat[0])
    spare = np.arange(RESERVE + GONE) + int(of_line.index.max()) + 1
    vehicle, n = np.concatenate([of_line.index.to_numpy(), spare]), len(of_line) + len(spare)
    gone = np.arange(n) >= n - GONE
    length, decks = np.array(KINDS, dtype=object)[rng.choice(len(KINDS), n, p=np.array(SHARES) / sum(SHARES))].T
    energy = pick(rng, ENERGIES, n, OF_ENERGY)
    plugged = np.isin(energy, PLUGGED)
    since = between(rng, np.full(n, np.datetime64("2010-01-01")), np.full(n, np.datetime64("2018-12-31")))
    until = between(rng, np.full(n, np.datetime64("2019-03-01")), np.full(n, AS_OF - 60))
    changed = np.where(gone, until, np.maximum(since, np.datetime64("2018-01-01")))
    counties = np.unique(world.people["county6"].to_numpy(dtype=object))
    return pd.DataFrame(
        {
            "vehicle_no": "GJ" + numbers(vehicle + 1, 5),
            "plate": "苏K" + np.where(plugged, numbers(vehicle + 1, 5) + "D", "G" + numbers(vehicle + 1, 4)).astype(object),
            "operator": pick(rng, OPERATORS, n, [6, 2, 1]),
            "line_no": np.concatenate([of_line.to_numpy(dtype=object), np.full(len(spare), None, dtype=object)]),
            "county6": counties[vehicle % len(counties)],
            "length_m": decimals(length.astype(float), 3),
            "decks": decks,
            "energy": energy,
            "service_from": day_text(since),
            "service_to": only(gone, day_text(until)),
            "update_time": clock_text(changed, office_seconds(rng, n)),
            "_state": np.select([gone, (length == UNRATED) & (decks == "1")], ["GONE", "UNRATED"], "COUNTED").astype(object),
        }
    )


def _in_state(registers: Registers, state: str) -> pd.Series:
    rows = registers.delivered(TABLE)
    return rows.loc[rows["_state"] == state, "vehicle_no"]


@TRANSPORT.finding("buses in service without a factor of standard buses", "themes/traffic/bus_fleet", "state", "UNRATED")
def unrated(registers: Registers) -> pd.Series:
    """Those whose length lies between the factors."""
    return _in_state(registers, "UNRATED")


@TRANSPORT.finding("buses that are no longer in service", "themes/traffic/bus_fleet", "state", "GONE")
def withdrawn(registers: Registers) -> pd.Series:
    """Those that went before the last nights."""
    return _in_state(registers, "GONE")
