"""The people of the demo city: who they are, where they live, who has died or moved. This is the truth.

Here: identities, names, households, addresses, days of death and of moving out. Not here: what any department knows
or believes of them (registers, archives, services) and what it has written down wrongly (dirt).
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from simulator.basics import AS_OF, NAT, as_days, between, counts, identity_numbers, numbers, only, pick, rates, stream

HERE = Path(__file__).parent
COUNTIES = {
    "321002": "广陵区",
    "321003": "邗江区",
    "321012": "江都区",
    "321023": "宝应县",
    "321071": "经济技术开发区",
    "321081": "仪征市",
    "321084": "高邮市",
}
ROADS = ("文昌路", "淮海路", "运河路", "龙川路", "彩衣街", "解放路", "人民路", "扬子江路", "通泗街", "汶河路")
COMPOUNDS = ("翠岗新村", "康乐花园", "荷花苑", "兰庄家园", "锦绣花园", "梅香苑", "运河人家", "新城名苑")
VILLAGES = ("新民", "红星", "前进", "建新", "联合", "双桥", "朱庄", "沈营", "高桥", "永丰", "新河", "东风", "杨庄", "许巷")
YOUNGEST = 15  # days before the last night; persons born later are not in the register of the first one
INVENTED_FROM = 11  # years: archives are invented from 2009 on, for persons born before
MOBILE_PREFIXES = (
    "130",
    "131",
    "132",
    "135",
    "136",
    "137",
    "138",
    "139",
    "150",
    "151",
    "152",
    "157",
    "158",
    "159",
    "180",
    "181",
    "182",
    "186",
    "187",
    "188",
    "189",
)


@cache
def name_lists() -> dict:
    return yaml.safe_load((HERE / "names.yaml").read_text(encoding="utf-8"))


def towns() -> pd.DataFrame:
    """The towns of the city: code, name, residents_10k (weight)."""
    return pd.read_csv(HERE / "towns.csv", dtype={"code": str, "name": str}, encoding="utf-8")


def draw_names(rng: np.random.Generator, sex: np.ndarray) -> np.ndarray:
    """Names of one or two given characters, by sex ('1' male, '2' female)."""
    lists, n = name_lists(), len(sex)
    surname = pick(rng, list(lists["surnames"]), n, list(lists["surnames"].values()))
    male, female = np.array(lists["male"], dtype=object), np.array(lists["female"], dtype=object)
    first, second = rng.integers(0, len(male), n), rng.integers(0, len(male), n)
    two = rng.random(n) < 0.78
    given = np.where(sex == "1", male[first], female[first]) + np.where(two, np.where(sex == "1", male[second], female[second]), "")
    return surname + given


def draw_phones(rng: np.random.Generator, n: int) -> np.ndarray:
    """Mobile numbers of the reserved block 1XX 0000 XXXX."""
    return pick(rng, MOBILE_PREFIXES, n) + "0000" + numbers(rng.integers(1000, 10_000, n))


def unused_numbers(people: pd.DataFrame, rng: np.random.Generator, n: int) -> pd.DataFrame:
    """Valid numbers that no person has (sequences from 700 on are never issued): columns id_no, birth, sex."""
    at = rng.choice(np.flatnonzero(people["age"] > INVENTED_FROM), n)
    birth = as_days(people["birth"].to_numpy())[at]
    sex = people["sex"].to_numpy()[at]
    order = pd.Series(birth).groupby(birth).cumcount().to_numpy()
    return pd.DataFrame({"id_no": identity_numbers(birth, 700 + 2 * order + (sex == "1")), "birth": birth, "sex": sex})


def _births_and_deaths(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Birth, death and the night of the first registration (0 for all but the newborn of the last two nights)."""
    r = rates()
    bands = r["ages"]
    band = rng.choice(len(bands), n, p=np.array([b[2] for b in bands]) / sum(b[2] for b in bands))
    low, high = np.array([b[0] for b in bands])[band], np.array([b[1] for b in bands])[band]
    age_days = np.maximum(((low + rng.random(n) * (high - low)) * 365.25).astype(int), YOUNGEST)
    death = np.full(n, NAT)
    dead = rng.random(n) < r["deaths"]["share_dead"]
    dead[: counts(r["deaths"]["in_the_nights"], n, 3)] = True
    first = np.datetime64(r["deaths"]["first_day"])
    death[dead] = between(rng, np.full(dead.sum(), first), np.full(dead.sum(), AS_OF))
    fresh = np.flatnonzero(dead)[: counts(r["deaths"]["in_the_nights"], n, 3)]
    death[fresh] = np.datetime64("2019-12-28") + np.arange(len(fresh)) % 3
    at_death = np.clip(rng.normal(79, 11, n), 20, 103)
    birth = AS_OF - age_days
    birth[dead] = death[dead] - (at_death[dead] * 365.25).astype(int)
    registered = np.zeros(n, dtype=int)
    newborn = np.arange(len(fresh), len(fresh) + 2 * counts(r["changes"]["births"], n, 2))
    death[newborn] = NAT
    birth[newborn] = np.datetime64("2019-11-20") + np.arange(len(newborn)) % 30
    registered[newborn] = 1 + np.arange(len(newborn)) % 2
    return birth.astype("datetime64[D]"), death, registered


