"""Deaths as the health department certifies them and as the funeral homes see them.

Here: clean rows of health/death_certificate (with later corrections) and civil_affairs/cremation. Not here: the police
(police.py), pensions (benefits.py), dirt.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from simulator.basics import as_days, clock_text, counts, day_text, night_of, numbers, office_seconds, only, pick, rates, stream
from simulator.evidence import strangers
from simulator.people import draw_names, draw_phones
from simulator.staff import Institutions

CAUSES = {
    "I63.9": "脑梗死",
    "I61.9": "脑出血",
    "I21.9": "急性心肌梗死",
    "C34.9": "肺恶性肿瘤",
    "C16.9": "胃恶性肿瘤",
    "J44.9": "慢性阻塞性肺病",
    "R54": "衰老",
}


def certificates(people: pd.DataFrame, plan: pd.DataFrame, wronged: np.ndarray, places: Institutions, seed: int) -> pd.DataFrame:
    """Death certificates; corrected ones come twice, the older version with another day of death."""
    rng = stream(seed, "certificates")
    known = plan[plan["certificate"]]
    at = np.concatenate([known["at"].to_numpy(), wronged])
    n, k = len(at), len(wronged)
    death = np.concatenate([as_days(known["death"].to_numpy()), np.datetime64("2019-05-01") + rng.integers(0, 90, k)])
    reported = np.concatenate([as_days(known["reported"].to_numpy()), death[n - k :] + 3])
    name = people["name"].to_numpy(dtype=object)[at]
    name[n - k :] = strangers(people, wronged, people["name"].to_numpy(dtype=object)[::-1])
    who = people.iloc[at]
    moment = rng.integers(0, 86_400, n)
    moment = np.where(reported == death, moment // 3, moment)  # before the office that hears of it opens
    icd = pick(rng, list(CAUSES), n, [20, 12, 14, 18, 12, 10, 14])
    rows = pd.DataFrame(
        {
            "cert_no": "32" + numbers(death.astype("datetime64[Y]").astype(int) + 1970) + numbers(np.arange(n) + 1, 8),
            "name": name,
            "id_type": "01",
            "id_no": who["id_no"].to_numpy(),
            "sex_code": who["sex"].to_numpy(),
            "birth_date": day_text(who["birth"].to_numpy()),
            "death_datetime": clock_text(death, moment),
            "death_place_code": pick(rng, ["1", "3", "4", "8"], n, [25, 62, 10, 3]),
            "home_addr": who["address"].to_numpy(),
            "hukou_addr": who["address"].to_numpy(),
            "cause_a": pd.Series(icd).map(CAUSES),
            "underlying_icd10": icd,
            "report_org": places.codes[places.of_towns(who["town"])],
            "report_date": day_text(reported),
            "kin_name": draw_names(rng, pick(rng, ["1", "2"], n)),
            "kin_phone": draw_phones(rng, n),
            "update_time": clock_text(reported, office_seconds(rng, n)),
            "_person": at,
            "_night": night_of(reported),
            "_wrong": np.arange(n) >= n - k,
        }
    )
    return _with_corrections(rng, rows, death, reported, len(people)).sort_values("update_time", kind="stable", ignore_index=True)


def _with_corrections(rng: np.random.Generator, rows: pd.DataFrame, death: np.ndarray, reported: np.ndarray, n_people: int) -> pd.DataFrame:
    settled = np.flatnonzero((reported < np.datetime64("2019-09-01")) & ~rows["_wrong"].to_numpy())
    chosen = rng.choice(settled, counts(rates()["deaths"]["corrected_certificates"], n_people, 3), replace=False)
    first = rows.iloc[chosen].copy()
    first["death_datetime"] = clock_text(death[chosen] - rng.integers(1, 6, len(chosen)), rng.integers(0, 86_400, len(chosen)))
    corrected = reported[chosen] + rng.integers(10, 60, len(chosen))
    corrected[:3] = np.datetime64("2019-12-30") + np.array([0, 1, 1])
    rows.loc[chosen, "update_time"] = clock_text(corrected, office_seconds(rng, len(chosen)))
    rows.loc[chosen, "_night"] = night_of(corrected)
    return pd.concat([rows, first], ignore_index=True).query("_night >= 0")


def cremations(people: pd.DataFrame, plan: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Cremations; the day of death is what the family says, sometimes a few days off, sometimes not stated."""
    rng = stream(seed, "cremations")
    known = plan[plan["cremation"]]
    at, n = known["at"].to_numpy(), len(known)
    who, death, cremated = people.iloc[at], as_days(known["death"].to_numpy()), as_days(known["cremated"].to_numpy())
    said = np.where(rng.random(n) < 0.02, death + 1, death)
    age = ((death - as_days(who["birth"].to_numpy())).astype(int) / 365.25).astype(int)
    rows = pd.DataFrame(
        {
            "cremation_no": "HH" + numbers(cremated.astype("datetime64[Y]").astype(int) + 1970) + numbers(np.arange(n) + 1, 6),
            "deceased_name": who["name"].to_numpy(),
            "id_no": who["id_no"].to_numpy(),
            "sex_code": who["sex"].to_numpy(),
            "age": numbers(age),
            "death_date": only(rng.random(n) < 0.97, day_text(said)),
            "cremation_date": day_text(cremated),
            "death_reason": pick(rng, ["疾病", "年老", "意外"], n, [70, 25, 5]),
            "home_addr": who["address"].to_numpy(),
            "kin_name": draw_names(rng, pick(rng, ["1", "2"], n)),
            "kin_phone": draw_phones(rng, n),
            "kin_rel": pick(rng, ["子", "女", "配偶", "孙子"], n),
            "funeral_home": people["county6"].map(lambda c: f"{c}殡仪馆").to_numpy()[at],
            "_person": at,
            "_night": night_of(cremated),
        }
    )
    return rows[rows["_night"] >= 0].sort_values("cremation_date", kind="stable", ignore_index=True)
