"""The register of enterprises: registrations, their changes, branches, shares, key staff."""

from __future__ import annotations

import numpy as np
import pandas as pd

from simulator.basics import AS_OF, FIRST_NIGHT, as_days, clock_text, day_text, decimals, numbers, office_seconds, only, pick
from simulator.declare import Late
from simulator.departments.market_regulation import MARKET_REGULATION
from simulator.dirt import Cell, Forgotten, Kind, Older, labels, one_of, unit
from simulator.registers import Registers
from simulator.rejects import Number, Rejected
from simulator.world.enterprises import REGISTERED

TYPES = {"company": "1130", "trader": "9500", "cooperative": "9100", "branch": "2130"}
AGENTS = ("18000009001", "18000009002", "18000009003")
"""Telephone numbers of agents, which stand for many firms."""
LEAST_YUAN = 101
"""10,000 CNY: what is less would be possible in either unit."""
ONE_COLUMN = Kind(lambda credit, former, rng: (former, None))
"""D33: the old number stands in the column of the credit code."""


def registered(registers: Registers) -> pd.DataFrame:
    """The entities of the register, with `_entity`, their row in the world, and `entity_id`."""
    e = registers.world.enterprises
    rows = e[e["kind"].isin(REGISTERED)]
    return rows.assign(_entity=rows.index, entity_id="SJ" + numbers(rows.index, 8))


def _last_change(e: pd.DataFrame) -> np.ndarray:
    days = np.stack([as_days(e[c].to_numpy()) for c in ("born", "renamed", "moved", "exchanged", "revoked", "ended")])
    return np.fmax.reduce(days)


@MARKET_REGULATION.table(
    "entity",
    dirt=(
        Cell("D33", "uscc", 0.06, other="reg_no", kind=ONE_COLUMN),
        Cell("D32", "entity_name", 0.05),
        Cell("D02", "entity_name", 0.01),
        Cell("D04", "legal_rep_id_no", 0.2),
        Cell("D05", "legal_rep_id_no", 0.008),
        Cell("D09", "phone", 0.1, kind=Kind(lambda value, rng: (one_of(AGENTS)(value, rng),))),
        Cell("D15", "est_date", 0.05),
        Cell("D16A", "est_date", 0.003, other="end_date"),
        Cell("D19", "reg_capital", 0.02, kind=unit(lambda value: f"{value * 10_000:.0f}", least=LEAST_YUAN)),
        Cell("D22", "entity_type", 0.03, kind=labels({"1130": ("有限公司",), "9500": ("个体工商户", "个体")})),
        Cell("D18", "reg_div", 0.02),
    ),
    older=Older("op_time", 0.02, {"industry_code": "9999"}),
    copies=0.01,
    forgotten=Forgotten("entity_status", "end_date", 0.03, "1"),
    rejected=(
        Rejected("D23", "address", 0.001),
        Rejected("UNKNOWN_CODE", "entity_status", 0.001),
        Rejected("MISSING", "entity_name", 0.001),
    ),
    number=Number("entity_id", 2),
)
def entities(registers: Registers) -> pd.DataFrame:
    """One row per registration; the old number is kept beside the credit code in half of them."""
    e, rng = registered(registers), registers.world.stream("market regulation entity")
    n, ended = len(e), ~e["ended"].isna().to_numpy()
    revoked = ~e["revoked"].isna().to_numpy() & ~ended
    changed = np.minimum(_last_change(e), AS_OF)
    kept = e["uscc"].isna().to_numpy() | (rng.random(n) < 0.5)
    street = pick(rng, ["文昌路", "运河路", "淮海路", "扬子江路"], n) + numbers(rng.integers(1, 300, n)) + "号"
    premises = e["_entity"].map(registers.world.parks.registered_at()).to_numpy(dtype=object)
    return pd.DataFrame(
        {
            "entity_id": e["entity_id"],
            "uscc": e["uscc"],
            "organisation_code": only(rng.random(n) < 0.7, e["org_code"].to_numpy(dtype=object)),
            "reg_no": only(kept, e["reg_no"].to_numpy(dtype=object)),
            "entity_name": e["name"],
            "former_entity_name": only(rng.random(n) < 0.6, e["former_name"].to_numpy(dtype=object)),
            "entity_type": e["kind"].map(TYPES),
            "reg_div": e["division12"].str[:6] + "000000",
            "legal_rep_name": e["rep_name"],
            "legal_rep_id_no": e["rep_id_no"],
            "reg_capital": only(e["kind"].to_numpy() != "branch", decimals(e["capital"].to_numpy(), 2)),
            "currency": pick(rng, ["CNY", "人民币", "USD"], n, [90, 8, 2]),
            "est_date": day_text(e["born"].to_numpy()),
            "entity_status": np.select([ended, revoked], ["3", "2"], "1"),
            "revoke_date": day_text(e["revoked"].to_numpy()),
            "end_date": day_text(e["ended"].to_numpy()),
            "industry_code": e["industry"],
            "address": np.where(pd.isna(premises), "江苏省扬州市" + street, premises),
            "phone": e["phone"],
            "op_time": clock_text(changed, office_seconds(rng, n)),
            "_night": np.where(as_days(e["born"].to_numpy()) > FIRST_NIGHT, 1, 0),
            "_entity": e["_entity"],
        }
    ).reset_index(drop=True)