def _places(rng: np.random.Generator, n: int) -> pd.DataFrame:
    t = towns()
    town = rng.choice(len(t), n, p=t["residents_10k"].to_numpy() / t["residents_10k"].sum())
    village = np.minimum(rng.geometric(0.12, n), 14)
    code, name = t["code"].to_numpy(dtype=object)[town], t["name"].to_numpy(dtype=object)[town]
    urban = np.array([c[6] == "0" for c in t["code"]])[town]
    committee = urban | (village <= 3)
    nbs = np.where(committee, village, 200 + village)
    ehr = np.where(committee, village, 100 + village)
    return pd.DataFrame(
        {
            "town": code,
            "town_name": name,
            "county6": np.array([c[:6] for c in t["code"]], dtype=object)[town],
            "urban": urban,
            "village12": code + numbers(nbs, 3),
            "ehr_village": code + numbers(ehr, 3),
            "village_name": np.array(VILLAGES, dtype=object)[village - 1] + np.where(committee, "社区", "村"),
        }
    )


def _addresses(rng: np.random.Generator, p: pd.DataFrame) -> np.ndarray:
    n = len(p)
    county = p["county6"].map(COUNTIES).to_numpy(dtype=object)
    area = "江苏省扬州市" + county + p["town_name"].to_numpy(dtype=object)
    flat = pick(rng, COMPOUNDS, n) + numbers(rng.integers(1, 40, n)) + "幢" + numbers(rng.integers(1, 5, n)) + "单元"
    flat = flat + numbers(rng.integers(1, 7, n)) + "0" + numbers(rng.integers(1, 5, n)) + "室"
    street = pick(rng, ROADS, n) + numbers(rng.integers(1, 300, n)) + "号"
    rural = p["village_name"].to_numpy(dtype=object) + numbers(rng.integers(1, 20, n)) + "组" + numbers(rng.integers(1, 90, n)) + "号"
    return area + np.where(p["urban"], np.where(rng.random(n) < 0.6, flat, street), rural)


