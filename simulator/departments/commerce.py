"""The commerce bureau: what enterprises export and import, month by month, in yuan or dollars."""

from __future__ import annotations

import pandas as pd

from simulator.basics import day_text, decimals
from simulator.declare import Department
from simulator.dirt import Cell, labels
from simulator.registers import Registers
from simulator.world.economy import entity_numbers, month_text

COMMERCE = Department("commerce", organisation="FAKE321000000034")
TRADING = 0.3
"""Share of the industrial enterprises that trade with abroad."""
PER_DOLLAR = 6.9


@COMMERCE.table("trade_month", dirt=(Cell("D22", "currency", 0.1, kind=labels({"CNY": ("人民币", "RMB"), "USD": ("美元",)})),), copies=0.01)
def trade(registers: Registers) -> pd.DataFrame:
    """Exports and imports of large industrial enterprises; each keeps to one currency."""
    entities, rng = registers.world.enterprises, registers.world.stream("trade")
    figures = registers.world.economy
    trades, dollars = rng.random(len(entities)) < TRADING, rng.random(len(entities)) < 0.5
    trades[figures.loc[figures["reports"], "entity_row"].min()] = True
    number = entity_numbers(entities, figures["entity_row"].to_numpy())
    rows = figures[figures["reports"] & trades[figures["entity_row"]] & pd.notna(number)]
    in_dollars = dollars[rows["entity_row"]]
    revenue = rows["revenue"].to_numpy() / pd.Series(in_dollars).map({True: PER_DOLLAR, False: 1.0}).to_numpy()
    sent = rows["month"].to_numpy().astype("datetime64[M]").astype("datetime64[D]") + 28
    return pd.DataFrame(
        {
            "uscc": number[rows.index], "month": month_text(rows["month"]),
            "currency": pd.Series(in_dollars).map({True: "USD", False: "CNY"}).to_numpy(dtype=object),
            "exports": decimals(revenue * rng.uniform(0.1, 0.5, len(rows)), 2),
            "imports": decimals(revenue * rng.uniform(0.0, 0.2, len(rows)), 2), "update_time": day_text(sent) + " 09:00:00",
            "_night": rows["night"],
        }
    )  # fmt: skip
