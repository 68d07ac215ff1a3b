"""Registers: vehicles with their plates and owners, and holders of driving licences."""

from __future__ import annotations

import numpy as np
import pandas as pd

from simulator.basics import AS_OF, as_days, between, clock_text, day_text, night_of, numbers, office_seconds, only, pick
from simulator.declare import Older
from simulator.departments.traffic_police import TRAFFIC_POLICE
from simulator.dirt import Cell, labels, one, wrong_digit
from simulator.registers import Registers
from simulator.rejects import Number, Rejected
from simulator.sensors import COUNTY
from simulator.world import World

LETTERS = np.array(list("ABCEFGHJKLMNPQRSTUVWXYZ"), dtype=object)
"""Of plates of petrol; D stands first on plates of new energy."""
VEHICLES, OF_FIRMS, NEW_ENERGY, LORRIES = 0.21, 0.08, 0.06, 0.05
"""Vehicles for each person; share of those of firms, electric ones, lorries."""
VIN_LETTERS, VIN_VALUES, VIN_WEIGHTS = "ABEFKLZ", "1256239", (8, 7, 6, 5, 4, 3, 2, 10, 9, 8, 7, 6, 5, 4, 3, 2)
"""Letters of the numbers below and what they count (GB 16735); weights of the characters but the check character."""
BRANDS = ("大众", "别克", "丰田", "比亚迪", "吉利", "东风", "江淮")
CANCELLED, OVERDUE, LICENSED = 0.03, 0.04, 0.45


def plates(serial: np.ndarray, electric: np.ndarray) -> np.ndarray:
    """Plates of the city, a different one for each serial; the fourth character is no 9."""
    letter, rest = np.divmod(serial, 9000)
    petrol = LETTERS[letter % len(LETTERS)] + numbers(rest, 4)
    return "苏K" + np.where(electric, "D" + numbers(serial % 90_000, 5), petrol).astype(object)


def vins(serial: np.ndarray) -> np.ndarray:
    """Identification numbers of a maker that does not exist, with their check character, a different one for each serial."""
    year, rest = np.divmod(serial, 1_000_000)
    body = "LZZFAKE" + numbers(year % 10) + "0A" + numbers(rest, 6)
    worth = dict(zip(VIN_LETTERS, VIN_VALUES, strict=True))
    digits = np.array([[int(worth.get(c, c)) for c in of] for of in body])
    check = (digits @ np.array(VIN_WEIGHTS)) % 11
    return np.array([f"{of[:8]}{'X' if c == 10 else c}{of[8:]}" for of, c in zip(body, check, strict=True)], dtype=object)


def fleet(world: World) -> pd.DataFrame:
    """The vehicles of the city: plate, plate_type, owner_no, vehicle_type, use, county6, _person, first and until (days), status."""
    rng, people, firms = world.stream("vehicles"), world.people, world.enterprises
    grown = np.flatnonzero(((people["age"] > 20) & people["death"].isna()).to_numpy())
    n = max(60, int(len(people) * VEHICLES))
    person, firm = rng.choice(grown, n), rng.integers(0, len(firms), n)
    firms_own, electric, lorry = rng.random(n) < OF_FIRMS, rng.random(n) < NEW_ENERGY, rng.random(n) < LORRIES
    plain = np.where(lorry, "01", "02")
    firms_number = firms["uscc"].fillna(firms["org_code"]).to_numpy(dtype=object)[firm]
    first = between(rng, np.full(n, np.datetime64("2006-01-01")), np.full(n, AS_OF - 30))
    until = AS_OF + np.where(rng.random(n) < OVERDUE, -rng.integers(1, 400, n), rng.integers(1, 700, n))
    return pd.DataFrame(
        {
            "plate": plates(np.arange(n), electric),
            "plate_type": np.where(electric, np.where(lorry, "51", "52"), plain).astype(object),
            "owner_no": np.where(firms_own, firms_number, people["id_no"].to_numpy(dtype=object)[person]),
            "vehicle_type": np.where(lorry, "H", "K").astype(object),
            "use": np.where(lorry, "F", pick(rng, ["A", "D", "G", "Z"], n, [94, 2, 2, 2])),
            "county6": people["county6"].to_numpy(dtype=object)[person],
            "first": first,
            "until": np.maximum(until, first + 1),
            "status": np.where(rng.random(n) < CANCELLED, "E", "A").astype(object),
            "_person": np.where(firms_own, -1, person),
        }
    )


