"""Rules over several columns of one row, as a contract's `rowRules` name them.

Here: swapped columns, dates in the wrong order, a sex that contradicts the number, a status that contradicts its date, values without the
one they refer to, pairs of coordinates, reversed amounts. Not here: what a single value means (`standards`), rules over several rows
(`quality.table_rules`).

A rule is a sequence of steps over a row (`Row`: the rule's columns by position, `0`, `1`, …, and `day`, the business date), as in
`standards.rules`; the last step gives `value0`, `codes0` and so on for the columns it changes or flags. Rules of TEXTS see the
delivered strings, rules of VALUES the parsed values. Source: domain rules A12, D10, D16, D17, D21, D29, D35.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from contracts import Contract
from contracts.registry import WITH_A_SHAPE, Level, agree, at_level
from contracts.rules import ContractRule
from standards import coordinates, identity, names, phones
from standards.text import HAN, Row, Step, Steps, codes_text, flag, free_text

MICRO = 1_000_000
SHAPES: dict[str, Callable[[Column], Column]] = {
    "identity": lambda c: identity.normalise(c).rlike(r"^[0-9]{17}[0-9X*]\z|^[0-9]{15}\z"),
    "person_name": lambda c: names.normalise(c).rlike(f"^{HAN}[{HAN[1:-1]}·]{{1,19}}\\z"),
    "phone": lambda c: phones.national(c).rlike(phones.MOBILE),
    "address": lambda c: free_text(c).rlike(f"{HAN}.*[路街巷村镇号室组区县]"),
}
"""Rule -> the shape of its values, precise enough to detect swapped columns."""


def _swapped(rule: ContractRule, contract: Contract) -> Steps:
    """Swap back two columns of different rules when each holds a value of the other: F_SWAPCOL."""
    shapes = [SHAPES[contract.column(c).rule or "text"] for c in rule.columns]

    def seen(row: Row) -> dict[str, Column]:
        fits = [[F.coalesce(shape(row[str(i)]), F.lit(False)) for i in (0, 1)] for shape in shapes]
        return {"crossed": fits[0][1] & fits[1][0] & ~fits[0][0] & ~fits[1][1]}

    def answer(row: Row) -> dict[str, Column]:
        crossed = row["crossed"]
        return {
            "value0": F.when(crossed, row["1"]).otherwise(row["0"]),
            "value1": F.when(crossed, row["0"]).otherwise(row["1"]),
            **dict.fromkeys(("codes0", "codes1"), flag(crossed, "F_SWAPCOL")),
        }

    return seen, answer


def _order(rule: ContractRule, contract: Contract) -> Steps:
    """Flag a second date that is before the first: W_ORDER at the second."""
    return (lambda row: {"codes1": flag(row["1"].cast("date") < row["0"].cast("date"), "W_ORDER")},)


def _past(rule: ContractRule, contract: Contract) -> Steps:
    """Flag a date after the business date of the delivery: W_FUTURE."""
    return (lambda row: {"codes0": flag(row["0"].cast("date") > row["day"], "W_FUTURE")},)


def _sex(rule: ContractRule, contract: Contract) -> Steps:
    """Correct a sex that contradicts the identity number: F_SEX."""

    def answer(row: Row) -> dict[str, Column]:
        by_number = identity.sex_of(row["1"])
        wrong = row["0"].isin("1", "2") & (row["0"] != by_number)
        return {"value0": F.when(wrong, by_number).otherwise(row["0"]), "codes0": flag(wrong, "F_SEX")}

    return (answer,)


def _birth(rule: ContractRule, contract: Contract) -> Steps:
    """Swap back date of birth and another date when the identity number proves the swap: F_SWAPCOL."""

    def seen(row: Row) -> dict[str, Column]:
        return {"born": identity.birth_of(row["2"])}

    def answer(row: Row) -> dict[str, Column]:
        crossed = F.coalesce((row["1"] == row["born"]) & (row["0"] != row["born"]), F.lit(False))
        return {
            "value0": F.when(crossed, row["1"]).otherwise(row["0"]),
            "value1": F.when(crossed, row["0"]).otherwise(row["1"]),
            **dict.fromkeys(("codes0", "codes1"), flag(crossed, "F_SWAPCOL")),
        }

    return seen, answer


def _status(rule: ContractRule, contract: Contract) -> Steps:
    """Set the status to `closed` when it is `open` although the date of its end is filled: F_STATUS. An end after the business date
    has not come yet, so the status stays: W_FUTURE at the date."""
    open_, closed = rule.option("open"), rule.option("closed")

    def answer(row: Row) -> dict[str, Column]:
        ended = row["1"].cast("date") <= row["day"]
        wrong = F.coalesce((row["0"] == open_) & ended, F.lit(False))
        value = F.when(wrong, F.lit(closed)).otherwise(row["0"])
        return {"value0": value, "codes0": flag(wrong, "F_STATUS"), "codes1": flag(~ended, "W_FUTURE")}

    return (answer,)


def _reversal(rule: ContractRule, contract: Contract) -> Steps:
    """Flag negative amounts, whose sign stays: W_REVERSAL with the number of the reversed payment, else W_NEGATIVE; zero W_ZERO."""

    def answer(row: Row) -> dict[str, Column]:
        negative, linked = row["0"] < 0, row["1"].isNotNull() if len(rule.columns) > 1 else F.lit(False)
        codes = (flag(negative & linked, "W_REVERSAL"), flag(negative & ~linked, "W_NEGATIVE"), flag(row["0"] == 0, "W_ZERO"))
        return {"codes0": codes_text(*codes)}

    return (answer,)


def _needs(rule: ContractRule, contract: Contract) -> Steps:
    """Flag a value without the one that gives it its meaning: W_REFERENCE at the value."""
    return (lambda row: {"codes0": flag(row["0"].isNotNull() & row["1"].isNull(), "W_REFERENCE")},)


def _millionths(row: Row) -> dict[str, Column]:
    """Make degrees out of millionths, which are whole numbers."""
    lon, lat = row["0"].cast("double"), row["1"].cast("double")
    whole = (F.abs(lon) > 1e5) & (F.abs(lon) < 1e9) & (F.abs(lat) > 1e5) & (F.abs(lat) < 1e9)
    return {"whole": whole, "x": F.when(whole, lon / MICRO).otherwise(lon), "y": F.when(whole, lat / MICRO).otherwise(lat)}


def _metres(row: Row) -> dict[str, Column]:
    return {"whole": F.lit(False), "x": row["0"].cast("double"), "y": row["1"].cast("double")}


def _degrees_crossed(row: Row) -> Column:
    return row["y"].between(119, 120) & row["x"].between(31, 34)


def _metres_crossed(row: Row) -> Column:
    """The northings of the city are above its eastings without zone, and below those with one."""
    return row["x"].between(3.4e6, 3.8e6) & (row["y"].between(3e5, 6e5) | row["y"].between(40.3e6, 40.6e6))


def _from_bd09(row: Row) -> dict[str, Column]:
    lon, lat = coordinates.from_bd09(row["lon"], row["lat"])
    return {"lon": lon, "lat": lat}


def _of_gcj02(row: Row) -> dict[str, Column]:
    return {"g_lon": row["lon"], "g_lat": row["lat"]}


def _nearer(row: Row) -> dict[str, Column]:
    """Make one step of the inversion of GCJ-02; each divides the error by about three hundred."""
    east, north = coordinates.gcj_offset(row["lon"], row["lat"])
    return {"lon": row["g_lon"] - east, "lat": row["g_lat"] - north}


def _from_gk(row: Row) -> dict[str, Column]:
    lon, lat = coordinates.from_gk(row["lon"], row["lat"])
    return {"lon": lon, "lat": lat}


@dataclass(frozen=True)
class System:
    """How positions of a coordinate system are read: what makes numbers of them, which numbers are swapped, the steps to CGCS2000."""

    scaled: Step = _millionths
    crossed: Callable[[Row], Column] = _degrees_crossed
    steps: Steps = ()


_GCJ02: Steps = (_of_gcj02, _nearer, _nearer, _nearer)
CONVERTED = {
    "CGCS2000": System(), "WGS84": System(), "GCJ02": System(steps=_GCJ02), "BD09": System(steps=(_from_bd09, *_GCJ02)),
    "GK120": System(_metres, _metres_crossed, (_from_gk,)),
}  # fmt: skip
"""The systems that may be converted."""


def _coordinates(rule: ContractRule, contract: Contract) -> Steps:
    """Convert longitude and latitude of rule `degrees` from the system `crs` to CGCS2000; of GK120 they are easting and northing.

    F_UNIT: delivered as millionths. F_SWAP: longitude and latitude swapped. F_NULL: null island, no position. F_CRS: converted
    from GCJ02, BD09 or GK120. E_CRS: in a system nobody may convert. E_BBOX: outside the city. Errors have no value.
    """
    known = rule.option("crs") in CONVERTED
    system = CONVERTED.get(rule.option("crs"), System())

    def turned(row: Row) -> dict[str, Column]:
        swap = system.crossed(row)
        return {
            "swap": swap,
            "lon": F.when(swap, row["y"]).otherwise(row["x"]),
            "lat": F.when(swap, row["x"]).otherwise(row["y"]),
            "nothing": (row["x"] == 0) & (row["y"] == 0),
        }

    def answer(row: Row) -> dict[str, Column]:
        converted = bool(system.steps)
        there = row["0"].isNotNull() & row["1"].isNotNull() & ~row["nothing"]
        right = there & F.lit(known) & coordinates.inside(row["lon"], row["lat"])
        codes = codes_text(
            flag(row["whole"], "F_UNIT"),
            flag(row["swap"], "F_SWAP"),
            flag(row["nothing"], "F_NULL"),
            flag(right & F.lit(converted), "F_CRS"),
            flag(there & F.lit(not known), "E_CRS"),
            flag(there & F.lit(known) & ~right, "E_BBOX"),
        )
        changed = row["whole"] | row["swap"] | F.lit(converted)
        kept = [
            F.when(right, F.when(changed, F.round(row[of], 8).cast(coordinates.TYPE)).otherwise(row[i]))
            for of, i in (("lon", "0"), ("lat", "1"))
        ]
        return {"value0": kept[0], "value1": kept[1], "codes0": codes, "codes1": codes}

    return (system.scaled, turned, *system.steps, answer)


Maker = Callable[[ContractRule, Contract], Steps]
TEXTS: dict[str, Maker] = {"swapped": _swapped}
VALUES: dict[str, Maker] = {
    "order": _order, "past": _past, "sex": _sex, "birth": _birth, "status": _status, "needs": _needs,
    "reversal": _reversal, "coordinates": _coordinates,
}  # fmt: skip
agree("quality/row_rules.py", (*TEXTS, *VALUES), at_level(Level.ROW))
agree("quality/row_rules.py, SHAPES", SHAPES, WITH_A_SHAPE)


def apply(
    frame: DataFrame, contract: Contract, makers: Mapping[str, Maker], value: Mapping[str, str], codes: Mapping[str, str]
) -> DataFrame:
    """Apply the contract's rules that `makers` knows, in their order; each sees the results of the rules before it.

    Adds helper columns whose names start with `_row_rule`.

    Args:
        frame: the rows, with the business date in `_business_date`.
        contract: whose `row_rules` are applied.
        makers: rule -> function that makes its steps; other rules are left out.
        value: column of the contract -> column of the frame with its value, which is replaced.
        codes: column of the contract -> column of the frame with its codes, which is replaced.
    """
    for n, rule in enumerate(r for r in contract.row_rules if r.rule in makers):
        row = {str(i): F.col(f"`{value[c]}`") for i, c in enumerate(rule.columns)} | {"day": F.col("_business_date")}
        *steps, last = makers[rule.rule](rule, contract)
        for i, step in enumerate(steps):
            made = {field: (f"_row_rule{n}|{i}|{field}", c) for field, c in step(row).items()}
            frame = frame.withColumns(dict(made.values()))
            row |= {field: F.col(f"`{name}`") for field, (name, _) in made.items()}
        answer = last(row)
        changed: dict[str, Column] = {}
        for i, c in enumerate(rule.columns):
            if f"value{i}" in answer:
                changed[value[c]] = answer[f"value{i}"]
            if f"codes{i}" in answer:
                changed[codes[c]] = codes_text(F.col(f"`{codes[c]}`"), answer[f"codes{i}"])
        frame = frame.withColumns(changed)
    return frame
