"""Human resources and social security: pensions, month by month, and those that were stopped for a death."""

from __future__ import annotations

import numpy as np
import pandas as pd

from simulator.basics import as_days, decimals, numbers
from simulator.declare import Department
from simulator.dirt import Cell
from simulator.registers import Registers

HUMAN_RESOURCES = Department("human_resources", organisation="FAKE321000000004")
MONTHS = ("201910", "201911", "201912")
SHARE = 0.8
"""Of the old who draw a pension."""


def _of_deaths(rows: pd.DataFrame) -> np.ndarray:
    """A pension that was stopped is a sign, no more."""
    return np.where(rows["_stop"] & ~rows["_bad_id"], "C", "")


@HUMAN_RESOURCES.table(
    "pension_payment",
    dirt=(
        Cell("D04", "id_no", 0.2),
        Cell("D05", "id_no", 0.008),
        Cell("D03", "id_no", 0.015),
        Cell("D30", "name", 0.01),
        Cell("D35", "amount", 0.005),
    ),
    copies=0.01,
    evidence=_of_deaths,
    newline="\r\n",
)
def pensions(registers: Registers) -> pd.DataFrame:
    """Payments of the last three months (one drop each night) and, with the first, all rows that stopped a pension for death."""
    people, deaths, rng = registers.world.people, registers.world.deaths, registers.world.stream("pensions")
    stop = np.full(len(people), np.datetime64("NaT", "M"))
    heard = deaths[deaths["pension"]]
    stop[heard["at"]] = as_days(heard["stop_month"].to_numpy()).astype("datetime64[M]")
    unheard_of = np.zeros(len(people), dtype=bool)
    unheard_of[deaths.loc[deaths["group"] != "known", "at"]] = True
    died = as_days(people["death"].to_numpy())
    draws = (people["age"].to_numpy() >= 61) & (rng.random(len(people)) < SHARE)
    paid = np.flatnonzero(draws & (np.isnat(died) | (died >= np.datetime64("2019-11-15")) | (unheard_of & np.isnat(stop))))
    amount = np.maximum(180, rng.lognormal(7.2, 0.7, len(people)))
    out = []
    for night, month in enumerate(MONTHS):
        now = paid[~(stop[paid] <= np.datetime64(f"{month[:4]}-{month[4:]}"))]
        out.append(_rows(people, now, month, amount[now], night))
    for night, low, high in ((0, "2012-01", "2019-10"), (1, "2019-11", "2019-11"), (2, "2019-12", "2019-12")):
        now = np.flatnonzero((stop >= np.datetime64(low)) & (stop <= np.datetime64(high)))
        months = np.array([str(m).replace("-", "") for m in stop[now]], dtype=object)
        stopped = _rows(people, now, months, np.zeros(len(now)), night)
        out.append(stopped.assign(stop_flag="1", stop_reason="01", stop_month=months, _stop=True))
    return pd.concat(out, ignore_index=True).sort_values(["_night", "pay_month"], kind="stable", ignore_index=True)


def _rows(people: pd.DataFrame, at: np.ndarray, month: str | np.ndarray, amount: np.ndarray, night: int) -> pd.DataFrame:
    who = people.iloc[at]
    return pd.DataFrame(
        {
            "pay_month": month,
            "person_no": numbers(880_000_000_000 + at),
            "item": "1001",
            "id_no": who["id_no"].to_numpy(),
            "name": who["name"].to_numpy(),
            "amount": decimals(amount, 2),
            "bank_no": numbers(6_210_000_000_000_000 + at, 19),
            "stop_flag": "0",
            "stop_reason": None,
            "stop_month": None,
            "_person": at,
            "_night": night,
            "_stop": False,
        }
    )
