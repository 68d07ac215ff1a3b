"""The list of everybody who has an account at an institution of health."""

from __future__ import annotations

import numpy as np
import pandas as pd

from simulator.basics import clock_text, day_text
from simulator.departments.health import HEALTH
from simulator.dirt import Cell, Older
from simulator.registers import Registers
from simulator.rejects import Number, Rejected


@HEALTH.table(
    "staff",
    dirt=(Cell("D04", "id_no", 0.2), Cell("D02", "name", 0.03), Cell("D14", "start_date", 0.02)),
    older=Older("update_time", 0.02, {"title": "医师"}),
    copies=0.01,
    rejected=(Rejected("UNKNOWN_CODE", "status", 0.0003),),
    number=Number("licence_no", 7),
)
def staff(registers: Registers) -> pd.DataFrame:
    """The same full list every night."""
    rows = registers.world.staff
    return rows.assign(
        status=np.where(rows["left"].isna(), "1", "0"),
        start_date=day_text(rows["start"].to_numpy()),
        leave_date=day_text(rows["left"].to_numpy()),
        update_time=clock_text(rows["changed"].to_numpy(), rows["changed_at"].to_numpy()),
    )