@MARKET_REGULATION.table(
    "change",
    dirt=(
        Cell("D32", "before_name", 0.05),
        Cell("D15", "change_date", 0.05),
        Cell("D22", "item", 0.05, kind=labels({"01": ("名称变更", "1"), "02": ("三证合一", "2")})),
        Cell("D27", "entity_id", 0.002),
    ),
    copies=0.01,
    late=Late(night=1, comes=2),
)
def changes(registers: Registers) -> pd.DataFrame:
    """What has happened to registrations; every fortieth is entered only in the last two nights, and those of the second come late."""
    e, rng = registered(registers), registers.world.stream("market regulation change")
    number = e["uscc"].where(e["uscc"].notna(), e["reg_no"])
    parts = [
        _change(e, "02", "exchanged", before_no=e["reg_no"], after_no=e["uscc"]),
        _change(e, "01", "renamed", before_name=e["former_name"], after_name=e["name"]),
        _change(e, "05", "moved", before_div=e["former_county6"], after_div=e["county6"]),
        _change(e[e["absorbed_by"] >= 0], "03", "ended", other_no=_other(registers, e, "absorbed_by")),
        _divisions(registers, e),
    ]
    rows = pd.concat([p.assign(before_no=p.get("before_no", number)) for p in parts], ignore_index=True)
    rows = rows.sort_values(["_day", "entity_id", "item"], kind="stable", ignore_index=True)
    day, place = as_days(rows["_day"].to_numpy()), np.arange(len(rows))
    night = np.where(place % 40 == 39, 1 + place // 40 % 2, 0)
    rows["change_no"] = "BG" + numbers(place + 1, 8)
    rows["op_time"] = clock_text(np.where(night > 0, FIRST_NIGHT + night, day), office_seconds(rng, len(rows)))
    return rows.assign(change_date=day_text(day), _night=night)


def _change(e: pd.DataFrame, item: str, day: str, **said: pd.Series) -> pd.DataFrame:
    found = pd.DataFrame({"entity_id": e["entity_id"], "item": item, "_day": e[day], "_entity": e["_entity"], **said})
    empty = dict.fromkeys(("before_no", "after_no", "before_name", "after_name", "before_div", "after_div", "other_no"))
    return found.assign(**{c: v for c, v in empty.items() if c not in found})[found["_day"].notna()]


def _other(registers: Registers, e: pd.DataFrame, column: str) -> pd.Series:
    whole = registers.world.enterprises
    there = e[column] >= 0
    return pd.Series(only(there.to_numpy(), whole["uscc"].to_numpy(dtype=object)[e[column].clip(lower=0)]), index=e.index)


def _divisions(registers: Registers, e: pd.DataFrame) -> pd.DataFrame:
    """The changes of those from whom others came out, on the day when these were born."""
    born = e[e["divided_from"] >= 0]
    origin = e.loc[born["divided_from"]]
    day = pd.Series(born["born"].to_numpy(), index=origin.index)
    other = pd.Series(born["uscc"].where(born["uscc"].notna(), born["reg_no"]).to_numpy(), index=origin.index)
    return _change(origin.assign(divided=day.to_numpy()), "04", "divided", other_no=pd.Series(other.to_numpy(), index=origin.index))


@MARKET_REGULATION.table("branch", dirt=(Cell("D32", "parent_entity", 0.05),))
def branches(registers: Registers) -> pd.DataFrame:
    """Which enterprise each branch belongs to."""
    e, rng = registered(registers), registers.world.stream("market regulation branch")
    e = e[e["parent"] >= 0]
    parent = registers.world.enterprises.loc[e["parent"]]
    return pd.DataFrame(
        {
            "entity_id": e["entity_id"].to_numpy(),
            "parent_no": parent["uscc"].to_numpy(),
            "parent_entity": parent["name"].to_numpy(),
            "op_time": clock_text(as_days(e["born"].to_numpy()), office_seconds(rng, len(e))),
            "_entity": e["_entity"].to_numpy(),
        }
    )


@MARKET_REGULATION.table(
    "shareholder",
    dirt=(
        Cell("D05", "party_id_no", 0.008),
        Cell("D04", "party_id_no", 0.2),
        Cell("D32", "party_entity", 0.05),
        Cell("D15", "from_date", 0.03),
        Cell("D20", "paid_amount", 0.02),
    ),
    copies=0.01,
)
def shares(registers: Registers) -> pd.DataFrame:
    """One statement per share: a person holds all of an enterprise, or an enterprise holds 40 % of it."""
    e, people, rng = registered(registers), registers.world.people, registers.world.stream("market regulation shareholder")
    e = e[e["kind"].isin(["company", "cooperative"])]
    whole, held = registers.world.enterprises, e["holder"].to_numpy() >= 0
    owner = e["shareholder"].to_numpy()
    days = {"from_date": day_text(e["born"].to_numpy()), "to_date": day_text(e["ended"].to_numpy())}
    paid = decimals(e["capital"].to_numpy() * 0.5, 2)
    common = {"entity_id": e["entity_id"].to_numpy(), "paid_amount": paid, **days, "_entity": e["_entity"].to_numpy()}
    persons = pd.DataFrame(
        {
            **common,
            "statement_no": "1",
            "party_kind": "1",
            "party_name": people["name"].to_numpy(dtype=object)[owner],
            "party_id_no": people["id_no"].to_numpy(dtype=object)[owner],
            "share": np.where(held, "60", "100"),
        }
    )
    holder = whole.loc[np.maximum(e["holder"].to_numpy(), 0)]
    firms = pd.DataFrame(
        {
            **common,
            "statement_no": "2",
            "party_kind": "2",
            "party_entity": holder["name"].to_numpy(dtype=object),
            "party_no": holder["uscc"].to_numpy(dtype=object),
            "share": "40",
        }
    )[held]
    rows = pd.concat([persons, firms], ignore_index=True).sort_values(["entity_id", "statement_no"], ignore_index=True)
    rows = rows.astype(object).where(rows.notna(), None)
    return rows.assign(op_time=clock_text(np.full(len(rows), FIRST_NIGHT - 20), office_seconds(rng, len(rows))))


@MARKET_REGULATION.table("key_staff", dirt=(Cell("D05", "id_no", 0.008), Cell("D10", "name", 0.005, other="id_no")), copies=0.01)
def key_staff(registers: Registers) -> pd.DataFrame:
    """The legal representative and a supervisor of every company."""
    e, people, rng = registered(registers), registers.world.people, registers.world.stream("market regulation key staff")
    e = e[e["kind"] == "company"]
    n, second = len(e), np.roll(e["rep"].to_numpy(), 3)
    at = np.concatenate([e["rep"].to_numpy(), second])
    rows = pd.DataFrame(
        {
            "entity_id": np.tile(e["entity_id"].to_numpy(dtype=object), 2),
            "staff_no": np.repeat(["1", "2"], n),
            "name": people["name"].to_numpy(dtype=object)[at],
            "id_no": people["id_no"].to_numpy(dtype=object)[at],
            "position": np.repeat(np.array(["1", "监事"], dtype=object), n),
            "from_date": np.tile(day_text(e["born"].to_numpy()), 2),
            "to_date": np.tile(day_text(e["ended"].to_numpy()), 2),
            "op_time": clock_text(np.full(2 * n, FIRST_NIGHT - 30), office_seconds(rng, 2 * n)),
        }
    )
    return rows.sort_values(["entity_id", "staff_no"], ignore_index=True)
