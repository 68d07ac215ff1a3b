"""What the market regulation permits and watches: licences for food and drugs, special equipment, complaints of consumers."""

from __future__ import annotations

import numpy as np
import pandas as pd

from simulator.basics import (
    AS_OF,
    FIRST_NIGHT,
    as_days,
    between,
    clock_text,
    day_text,
    decimals,
    night_of,
    numbers,
    office_seconds,
    only,
    pick,
)
from simulator.declare import Late
from simulator.departments.market_regulation import MARKET_REGULATION
from simulator.departments.market_regulation.register import registered
from simulator.dirt import NUMBER_LEFT_OUT, WRONG_NUMBER, Cell, Older, labels
from simulator.registers import Registers
from simulator.rejects import Number, Rejected
from simulator.world.licences import VALID

FOOD, DRUG = "food_licence", "drug_licence"
ENDED_UNSEEN = 0.06
"""Share of the licences that the register has ended while the licence service still has them as valid."""
ENDED_ON = "2019-06-20"
GRACE_DAYS = 30


def _permits(registers: Registers, prefix: str) -> pd.DataFrame:
    """What both registers say of a licence: one row per certificate, as its newest version stands."""
    world = registers.world
    rng, rows = world.stream(f"permits {prefix}"), world.licences
    rows = rows[rows["prefix"] == prefix].drop_duplicates("certificate_no", keep="last")
    firm, n = world.enterprises.loc[rows["entity"]], len(rows)
    unseen = (rows["state"] == VALID).to_numpy() & rows["holder_end"].isna().to_numpy() & (np.arange(n) % round(1 / ENDED_UNSEEN) == 3)
    ended = (rows["state"] != VALID).to_numpy() | unseen
    changed = np.where(unseen, np.datetime64(ENDED_ON), as_days(rows["changed"].to_numpy()))
    until = np.where(ended, changed, np.datetime64("NaT", "D"))
    return pd.DataFrame(
        {
            "licence_no": rows["certificate_no"].to_numpy(dtype=object),
            "uscc": firm["uscc"].to_numpy(dtype=object),
            "entity_name": firm["name"].to_numpy(dtype=object),
            "legal_rep_name": firm["rep_name"].to_numpy(dtype=object),
            "premises_div": firm["division12"].str[:6].to_numpy(dtype=object) + "000000",
            "address": "江苏省扬州市" + pick(rng, ["文昌路", "运河路", "淮海路"], n) + numbers(rng.integers(1, 300, n)) + "号",
            "issue_date": day_text(rows["issued"].to_numpy()),
            "valid_to": day_text(rows["valid_to"].to_numpy()),
            "licence_status": np.where(ended, "2", "1").astype(object),
            "end_date": day_text(until),
            "op_time": clock_text(changed, office_seconds(rng, n)),
            "_entity": rows["entity"].to_numpy(),
            "_night": 0,
            "_ended": until,
        }
    )


@MARKET_REGULATION.table(
    FOOD,
    dirt=(
        Cell("D05", "uscc", 0.01, kind=WRONG_NUMBER),
        Cell("D32", "entity_name", 0.05),
        Cell("D15", "issue_date", 0.05),
        Cell("D22", "licence_status", 0.1, kind=labels({"1": ("有效", "正常"), "2": ("注销",)})),
        Cell("D22", "business_kind", 0.2, kind=labels({"1": ("食品销售",), "2": ("餐饮服务",), "3": ("单位食堂",)})),
    ),
    older=Older("op_time", 0.02, {"licence_status": "1"}),
    copies=0.01,
    rejected=(Rejected("D23", "address", 0.001), Rejected("IMPOSSIBLE", "issue_date", 0.001)),
    number=Number("licence_no", 12),
)
def food_licences(registers: Registers) -> pd.DataFrame:
    """Licences of shops, restaurants and canteens."""
    rows = _permits(registers, "JY")
    return rows.assign(business_kind=pick(registers.world.stream("food business"), ["1", "2", "3"], len(rows), [50, 42, 8]))


@MARKET_REGULATION.table(
    DRUG,
    dirt=(
        Cell("D32", "entity_name", 0.05),
        Cell("D15X", "issue_date", 0.05),
        Cell("D22", "licence_status", 0.2, kind=labels({"1": ("有效",)})),
    ),
    copies=0.01,
    rejected=(Rejected("UNKNOWN_CODE", "licence_status", 0.01),),
    number=Number("licence_no", 3),
)
def drug_licences(registers: Registers) -> pd.DataFrame:
    """Licences of wholesalers and pharmacies."""
    rows, rng = _permits(registers, "SU"), registers.world.stream("drug business")
    return rows.assign(business_kind=pick(rng, ["1", "2", "3"], len(rows), [10, 60, 30]), quality_head=rows["legal_rep_name"])


