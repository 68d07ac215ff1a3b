"""The power supply company: what companies use, by account and month; some meters are read in watt-hours."""

from __future__ import annotations

import numpy as np
import pandas as pd

from simulator.basics import day_text, decimals, numbers, only
from simulator.declare import Department
from simulator.departments.tax_revenue import MONTH_FORMS
from simulator.dirt import Cell, unit
from simulator.registers import Registers
from simulator.rejects import Number, Rejected
from simulator.sensors import COUNTY
from simulator.world.economy import MONTHS, entity_numbers, month_text

POWER_SUPPLY = Department("power_supply", organisation="FAKE321000000031")
ELECTRICITY = "power_supply/company_electricity_month"
MOST = 100_000_000
"""Kilowatt-hours: what no account uses in a month, so that a thousandfold value above it shows in itself."""
WITHOUT_CODE, IN_WATT_HOURS = 0.04, 0.004
PER_ACCOUNT = 20
"""Months that an account must have for its own history to show a thousandfold value."""
IN_WATTS = unit(lambda value: f"{value * 1000:.2f}", least=MOST / 1000 + 1)


@POWER_SUPPLY.table(
    "company_electricity_month",
    dirt=(
        Cell("D19", "kwh", 0.004, kind=IN_WATTS),
        Cell("D15M", "month", 0.02, kind=MONTH_FORMS),
        Cell("D18N", "county6", 0.05, kind=COUNTY),
        Cell("D32", "account_name", 0.05),
    ),
    copies=0.005,
    rejected=(Rejected("MISSING", "kwh", 0.0005), Rejected("UNREADABLE", "update_time", 0.0005)),
    number=Number("account_no", 2),
)
def electricity(registers: Registers) -> pd.DataFrame:
    """An account for every entity that works; a few without a credit code."""
    entities, figures = registers.world.enterprises, registers.world.economy
    rng, at = registers.world.stream("electricity"), figures["entity_row"].to_numpy()
    nameless = rng.random(len(entities)) < WITHOUT_CODE
    kwh = np.round(figures["kwh"].to_numpy(), 2)
    many = figures.groupby("entity_row")["month"].transform("size").to_numpy() >= PER_ACCOUNT
    watts = (rng.random(len(figures)) < IN_WATT_HOURS) & many & (kwh * 1000 <= MOST)
    watts &= figures["month"].to_numpy() != MONTHS[0]
    read = figures["month"].to_numpy().astype("datetime64[M]").astype("datetime64[D]") + 25
    return pd.DataFrame(
        {
            "account_no": "20" + numbers(at, 8), "month": month_text(figures["month"]),
            "uscc": only(~nameless[at], entity_numbers(entities, at)), "account_name": entities["name"].to_numpy(dtype=object)[at],
            "county6": entities["county6"].to_numpy(dtype=object)[at], "kwh": decimals(np.where(watts, kwh * 1000, kwh), 2),
            "update_time": day_text(read) + " 22:00:00", "_night": figures["night"], "_watts": watts,
            "_month": month_text(figures["month"]),
        }
    )  # fmt: skip


@POWER_SUPPLY.finding("electricity in watt-hours", "themes/industry/electricity_month", "flags", "UNIT")
def in_watt_hours(registers: Registers) -> pd.Series:
    """Months of an account that are a thousand times its others."""
    rows = registers.delivered(ELECTRICITY)
    wrong = rows[rows["_watts"].astype(bool)]
    return wrong["account_no"] + "|" + wrong["_month"]
