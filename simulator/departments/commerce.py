"""The commerce bureau: what enterprises export and import, month by month, in yuan or a foreign currency; the rates of customs."""

from __future__ import annotations

import numpy as np
import pandas as pd

from simulator.basics import day_text, decimals, pick
from simulator.declare import Department, Late
from simulator.dirt import Cell, labels
from simulator.registers import Registers
from simulator.world.economy import MONTHS, entity_numbers, month_text

COMMERCE = Department("commerce", organisation="FAKE321000000034")
TRADING = 0.3
"""Share of the industrial enterprises that trade with abroad."""
USUAL_RATES = {"USD": 689.0, "EUR": 772.0, "JPY": 6.32, "HKD": 87.9}
"""Yuan for 100 units; what every month adds to it is made up."""
CURRENCIES = {"CNY": 45, "USD": 40, "EUR": 10, "JPY": 5}
"""Currency of an enterprise's trade -> how often."""
FLUCTUATION = 0.012


@COMMERCE.table(
    "trade_month",
    dirt=(Cell("D22", "currency", 0.1, kind=labels({"CNY": ("人民币", "RMB"), "USD": ("美元",), "EUR": ("欧元",)})),),
    copies=0.01,
)
def trade(registers: Registers) -> pd.DataFrame:
    """Exports and imports of large industrial enterprises; each keeps to one currency."""
    entities, rng = registers.world.enterprises, registers.world.stream("trade")
    figures = registers.world.economy
    trades, keeps_to = rng.random(len(entities)) < TRADING, pick(rng, list(CURRENCIES), len(entities), list(CURRENCIES.values()))
    trades[figures.loc[figures["reports"], "entity_row"].min()] = True
    number = entity_numbers(entities, figures["entity_row"].to_numpy())
    rows = figures[figures["reports"] & trades[figures["entity_row"]] & pd.notna(number)]
    currency = keeps_to[rows["entity_row"]]
    revenue = rows["revenue"].to_numpy() * 100 / pd.Series(currency).map({"CNY": 100.0, **USUAL_RATES}).to_numpy()
    sent = rows["month"].to_numpy().astype("datetime64[M]").astype("datetime64[D]") + 28
    return pd.DataFrame(
        {
            "uscc": number[rows.index], "month": month_text(rows["month"]),
            "currency": currency,
            "exports": decimals(revenue * rng.uniform(0.1, 0.5, len(rows)), 2),
            "imports": decimals(revenue * rng.uniform(0.0, 0.2, len(rows)), 2), "update_time": day_text(sent) + " 09:00:00",
            "_night": rows["night"],
        }
    )  # fmt: skip


@COMMERCE.table(
    "exchange_rate",
    dirt=(Cell("D22", "currency", 0.1, kind=labels({"USD": ("美元",), "EUR": ("欧元",), "JPY": ("日元",), "HKD": ("港币",)})),),
    late=Late(night=1, comes=2),
)
def rates(registers: Registers) -> pd.DataFrame:
    """The rate of every foreign currency and month, known from the month before on; those of the second night come late."""
    rng, n = registers.world.stream("exchange rates"), len(USUAL_RATES)
    steps = rng.normal(0, FLUCTUATION, (len(MONTHS), n)).cumsum(axis=0)
    usual = np.array(list(USUAL_RATES.values()))
    months = np.repeat(MONTHS, n)
    known = months.astype("datetime64[D]") - 12
    night = np.clip((months - MONTHS[-3]).astype(int), 0, 2)
    return pd.DataFrame(
        {
            "month": month_text(months), "currency": np.tile(list(USUAL_RATES), len(MONTHS)).astype(object),
            "rate": decimals((usual * np.exp(steps)).ravel(), 4), "update_time": day_text(known) + " 09:30:00", "_night": night,
        }
    )  # fmt: skip