def _households(rng: np.random.Generator, p: pd.DataFrame) -> pd.DataFrame:
    """Neighbours of one village in households of one to five; the eldest is the head. One address per household."""
    n = len(p)
    order = np.lexsort((rng.random(n), p["village12"].to_numpy(dtype=str)))
    household = np.empty(n, dtype=np.int64)
    household[order] = np.cumsum(rng.random(n) < 1 / 2.8)
    p["hukou_no"] = "09" + numbers(household, 10)
    eldest = p.sort_values("birth", kind="stable").drop_duplicates("hukou_no").set_index("hukou_no")
    p["head"] = p.index.isin(p.sort_values("birth", kind="stable").drop_duplicates("hukou_no").index)
    p["address"] = p["hukou_no"].map(eldest["address"])
    gap = (as_days(p["birth"].to_numpy()) - as_days(p["hukou_no"].map(eldest["birth"]).to_numpy())).astype(int) / 365.25
    child = np.where(p["sex"] == "1", "2", "3")
    p["relation"] = np.where(p["head"], "0", np.where(gap < 16, "1", np.where(gap < 42, child, "4")))
    return p


def people(n: int, seed: int, first_number: int) -> pd.DataFrame:
    """The population: one row per person, index 0..n-1.

    Columns: person, id_no, name, former_name, sex, birth, death, moved_out (days, NaT when not), registered (night), county6,
    town, village12 (statistical digits), ehr_village (archive digits), hukou_no, head, relation, address, phone, ethnic,
    marital, education.
    """
    rng = stream(seed, "people")
    birth, death, registered = _births_and_deaths(rng, n)
    p = _places(rng, n)
    p.insert(0, "person", "P" + numbers(np.arange(n) + 1, 7))
    p["sex"] = pick(rng, ["1", "2"], n, [0.505, 0.495])
    p["birth"], p["death"], p["registered"] = birth, death, registered
    order = p.groupby("birth").cumcount().to_numpy()
    p["id_no"] = identity_numbers(birth, first_number + 2 * order + (p["sex"].to_numpy() == "1"))
    p["name"] = _special_names(rng, draw_names(rng, p["sex"].to_numpy()))
    p["former_name"] = only(rng.random(n) < rates()["former_name"], draw_names(rng, p["sex"].to_numpy()))
    leaves = (rng.random(n) < rates()["moved_out"]) & np.isnat(death) & ((AS_OF - birth).astype(int) > 6 * 365)
    p["moved_out"] = np.where(leaves, between(rng, np.full(n, np.datetime64("2015-01-01")), np.full(n, np.datetime64("2019-12-27"))), NAT)
    lately = np.flatnonzero(leaves)[: 2 * counts(rates()["changes"]["residents_moved"], n)]
    p.loc[lately, "moved_out"] = np.datetime64("2019-12-30") + np.arange(len(lately)) % 2
    age = (AS_OF - birth).astype(int) / 365.25
    p["age"] = age
    p["phone"] = draw_phones(rng, n)
    p["ethnic"] = pick(rng, ["01", "03", "11", "15", "06", "05"], n, [98.6, 0.8, 0.2, 0.2, 0.1, 0.1])
    p["marital"] = np.where(
        age < 23, "10", np.where(age > 75, pick(rng, ["20", "30"], n), pick(rng, ["20", "21", "10", "40"], n, [60, 25, 10, 5]))
    )
    p["education"] = np.where(
        age < 12, "90", np.where(age > 60, pick(rng, ["70", "80", "90"], n), pick(rng, ["20", "30", "60", "70"], n, [20, 20, 25, 35]))
    )
    p["address"] = _addresses(rng, p)
    return _households(rng, p)


def _special_names(rng: np.random.Generator, names: np.ndarray) -> np.ndarray:
    """A few names with a middle dot, a few with characters older systems lack."""
    lists, n = name_lists(), len(names)
    dotted = rng.random(n) < rates()["middle_dot_names"]
    names[dotted] = pick(rng, lists["middle_dot"], int(dotted.sum()))
    rare = (rng.random(n) < rates()["rare_names"]) & ~dotted
    last = slice(n - counts(4, n, 2), n)
    rare[last] = ~dotted[last]
    names[rare] = np.array([x[0] for x in names[rare]], dtype=object) + pick(rng, lists["rare"], int(rare.sum()))
    return names
