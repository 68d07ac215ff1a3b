"""The development and reform commission: large projects, with the investment planned for the year and done month by month."""

from __future__ import annotations

import numpy as np
import pandas as pd

from simulator.basics import as_days, counts, day_text, decimals, numbers, pick
from simulator.declare import Department
from simulator.dirt import Cell, labels, unit
from simulator.registers import Registers
from simulator.world.economy import MONTHS, entity_numbers, month_text

DEVELOPMENT_REFORM = Department("development_reform", organisation="FAKE321000000033")
YEAR = MONTHS[-12:]
MOST = 10_000_000
"""10,000 yuan: more is yuan."""


@DEVELOPMENT_REFORM.table(
    "project",
    dirt=(
        Cell("D19", "total", 0.01, kind=unit(lambda value: f"{value * 10_000:.0f}", least=MOST / 10_000 + 1)),
        Cell("D15X", "start_date", 0.05),
        Cell("D22", "state", 0.1, kind=labels({"BUILDING": ("在建", "建设中"), "DONE": ("竣工",)})),
    ),
)
def projects(registers: Registers) -> pd.DataFrame:
    """Projects of the year of companies, a row for each month from their start; the list of every night has a month more."""
    entities, rng = registers.world.enterprises, registers.world.stream("projects")
    companies = entities.index[(entities["kind"] == "company") & entities["uscc"].notna() & entities["ended"].isna()].to_numpy()
    n = min(len(companies), counts(120, len(registers.world.people), 10))
    owner = rng.choice(companies, n, replace=False)
    total = rng.lognormal(10.2, 1.0, n)
    start = as_days(np.datetime64("2018-06-01") + rng.integers(0, 400, n))
    finish = start + rng.integers(300, 1100, n)
    plan = np.minimum(total, total * rng.uniform(0.3, 0.7, n))
    name = entities["name"].to_numpy(dtype=object)[owner] + pick(rng, ["新建厂房项目", "技术改造项目", "研发中心项目"], n)
    parts = []
    for at, month in enumerate(YEAR):
        begun = start.astype("datetime64[M]") <= month
        done = np.where(begun, plan / 12 * rng.uniform(0.5, 1.4, n), 0.0)
        state = np.where(~begun, "PLANNED", np.where(finish.astype("datetime64[M]") < month, "DONE", "BUILDING"))
        parts.append(
            pd.DataFrame(
                {
                    "project_no": "XM" + numbers(np.arange(n) + 1, 6), "month": month_text(np.full(n, month)),
                    "project_name": name, "uscc": entity_numbers(entities, owner),
                    "county6": entities["county6"].to_numpy(dtype=object)[owner],
                    "state": state.astype(object), "start_date": day_text(start), "finish_date": day_text(finish),
                    "total": decimals(total, 2), "year_plan": decimals(plan, 2), "done": decimals(done, 2),
                    "update_time": day_text(np.full(n, month).astype("datetime64[D]") + 27) + " 15:00:00",
                    "_night": max(0, at - len(YEAR) + 3),
                }
            )
        )  # fmt: skip
    return pd.concat(parts, ignore_index=True)
