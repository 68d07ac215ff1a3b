"""The statistics bureau: monthly reports of large industrial enterprises (a workbook of an old program), gross product of the counties."""

from __future__ import annotations

import numpy as np
import pandas as pd

from simulator.basics import day_text, decimals, numbers
from simulator.declare import Department
from simulator.dirt import Cell, labels
from simulator.registers import Registers
from simulator.world.economy import MONTHS, entity_numbers, month_text
from simulator.world.people import COUNTIES

STATISTICS = Department("statistics", organisation="FAKE321000000032")
INDUSTRIAL = "statistics/industrial_month"
THOUSAND = 1000
IN_YUAN = 0.006
"""Share of the reports that are filled in in yuan instead of thousands."""
MONEY = ("output", "revenue", "profit", "value_added", "research")
GROSS_PRODUCT = {2018: {"1": 273.33, "2": 2623.24, "3": 2569.6}, 2019: {"1": 290.4, "2": 2762.3, "3": 2797.4}}
"""100 million yuan of the city by sector; the counties' shares are made up."""


@STATISTICS.table("industrial_month", dirt=(Cell("D32", "entity_name", 0.05), Cell("D20", "energy_tce", 0.01)), copies=0.005)
def reports(registers: Registers) -> pd.DataFrame:
    """Of industrial enterprises with a credit code, in thousand yuan."""
    entities, rng = registers.world.enterprises, registers.world.stream("industrial reports")
    figures = registers.world.economy
    number = entity_numbers(entities, figures["entity_row"].to_numpy())
    rows = figures[figures["reports"] & pd.notna(number)]
    yuan = (rng.random(len(rows)) < IN_YUAN) & (rows["month"].to_numpy() > MONTHS[2])
    yuan &= (rows.groupby("entity_row")["month"].transform("size") >= 20).to_numpy()
    money = {name: numbers(np.round(rows[name].to_numpy() / THOUSAND).astype(np.int64) * np.where(yuan, THOUSAND, 1)) for name in MONEY}
    sent = rows["month"].to_numpy().astype("datetime64[M]").astype("datetime64[D]") + 29
    return pd.DataFrame(
        {
            "uscc": number[rows.index], "month": month_text(rows["month"]),
            "entity_name": entities["name"].to_numpy(dtype=object)[rows["entity_row"]], **money,
            "employees": numbers(rows["persons"].to_numpy()), "energy_tce": decimals(rows["tce"].to_numpy(), 2),
            "report_time": day_text(sent) + " 11:00:00", "_night": rows["night"], "_yuan": yuan,
        }
    )  # fmt: skip


@STATISTICS.finding("reports in yuan", "themes/industry/report_month", "flags", "UNIT")
def in_yuan(registers: Registers) -> pd.Series:
    """Reports that are a thousand times those of the other months."""
    rows = registers.delivered(INDUSTRIAL)
    wrong = rows[rows["_yuan"].astype(bool)]
    return wrong["uscc"] + "|" + wrong["month"]


@STATISTICS.table(
    "gross_product_year", dirt=(Cell("D22", "sector", 0.1, kind=labels({"1": ("一产",), "2": ("第二产业",), "3": ("三产",)})),)
)
def gross_product(registers: Registers) -> pd.DataFrame:
    """Of every county by sector; the shares of the counties stay what they are."""
    rng, counties = registers.world.stream("gross product"), list(COUNTIES)
    share = rng.dirichlet(np.full(len(counties), 8.0))
    parts = [
        pd.DataFrame({"year": str(year), "county6": counties, "sector": sector, "amount": decimals(amount * share, 2)})
        for year, sectors in GROSS_PRODUCT.items()
        for sector, amount in sectors.items()
    ]
    return pd.concat(parts, ignore_index=True).assign(update_time="2019-12-20 10:00:00")
