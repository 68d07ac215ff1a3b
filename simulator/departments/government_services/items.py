"""The list of items: what each county's departments offer, with the versions of former years."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from simulator.basics import numbers, only
from simulator.departments.government_services import GOVERNMENT_SERVICES
from simulator.dirt import NUMBER_LEFT_OUT, Cell, Older, labels
from simulator.registers import Registers
from simulator.rejects import Number, Rejected
from simulator.world.enterprises import credit_codes, organisation_codes
from simulator.world.people import COUNTIES

AGENCIES_FROM = 600_000
"""Serial numbers of the organisation codes of departments; enterprises have the lower ones."""
TYPES = {
    "01": ("行政许可", "许可"),
    "02": ("行政处罚",),
    "05": ("行政给付", "给付"),
    "06": ("行政检查",),
    "07": ("行政确认",),
    "20": ("公共服务",),
}
"""The workbook has the names of types."""
REVISED = "2019-01-01"
EVERY = 5
"""Every fifth item was revised in 2019: before, twice as many days were promised."""


@cache
def kinds() -> pd.DataFrame:
    """The kinds of items, as texts; `weight`: how often they are asked for."""
    return pd.read_csv(Path(__file__).with_name("items.csv"), dtype=str, keep_default_na=False, encoding="utf-8").replace("", None)


def agency_codes(county6: np.ndarray, agency: np.ndarray) -> np.ndarray:
    """The credit codes of departments (invented), by county and name."""
    counties, agencies = list(COUNTIES), sorted(kinds()["agency"].unique())
    serial = np.array([AGENCIES_FROM + 100 * counties.index(c) + agencies.index(a) for c, a in zip(county6, agency, strict=True)])
    return credit_codes(np.full(len(serial), "11", dtype=object), organisation_codes(serial))


@GOVERNMENT_SERVICES.table(
    "item",
    dirt=(
        Cell("D22", "item_type", 1.0, kind=labels(TYPES)),
        Cell("D22", "project_type", 0.1, kind=labels({"PROMISED": ("承诺件", "2"), "IMMEDIATE": ("即办件", "1")})),
        Cell("D22", "day_unit", 0.05, kind=labels({"WORKDAY": ("工作日",), "CALENDAR": ("自然日", "天")})),
        Cell("MISSING", "promise_days", 0.04, kind=NUMBER_LEFT_OUT),
        Cell("D15X", "valid_from", 0.05),
        Cell("D02", "name", 0.02),
    ),
    older=Older("update_time", 0.02, {"max_visits": "2"}),
    copies=0.01,
    rejected=(Rejected("UNKNOWN_CODE", "project_type", 0.002), Rejected("IMPOSSIBLE", "valid_from", 0.002)),
    number=Number("item_code", 20),
)
def items(registers: Registers) -> pd.DataFrame:
    """Every kind of item in every county, the same list each night."""
    offered = pd.DataFrame({"county6": list(COUNTIES)}).merge(kinds(), how="cross")
    n = len(offered)
    department = agency_codes(offered["county6"].to_numpy(), offered["agency"].to_numpy())
    kind = np.tile(np.arange(len(kinds())) + 1, len(COUNTIES))
    rows = offered.assign(
        item_code=department + offered["item_type"].to_numpy(dtype=object) + numbers(kind, 11),
        item_version="1",
        department=department,
        level="4",
        division=offered["county6"] + "000000",
        valid_from="2016-03-01",
        valid_to=None,
        update_time="2018-12-20 10:00:00",
    )
    revised = (np.arange(n) % EVERY == 0) & (rows["project_type"] == "PROMISED").to_numpy()
    later = rows[revised].assign(item_version="2", valid_from=REVISED)
    twice = rows["promise_days"].astype(int) * 2
    before = np.minimum(twice, rows["law_days"].astype(int))
    rows["valid_to"] = only(revised, "2018-12-31")
    rows["promise_days"] = np.where(revised, before.astype(str), rows["promise_days"])
    return pd.concat([rows, later]).sort_values(["item_code", "item_version"], ignore_index=True)
