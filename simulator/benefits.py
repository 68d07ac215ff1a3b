"""Citizen cards and pensions.

Here: clean rows of citizen_card/card (a full list each night) and human_resources/pension_payment (months, and the rows
with which a pension was stopped). Not here: dirt.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from simulator.basics import AS_OF, as_days, between, clock_text, day_text, decimals, numbers, office_seconds, only, pick, rates, stream


def cards(people: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Cards of most persons; a few have a second one."""
    rng, n, r = stream(seed, "cards"), len(people), rates()["card"]
    old_enough = as_days(people["birth"].to_numpy()) <= AS_OF - 20
    has = (rng.random(n) < r["coverage"]) & (people["registered"] == 0) & old_enough
    first = np.flatnonzero(has)
    at = np.concatenate([first, first[rng.random(len(first)) < r["second_card"]]])
    m, who = len(at), people.iloc[at]
    birth = as_days(who["birth"].to_numpy())
    latest = np.minimum(np.where(who["death"].isna(), AS_OF - 20, as_days(who["death"].to_numpy()) - 30), AS_OF - 20)
    issued = between(rng, np.minimum(np.maximum(birth, np.datetime64("2008-01-01")), latest), latest)
    changed = between(rng, issued, np.full(m, AS_OF - 10))
    number = numbers(3210_0000_0000 + np.arange(m), 16)
    return pd.DataFrame(
        {
            "card_no": number,
            "card_type": np.where(who["age"] > 65, "C", pick(rng, ["A", "S", "H"], m, [50, 35, 15])),
            "id_type": "01",
            "id_no": who["id_no"].to_numpy(),
            "name": who["name"].to_numpy(),
            "phone": who["phone"].to_numpy(),
            "issue_date": day_text(issued),
            "status": pick(rng, ["1", "0", "2", "3"], m, [92, 4, 2, 2]),
            "health_card_no": only(rng.random(m) < 0.5, "JK" + number),
            "social_card_no": only(rng.random(m) < 0.6, "SB" + number),
            "deposit": decimals(pick(rng, [0, 20], m, [80, 20]).astype(float), 2),
            "photo_ok": pick(rng, ["1", "0"], m, [95, 5]),
            "apply_channel": pick(rng, ["网点", "社区代办", "线上"], m, [50, 35, 15]),
            "update_time": clock_text(changed, office_seconds(rng, m)),
            "_person": at,
            "_night": 0,
        }
    )


def pensions(people: pd.DataFrame, plan: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Payments of the last three months (one drop each night) and, with the first, all rows that stopped a pension for death."""
    rng, r = stream(seed, "pensions"), rates()["pension"]
    stop = np.full(len(people), np.datetime64("NaT", "M"))
    heard = plan[plan["pension"]]
    stop[heard["at"]] = as_days(heard["stop_month"].to_numpy()).astype("datetime64[M]")
    unheard_of = np.zeros(len(people), dtype=bool)
    unheard_of[plan.loc[plan["group"] != "known", "at"]] = True
    died = as_days(people["death"].to_numpy())
    draws = (people["age"].to_numpy() >= 61) & (rng.random(len(people)) < r["share"])
    paid = np.flatnonzero(draws & (np.isnat(died) | (died >= np.datetime64("2019-11-15")) | (unheard_of & np.isnat(stop))))
    amount = np.maximum(180, rng.lognormal(7.2, 0.7, len(people)))
    out = []
    for night, month in enumerate(r["months"]):
        m = np.datetime64(f"{str(month)[:4]}-{str(month)[4:]}")
        now = paid[~(stop[paid] <= m)]
        out.append(_rows(people, now, str(month), amount[now], night))
    for night, low, high in ((0, "2012-01", "2019-10"), (1, "2019-11", "2019-11"), (2, "2019-12", "2019-12")):
        now = np.flatnonzero((stop >= np.datetime64(low)) & (stop <= np.datetime64(high)))
        month = np.array([str(m).replace("-", "") for m in stop[now]], dtype=object)
        stopped = _rows(people, now, month, np.zeros(len(now)), night)
        out.append(stopped.assign(stop_flag="1", stop_reason="01", stop_month=month, _stop=True))
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