@TRAFFIC_POLICE.table(
    "vehicle",
    dirt=(
        Cell("D22", "plate_type", 0.02, kind=labels({"02": ("2", "小型汽车"), "01": ("1", "大型汽车")})),
        Cell("D22", "status", 0.02, kind=labels({"A": ("正常",), "E": ("注销", "已注销")})),
        Cell("D18N", "county6", 0.1, kind=COUNTY),
        Cell("D16", "inspection_valid_to", 0.003, other="first_registered"),
        Cell("D15", "first_registered", 0.02),
        Cell("D04", "owner_no", 0.1),
        Cell("D05", "vin", 0.01, kind=one(wrong_digit)),
    ),
    copies=0.01,
    rejected=(Rejected("UNREADABLE", "update_time", 0.001),),
    number=Number("plate", 3),
)
def vehicles(registers: Registers) -> pd.DataFrame:
    """The register; some vehicles are new in each night."""
    rng, rows = registers.world.stream("vehicle register"), fleet(registers.world)
    n, lately = len(rows), np.zeros(len(rows), dtype=int)
    lately[-4:] = (1, 1, 2, 2)
    first = np.where(lately > 0, AS_OF - 2 + lately, rows["first"].to_numpy())
    return rows.assign(
        vin=vins(np.arange(n)),
        brand=np.array(BRANDS, dtype=object)[np.arange(n) % len(BRANDS)],
        first_registered=day_text(first),
        inspection_valid_to=day_text(np.maximum(rows["until"].to_numpy(), first + 1)),
        update_time=clock_text(first, office_seconds(rng, n)),
        _night=lately,
    )


@TRAFFIC_POLICE.table(
    "driver",
    dirt=(
        Cell("D04", "id_no", 0.2),
        Cell("D05", "id_no", 0.003),
        Cell("D10", "name", 0.002, other="id_no"),
        Cell("D18N", "county6", 0.1, kind=COUNTY),
        Cell("D22", "status", 0.02, kind=labels({"A": ("正常",), "B": ("超分",)})),
    ),
    older=Older("update_time", 0.02, {"points": "0"}),
    copies=0.01,
    rejected=(Rejected("D23", "name", 0.001),),
)
def drivers(registers: Registers) -> pd.DataFrame:
    """Holders of a licence and their points; a few have twelve and more, and may not drive."""
    world, rng = registers.world, registers.world.stream("drivers")
    may = ((world.people["age"] > 19) & (world.people["age"] < 75) & world.people["death"].isna()).to_numpy()
    who = np.flatnonzero(may & (rng.random(len(may)) < LICENSED / may.mean()))
    of, n = world.people.iloc[who], len(who)
    points = np.where(rng.random(n) < 0.01, rng.integers(12, 20, n), rng.poisson(0.8, n))
    issued = np.maximum(as_days(of["birth"].to_numpy()) + 19 * 365, np.datetime64("1990-01-01"))
    changed = np.where(np.arange(n) % 50 == 0, AS_OF - np.arange(n) % 3, AS_OF - rng.integers(3, 400, n))
    return pd.DataFrame(
        {
            "id_no": of["id_no"].to_numpy(dtype=object),
            "name": of["name"].to_numpy(dtype=object),
            "county6": of["county6"].to_numpy(dtype=object),
            "class": pick(rng, ["C1", "C2", "B2", "A1", "D"], n, [78, 12, 5, 1, 4]),
            "points": numbers(points),
            "issued_on": day_text(issued),
            "valid_to": day_text(np.maximum(AS_OF + rng.integers(-100, 2000, n), issued + 1)),
            "status": only(points < 12, "A", "B"),
            "update_time": clock_text(changed, office_seconds(rng, n)),
            "_person": who,
            "_night": night_of(changed),
        }
    )
