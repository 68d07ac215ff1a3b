"""Supervision: the list of abnormal operations (exchange database), penalties, and what people have judged about records."""

from __future__ import annotations

import numpy as np
import pandas as pd

from simulator.basics import AS_OF, FIRST_NIGHT, as_days, between, clock_text, day_text, decimals, numbers, office_seconds, pick
from simulator.declare import Late
from simulator.departments.market_regulation import ENTITY, MARKET_REGULATION
from simulator.departments.market_regulation.register import registered
from simulator.dirt import NUMBER_LEFT_OUT, WRONG_NUMBER, Cell
from simulator.entity_records import entity_records, name_on, number_on
from simulator.registers import Registers

ABNORMAL, PENALTY, JUDGEMENT = "market_regulation/abnormal_list", "market_regulation/penalty", "market_regulation/entity_judgement"
TAXPAYER = "taxation/taxpayer"
JUDGED = 5
"""Records that people have judged."""
SINCE = np.datetime64("2013-01-01")


def _on_some_day(registers: Registers, rng: np.random.Generator, share: float) -> tuple[pd.DataFrame, np.ndarray]:
    """Some registrations, and a day for each on which they existed."""
    e = registered(registers)
    e = e[(rng.random(len(e)) < share) & (as_days(e["born"].to_numpy()) < AS_OF - 60)]
    last = as_days(e["ended"].to_numpy())
    last = np.where(np.isnat(last), AS_OF - 5, last)
    day = between(rng, np.maximum(as_days(e["born"].to_numpy()) + 20, SINCE), last)
    return e, np.minimum(day, last)


@MARKET_REGULATION.table(
    "abnormal_list", dirt=(Cell("D32", "entity_name", 0.05), Cell("D05", "uscc", 0.01, kind=WRONG_NUMBER), Cell("D15", "listed_date", 0.03))
)
def abnormal_list(registers: Registers) -> pd.DataFrame:
    """Entries by the number of that day; half of them are removed later, some in the last nights (U)."""
    rng = registers.world.stream("market regulation abnormal list")
    e, day = _on_some_day(registers, rng, 0.12)
    n = len(e)
    removed = np.where(rng.random(n) < 0.5, np.minimum(day + 200, AS_OF - 3), np.datetime64("NaT", "D"))
    rows = pd.DataFrame(
        {
            "list_no": "YC" + numbers(np.arange(n) + 1, 7),
            "uscc": number_on(e, day),
            "entity_name": name_on(e, day),
            "list_div": e["county6"].to_numpy() + "000000",
            "reason": pick(rng, ["1", "2", "未公示年报"], n, [60, 25, 15]),
            "listed_date": day_text(day),
            "removed_date": day_text(removed),
            "op_time": clock_text(np.fmax(day, removed), office_seconds(rng, n)),
            "_entity": e["_entity"].to_numpy(),
            "_night": 0,
            "_op": "I",
        }
    )
    still = rows[rows["removed_date"].isna()].iloc[:4]
    later = still.assign(removed_date="2019-12-30", op_time="2019-12-30 16:00:00", _night=1, _op="U")
    return pd.concat([rows, later], ignore_index=True)


@MARKET_REGULATION.table(
    "penalty",
    dirt=(
        Cell("D05", "party_no", 0.02, kind=WRONG_NUMBER),
        Cell("MISSING", "party_no", 0.1, kind=NUMBER_LEFT_OUT),
        Cell("D32", "party_entity", 0.05),
        Cell("D35", "amount", 0.005),
        Cell("D15", "decision_date", 0.03),
        Cell("D40", "illegal_fact", 0.01),
    ),
    copies=0.01,
    late=Late(night=1, comes=2),
)
def penalties(registers: Registers) -> pd.DataFrame:
    """Decisions by the number and the name of that day."""
    rng = registers.world.stream("market regulation penalty")
    e, day = _on_some_day(registers, rng, 0.15)
    n = len(e)
    night = np.where(np.arange(n) % 10 == 9, 1 + np.arange(n) // 10 % 2, 0)
    return pd.DataFrame(
        {
            "decision_no": "扬市监罚" + numbers(np.arange(n) + 1, 6),
            "party_no": number_on(e, day),
            "party_entity": name_on(e, day),
            "party_div": e["county6"].to_numpy() + "000000",
            "legal_rep_name": e["rep_name"].to_numpy(),
            "illegal_fact": pick(rng, ["销售不合格商品", "虚假宣传", "未明码标价", "无证经营食品"], n),
            "penalty_type": pick(rng, ["2", "罚款", "1", "3"], n, [60, 20, 10, 10]),
            "amount": decimals(np.round(rng.lognormal(8, 1, n), 2), 2),
            "reversal_of": None,
            "decision_date": day_text(day),
            "op_time": clock_text(np.where(night > 0, FIRST_NIGHT + night, day + 1), office_seconds(rng, n)),
            "_entity": e["_entity"].to_numpy(),
            "_night": night,
        }
    )


@MARKET_REGULATION.table("entity_judgement")
def judgements(registers: Registers) -> pd.DataFrame:
    """Taxpayers whose number is lost, as people have found out whose they are."""
    taxpayers, e = registers.rows(TAXPAYER), registers.world.enterprises
    lost = taxpayers[taxpayers["_bad_id"] & taxpayers["_entity"].map(e["uscc"]).notna()].iloc[:JUDGED]
    return pd.DataFrame(
        {
            "source_table": TAXPAYER,
            "source_key": lost["tax_reg_no"].to_numpy(),
            "verdict": "1",
            "entity_no": lost["_entity"].map(e["uscc"]).to_numpy(),
            "decided_by": "SJ0001",
            "decided_time": "2019-12-20 10:00:00",
            "_entity": lost["_entity"].to_numpy(),
        }
    )


@MARKET_REGULATION.truth("entity_record")
def whose(registers: Registers) -> pd.DataFrame:
    """Which entity each registration, each entry and each decision is about."""
    keys = {ENTITY: "entity_id", ABNORMAL: "list_no", PENALTY: "decision_no"}
    return entity_records(registers, {table: (key,) for table, key in keys.items()})