@MARKET_REGULATION.table(
    "special_equipment",
    dirt=(
        Cell("D05", "user_uscc", 0.01, kind=WRONG_NUMBER),
        Cell("MISSING", "user_uscc", 0.03, kind=NUMBER_LEFT_OUT),
        Cell("D32", "user_entity", 0.05),
        Cell("D15", "next_inspection", 0.03),
        Cell("D22", "equipment_kind", 0.2, kind=labels({"3000": ("电梯",), "2000": ("压力容器",)})),
    ),
    copies=0.01,
    rejected=(Rejected("UNKNOWN_CODE", "equipment_state", 0.001),),
    number=Number("register_no", 4),
)
def special_equipment(registers: Registers) -> pd.DataFrame:
    """One or more pieces in every fourth enterprise, most of them lifts; a few have not been inspected in time."""
    e, rng = registered(registers), registers.world.stream("special equipment")
    e = e[(np.arange(len(e)) % 4 == 1) & e["ended"].isna()].loc[lambda rows: rows.index.repeat(2)]
    n = len(e)
    made = between(rng, np.full(n, np.datetime64("2000-01-01")), np.full(n, np.datetime64("2018-12-31")))
    inspected = AS_OF - rng.integers(10, 420, n)
    return pd.DataFrame(
        {
            "register_no": "梯11苏K" + numbers(np.arange(n) + 1, 6),
            "equipment_kind": pick(rng, ["3000", "2000", "4000", "5000"], n, [60, 20, 10, 10]),
            "user_uscc": e["uscc"].to_numpy(dtype=object),
            "user_entity": e["name"].to_numpy(dtype=object),
            "division": e["division12"].to_numpy(dtype=object),
            "address": "江苏省扬州市" + pick(rng, ["文昌路", "运河路", "淮海路"], n) + numbers(rng.integers(1, 300, n)) + "号",
            "made_date": day_text(made),
            "register_date": day_text(made + 60),
            "last_inspected": day_text(inspected),
            "next_inspection": day_text(inspected + 365),
            "equipment_state": pick(rng, ["1", "2", "3"], n, [92, 5, 3]),
            "op_time": clock_text(np.minimum(inspected + 3, AS_OF), office_seconds(rng, n)),
            "_entity": e["_entity"].to_numpy(),
            "_night": 0,
        }
    )


@MARKET_REGULATION.table(
    "complaint",
    dirt=(
        Cell("MISSING", "party_no", 0.4, kind=NUMBER_LEFT_OUT),
        Cell("D32", "party_entity", 0.05),
        Cell("D09", "phone", 0.02),
        Cell("D20", "amount", 0.05),
        Cell("D40", "content", 0.02),
        Cell("D37", "received_at", 0.003),
        Cell("D22", "complaint_kind", 0.1, kind=labels({"1": ("投诉",), "2": ("举报",)})),
    ),
    copies=0.01,
    rejected=(Rejected("UNREADABLE", "received_at", 0.001), Rejected("UNKNOWN_CODE", "complaint_kind", 0.001)),
    number=Number("complaint_no", 3),
    late=Late(night=1, comes=2),
)
def complaints(registers: Registers) -> pd.DataFrame:
    """Complaints of the last half year about shops; those of the second night come late."""
    e, people, rng = registered(registers), registers.world.people, registers.world.stream("complaints")
    n = max(40, len(people) // 20)
    firm = e.iloc[rng.integers(0, len(e), n)]
    caller = people.iloc[rng.integers(0, len(people), n)]
    day = between(rng, np.full(n, np.datetime64("2019-07-01")), np.full(n, AS_OF - 1))
    fresh = np.arange(n) % 20 == 19
    day = np.where(fresh, FIRST_NIGHT + 1 + np.arange(n) // 20 % 2, day)
    replied = np.where(fresh | (rng.random(n) < 0.1), np.datetime64("NaT", "D"), day + rng.integers(1, 60, n))
    replied = np.where(replied > FIRST_NIGHT, np.datetime64("NaT", "D"), replied)
    accepted, moment = rng.random(n) < 0.9, office_seconds(rng, n)
    return pd.DataFrame(
        {
            "complaint_no": "TS" + numbers(np.arange(n) + 1, 9),
            "complaint_kind": pick(rng, ["1", "2"], n, [70, 30]),
            "received_at": clock_text(day, moment),
            "phone": caller["phone"].to_numpy(dtype=object),
            "party_no": firm["uscc"].to_numpy(dtype=object),
            "party_entity": firm["name"].to_numpy(dtype=object),
            "party_div": firm["county6"].to_numpy(dtype=object) + "000000",
            "goods_kind": pick(rng, ["食品", "服装", "家用电器", "餐饮服务", "美容美发"], n),
            "content": pick(rng, ["商品存在质量问题", "商家拒绝退款", "虚假宣传", "价格与标示不符"], n),
            "amount": decimals(np.round(rng.lognormal(5, 1, n), 2), 2),
            "accepted": only(accepted, "1", "0"),
            "replied_at": clock_text(replied, np.full(n, 16 * 3600)),
            "result": only(~np.isnat(replied), pick(rng, ["1", "2", "3", "5"], n, [60, 20, 10, 10])),
            "op_time": clock_text(np.fmax(day, np.where(np.isnat(replied), day, replied)), np.full(n, 17 * 3600)),
            "_entity": firm["_entity"].to_numpy(),
            "_night": np.where(fresh, night_of(day), 0),
        }
    )


@MARKET_REGULATION.finding("licences that the issuer has ended (R1)", "base/licence/licence", "rules", "R1")
def ended_by_the_issuer(registers: Registers) -> pd.Series:
    """Licences that are valid in the licence service, and ended a month ago and more in the register for food or drugs."""
    found = pd.concat([registers.delivered(f"{MARKET_REGULATION.name}/{table}")[["licence_no", "_ended"]] for table in (FOOD, DRUG)])
    ended = found.loc[as_days(found["_ended"].to_numpy()) + GRACE_DAYS < AS_OF, "licence_no"]
    issued = registers.delivered("big_data/licence").drop_duplicates("_row", keep="last")
    return issued.loc[issued["certificate_no"].isin(ended) & issued["_valid"], "licence_id"]
