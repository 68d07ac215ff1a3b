"""Human resources and social security: how many employees of each unit are insured, month by month."""

from __future__ import annotations

import numpy as np
import pandas as pd

from simulator.basics import day_text, decimals, numbers
from simulator.departments.human_resources import HUMAN_RESOURCES
from simulator.departments.tax_revenue import MONTH_FORMS
from simulator.dirt import Cell
from simulator.registers import Registers
from simulator.world.economy import entity_numbers, month_text

INSURED = 0.8
"""Share of the persons who work."""


@HUMAN_RESOURCES.table(
    "insured_month",
    dirt=(Cell("D15M", "month", 0.02, kind=MONTH_FORMS), Cell("D32", "unit_name", 0.05), Cell("D20", "paid", 0.02)),
    copies=0.01,
)
def insured_units(registers: Registers) -> pd.DataFrame:
    """Units with a credit code; sole traders insure nobody."""
    entities, figures = registers.world.enterprises, registers.world.economy
    number = entity_numbers(entities, figures["entity_row"].to_numpy())
    kind = entities["kind"].to_numpy(dtype=object)[figures["entity_row"]]
    rows = figures[(kind != "trader") & pd.notna(number)]
    insured = np.floor(rows["persons"].to_numpy() * INSURED).astype(int)
    last = rows["month"].to_numpy().astype("datetime64[M]").astype("datetime64[D]") + 26
    return pd.DataFrame(
        {
            "uscc": number[rows.index], "month": month_text(rows["month"]),
            "unit_name": entities["name"].to_numpy(dtype=object)[rows["entity_row"]], "insured": numbers(insured),
            "paid": decimals(insured * 1_240.5, 2), "update_time": day_text(last) + " 16:30:00", "_night": rows["night"],
        }
    )  # fmt: skip
