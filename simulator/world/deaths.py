"""The deaths: who is told of each, and when; and the living who are mistaken for somebody who has died.

Here: what happens. Not here: the rows of registers (`departments`).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from simulator.basics import AS_OF, FIRST_NIGHT, as_days, counts, pick, rates, stream


def deaths(people: pd.DataFrame, seed: int) -> pd.DataFrame:
    """One row per dead person: their day, and who gets to know of it.

    Columns: at (row of the person), death, group (known, pension, flag, none), certificate, cancellation, cremation, pension
    (does that department get to know), cancellation_dated (did the family state the date), and the days reported,
    cancelled, cremated, stop_month (first day of the month without pension).
    """
    rng, r = stream(seed, "evidence"), rates()["deaths"]
    at = np.flatnonzero(people["death"].notna().to_numpy())
    death = as_days(people["death"].to_numpy()[at])
    n = len(at)
    old = (death - as_days(people["birth"].to_numpy()[at])).astype(int) / 365.25 >= 60.5
    group = pick(rng, ["pension", "flag", "none", "known"], n, [r["only_pension"], r["only_archive_flag"], r["no_evidence"], 0.93])
    recent = death > np.datetime64("2019-10-01")
    group = np.where(recent | ((group == "pension") & ~old), "known", group)
    known = group == "known"
    of_the_nights = death >= np.datetime64("2019-12-28")
    certificate = known & ((rng.random(n) < r["certificate"]) | of_the_nights)
    cancellation = known & (rng.random(n) < r["cancellation"])
    cremation = known & ((rng.random(n) < r["cremation"]) | of_the_nights)
    certificate |= known & ~cancellation & ~cremation
    fresh = death >= np.datetime64("2019-12-20")
    reported = death + np.where(fresh, rng.integers(0, 2, n), rng.integers(0, 11, n))
    cancelled = death + np.maximum(1, np.exp(rng.normal(np.log(25), 1.0, n))).astype(int)
    settled = np.flatnonzero(cancellation & (death < np.datetime64("2019-12-20")))
    cancelled[settled[np.argsort(death[settled])[-2:]]] = FIRST_NIGHT + np.array([1, 2])
    return pd.DataFrame(
        {
            "at": at,
            "death": death,
            "group": group,
            "certificate": certificate,
            "cancellation": cancellation,
            "cremation": cremation,
            "pension": old & ((group == "pension") | (known & (rng.random(n) < r["pension_stop"]))),
            "cancellation_dated": rng.random(n) < r["cancellation_with_date"],
            "reported": reported,
            "cancelled": cancelled,
            "cremated": death + np.where(fresh, 1, rng.integers(1, 5, n)),
            "stop_month": (death.astype("datetime64[M]") + 1 + (rng.random(n) < 0.1) * rng.integers(1, 5, n)).astype("datetime64[D]"),
        }
    )


def strangers(people: pd.DataFrame, at: np.ndarray, names: np.ndarray) -> np.ndarray:
    """For each person a name that shares no character with theirs, taken from `names`."""
    wanted = [set(n) | set(f or "") for n, f in zip(people["name"].to_numpy()[at], people["former_name"].to_numpy()[at], strict=True)]
    return np.array([next(x for x in np.roll(names, -7 * i) if len(x) == 3 and not set(x) & w) for i, w in enumerate(wanted)], dtype=object)


def mistaken(people: pd.DataFrame, seed: int) -> np.ndarray:
    """Living persons under whose number another person's death is written down."""
    rng, n = stream(seed, "wronged"), max(2, counts(rates()["deaths"]["wrong_identity"], len(people)))
    alive = people["death"].isna() & people["moved_out"].isna() & (people["registered"] == 0)
    adult = (AS_OF - as_days(people["birth"].to_numpy())).astype(int) > 40 * 365
    return rng.choice(np.flatnonzero(alive & adult), n, replace=False)
