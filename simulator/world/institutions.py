"""The health institutions of the demo city and the people who work there.

Here: one township institution per town and a hospital per county, serving and former staff, who may have entered what.
Not here: the records they enter (`departments`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from simulator.basics import NAT, as_days, between, identity_numbers, numbers, office_seconds, pick, stream
from simulator.world.people import draw_names, towns

SERVING = 3  # accounts per institution that serve from before 2009 to this day
FORMER = 2  # accounts per institution that were left between 2012 and 2017


@dataclass(frozen=True)
class Institutions:
    """`codes`: 22-character institution codes, towns first, then hospitals. `serving`, `former`: licence numbers by institution."""

    codes: np.ndarray
    town_index: dict[str, int]
    hospital_of: dict[str, int]
    serving: np.ndarray
    former: np.ndarray
    left: np.ndarray

    def of_towns(self, town: pd.Series) -> np.ndarray:
        """The institution (index) of each town code."""
        return town.map(self.town_index).to_numpy()

    def hospitals(self, county6: pd.Series) -> np.ndarray:
        """The hospital (index) of each county."""
        return county6.map(self.hospital_of).to_numpy()

    def doctor(self, rng: np.random.Generator, institution: np.ndarray) -> np.ndarray:
        """A serving member of each institution."""
        return self.serving[institution, rng.integers(0, SERVING, len(institution))]

    def departed(self, rng: np.random.Generator, institution: np.ndarray, day: np.ndarray) -> np.ndarray:
        """An account of each institution whose holder had left before the day (2018 at the latest); None where none had."""
        at = rng.integers(0, FORMER, len(institution))
        departed = self.left[institution, at] < as_days(day)
        return np.where(
            departed, self.former[institution, at], np.where(self.left[institution, 0] < as_days(day), self.former[institution, 0], None)
        )


def institutions(seed: int) -> tuple[Institutions, pd.DataFrame]:
    """The institutions, and everybody who has an account there.

    Columns: licence_no, id_no, name, org_code, title, scope, start, left (days, NaT while serving), changed (day of the last change of
    the account) and changed_at (second of that day).
    """
    rng = stream(seed, "staff")
    town = towns()["code"].tolist()
    counties = sorted({c[:6] for c in town})
    places = [c[:6] for c in town] + counties
    n = len(places)
    codes = (
        "FAKE" + numbers(np.arange(n) + 1, 5) + np.array(places, dtype=object) + "11" + np.where(np.arange(n) < len(town), "B1000", "A1000")
    )
    per = SERVING + FORMER
    institution = np.repeat(np.arange(n), per)
    former = np.tile(np.arange(per) >= SERVING, n)
    m = n * per
    licence = "1103210" + numbers(10_000_000 + np.arange(m))
    start = between(rng, np.full(m, np.datetime64("1992-01-01")), np.full(m, np.datetime64("2008-06-01")))
    first = np.where(np.tile(np.arange(per) == SERVING, n), np.datetime64("2012-01-01"), np.datetime64("2014-01-01"))
    left = np.where(former, between(rng, first, first + 500), NAT)
    sex = pick(rng, ["1", "2"], m)
    birth = start - rng.integers(23 * 366, 35 * 366, m)
    changed = np.where(former, left, between(rng, np.full(m, np.datetime64("2018-01-01")), np.full(m, np.datetime64("2019-12-20"))))
    rows = pd.DataFrame(
        {
            "licence_no": licence,
            "id_no": identity_numbers(birth, 400 + 2 * (np.arange(m) % 140) + (sex == "1")),
            "name": draw_names(rng, sex),
            "org_code": codes[institution],
            "title": pick(rng, ["主任医师", "副主任医师", "主治医师", "医师", "护师"], m, [1, 3, 6, 8, 4]),
            "scope": pick(rng, ["全科医学", "内科", "公共卫生", "护理", "中医"], m),
            "start": start,
            "left": left,
            "changed": changed,
            "changed_at": office_seconds(rng, m),
        }
    )
    grid = licence.reshape(n, per)
    return Institutions(
        codes,
        {c: i for i, c in enumerate(town)},
        {c: len(town) + i for i, c in enumerate(counties)},
        grid[:, :SERVING],
        grid[:, SERVING:],
        left.reshape(n, per)[:, SERVING:],
    ), rows
