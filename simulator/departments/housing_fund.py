"""The housing provident fund: the accounts of employees, as the centre's old program has them (DBF)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from simulator.basics import AS_OF, as_days, between, clock_text, day_text, decimals, numbers, office_seconds, only
from simulator.declare import Department
from simulator.dirt import WRONG_NUMBER, Cell, Forgotten, Older, labels
from simulator.registers import Registers
from simulator.rejects import Number, Rejected

HOUSING_FUND = Department("housing_fund", organisation="FAKE321000000024")
EMPLOYED, CLOSED = 0.35, 0.1
"""Shares: of grown persons, those with an account; of the accounts, those closed."""


@HOUSING_FUND.table(
    "account",
    dirt=(
        Cell("D04", "id_no", 0.2),
        Cell("D05", "id_no", 0.008),
        Cell("D03", "id_no", 0.01),
        Cell("D05", "employer_no", 0.01, kind=WRONG_NUMBER),
        Cell("D32", "employer_name", 0.05),
        Cell("D15", "open_date", 0.05),
        Cell("D20", "balance", 0.03),
        Cell("D22", "account_state", 0.1, kind=labels({"1": ("正常",), "2": ("封存",)})),
        Cell("D09", "phone", 0.03),
    ),
    older=Older("update_time", 0.02, {"phone": "18000008888"}),
    copies=0.01,
    forgotten=Forgotten("account_state", "close_date", 0.05, "1"),
    rejected=(Rejected("MISSING", "name", 0.001), Rejected("UNREADABLE", "update_time", 0.001)),
    number=Number("account_no", 3),
)
def accounts(registers: Registers) -> pd.DataFrame:
    """One account per employee of an enterprise; some are closed or sealed."""
    world = registers.world
    people, rng = world.people, world.stream("housing fund account")
    firms = world.enterprises[lambda e: e["ended"].isna() & e["uscc"].notna()]
    grown = people[(people["age"] > 22) & (people["age"] < 60) & people["death"].isna() & (people["registered"] == 0)]
    staff = grown[rng.random(len(grown)) < EMPLOYED]
    n, firm = len(staff), firms.iloc[rng.integers(0, len(firms), len(staff))]
    opened = between(rng, np.maximum(as_days(staff["birth"].to_numpy()) + 22 * 365, np.datetime64("2002-01-01")), np.full(n, AS_OF - 40))
    closed = np.where(rng.random(n) < CLOSED, np.minimum(opened + rng.integers(200, 3000, n), AS_OF - 10), np.datetime64("NaT", "D"))
    over, sealed = ~np.isnat(closed), rng.random(n) < 0.08
    paid = np.where(over, closed, np.where(sealed, opened + 30, np.datetime64("2019-11-15")))
    amount = np.round(rng.lognormal(6.6, 0.5, n), 2)
    return pd.DataFrame(
        {
            "account_no": "GJJ" + numbers(staff.index, 10),
            "name": staff["name"].to_numpy(dtype=object),
            "id_no": staff["id_no"].to_numpy(dtype=object),
            "phone": staff["phone"].to_numpy(dtype=object),
            "employer_no": firm["uscc"].to_numpy(dtype=object),
            "employer_name": firm["name"].to_numpy(dtype=object),
            "open_date": day_text(opened),
            "monthly_amount": decimals(amount, 2),
            "balance": decimals(amount * 24, 2),
            "last_paid": np.char.replace(paid.astype("datetime64[M]").astype(str), "-", "").astype(object),
            "account_state": np.select([over, sealed], ["3", "2"], "1").astype(object),
            "close_date": only(over, day_text(closed)),
            "update_time": clock_text(np.fmax(paid, opened), office_seconds(rng, n)),
            "_person": staff.index,
        }
    ).reset_index(drop=True)
