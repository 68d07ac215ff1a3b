"""Taxation: taxpayers as the counties' old tool has them (DBF), and their credit classes."""

from __future__ import annotations

import numpy as np
import pandas as pd

from simulator.basics import AS_OF, DIVISION, FIRST_NIGHT, as_days, clock_text, day_text, numbers, office_seconds, only, pick
from simulator.declare import Department
from simulator.dirt import NUMBER_LEFT_OUT, WRONG_NUMBER, Cell, Forgotten, Older, labels
from simulator.entity_records import entity_records, name_on
from simulator.registers import Registers
from simulator.rejects import Number, Rejected

TAXATION = Department("taxation", organisation="FAKE321000000022")
TAXPAYER, CREDIT, REGISTER = "taxation/taxpayer", "taxation/credit_class", "market_regulation/entity"
REGISTERED, NOT_UPDATED, OF_ITS_PARENT = 0.92, 0.1, 0.3
"""Share of entities with a tax registration; of these, with the number or name of before; of branches, under their parent's number."""


@TAXATION.table(
    "taxpayer",
    dirt=(
        Cell("D05", "tax_no", 0.02, kind=WRONG_NUMBER),
        Cell("MISSING", "tax_no", 0.05, kind=NUMBER_LEFT_OUT),
        Cell("D32", "entity_name", 0.05),
        Cell("D04", "legal_rep_id_no", 0.2),
        Cell("D05", "legal_rep_id_no", 0.008),
        Cell("D09", "phone", 0.04),
        Cell("D15", "register_date", 0.05),
        Cell("D22", "tax_status", 0.03, kind=labels({"1": ("正常", "开业"), "4": ("清税注销",)})),
        Cell("D22", "taxpayer_type", 0.05, kind=labels({"1": ("一般",), "2": ("小规模",), "3": ("双定户",)})),
    ),
    older=Older("update_time", 0.02, {"phone": "18000008888"}),
    copies=0.01,
    forgotten=Forgotten("tax_status", "end_date", 0.03, "1"),
    rejected=(Rejected("MISSING", "entity_name", 0.001), Rejected("UNREADABLE", "update_time", 0.001)),
    number=Number("tax_reg_no", 3),
)
def taxpayers(registers: Registers) -> pd.DataFrame:
    """One row per tax registration: by the credit code, by division and organisation code, or by a sole trader's identity number."""
    e, rng = registers.world.enterprises, registers.world.stream("taxation taxpayer")
    e = e[rng.random(len(e)) < REGISTERED]
    n, born = len(e), as_days(e["born"].to_numpy())
    stale = rng.random(n) < NOT_UPDATED
    branch = (e["parent"] >= 0).to_numpy()
    borrowed = branch & (rng.random(n) < OF_ITS_PARENT)
    former = DIVISION + e["org_code"].fillna("").to_numpy(dtype=object)
    old = stale & e["org_code"].notna().to_numpy() & (born < np.datetime64("2015-10-01"))
    number = np.select(
        [borrowed, e["uscc"].notna().to_numpy() & ~old, e["org_code"].notna().to_numpy()],
        [registers.world.enterprises["uscc"].to_numpy(dtype=object)[np.maximum(e["parent"], 0)], e["uscc"].to_numpy(dtype=object), former],
        e["rep_id_no"].to_numpy(dtype=object) + "01",
    ).astype(object)
    county = np.where(stale & e["former_county6"].notna(), e["former_county6"], e["county6"]).astype(object)
    ended = as_days(e["ended"].to_numpy())
    changed = np.fmax(np.fmax(born, ended), np.where(stale, born, np.datetime64("2018-06-01")))
    trader = (e["kind"] == "trader").to_numpy()
    return pd.DataFrame(
        {
            "tax_reg_no": "101" + numbers(e.index, 17),
            "tax_no": number,
            "organisation_code": only((rng.random(n) < 0.3) & ~borrowed, e["org_code"].to_numpy(dtype=object)),
            "entity_name": np.where(stale, name_on(e, born), e["name"]),
            "tax_div": county + "000000",
            "legal_rep_name": e["rep_name"].to_numpy(),
            "legal_rep_id_no": e["rep_id_no"].to_numpy(),
            "taxpayer_type": np.where(trader, "3", pick(rng, ["1", "2"], n)),
            "tax_status": np.where(np.isnat(ended), "1", "4"),
            "register_date": day_text(np.minimum(born + 15, AS_OF)),
            "end_date": day_text(ended),
            "phone": e["phone"].to_numpy(),
            "update_time": clock_text(np.minimum(changed, AS_OF), office_seconds(rng, n)),
            "_night": np.where(born > FIRST_NIGHT, 1, 0),
            "_entity": e.index,
            "_borrowed": borrowed,
        }
    )


@TAXATION.table("credit_class", dirt=(Cell("D32", "entity_name", 0.05), Cell("D22", "credit_class", 0.05, kind=labels({"A": ("A级",)}))))
def credit_classes(registers: Registers) -> pd.DataFrame:
    """The classes of 2017 and 2018 of those who have a credit code."""
    e, rng = registers.world.enterprises, registers.world.stream("taxation credit class")
    e = e[e["uscc"].notna() & (e["kind"] == "company") & (as_days(e["born"].to_numpy()) < np.datetime64("2017-01-01"))]
    parts = [
        pd.DataFrame(
            {
                "year": str(year),
                "tax_no": e["uscc"].to_numpy(),
                "entity_name": e["name"].to_numpy(),
                "credit_class": pick(rng, ["A", "B", "M", "C", "D"], len(e), [15, 45, 25, 10, 5]),
                "update_time": f"{year + 1}-04-20 10:00:00",
                "_entity": e.index,
            }
        )
        for year in (2017, 2018)
    ]
    return pd.concat(parts, ignore_index=True)


@TAXATION.truth("entity_record")
def whose(registers: Registers) -> pd.DataFrame:
    """Which entity each tax registration and each class is of."""
    return entity_records(registers, {TAXPAYER: ("tax_reg_no",), CREDIT: ("year", "tax_no")})


@TAXATION.finding("branches under their parent's tax number", "base/legal_entity/source_link", "match_reason", "BRANCH")
def borrowed_numbers(registers: Registers) -> pd.Series:
    """Tax registrations of branches under the number of their parent, where anybody says that it is the parent's.

    Every parent stands in the register of enterprises. Where that is not delivered, its number is known from its own tax registration or
    from its credit class.
    """
    rows = registers.delivered(TAXPAYER)
    sound = ~rows["_bad_id"].astype(bool)
    borrowed = rows["_borrowed"].astype(bool)
    said = [rows.loc[sound & ~borrowed, "_entity"], *[registers.delivered(table)["_entity"] for table in (CREDIT, REGISTER)]]
    parent = rows["_entity"].astype(int).map(registers.world.enterprises["parent"])
    return TAXPAYER + "|" + rows.loc[borrowed & sound & parent.isin(pd.concat(said).astype(int)), "tax_reg_no"]
