"""The electronic licences of the demo city: who got which, when it was replaced, and when it ended. This is the truth.

Here: types (licence_types.csv), holders, identifiers, versions, ends that the issuer has written down or forgotten. Not here: what any
register says and what is wrong in it (`departments`). Licences are issued from 2008 on.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from simulator.basics import AS_OF, FIRST_NIGHT, NAT, as_days, between, credit_code, numbers, stream
from simulator.world.enterprises import ALPHANUMERIC, places_in
from simulator.world.people import unused_numbers

FIRST = np.datetime64("2008-01-01")
PREFIX, YEAR = "1.2.156.3005.2.", 365
ISSUERS = {
    "public_security": ("FAKE0003", "扬州市公安局"), "civil_affairs": ("FAKE0004", "扬州市民政局"),
    "staffing": ("FAKE0023", "扬州市事业单位登记管理局"),
    "human_resources": ("FAKE0006", "扬州市人力资源和社会保障局"), "market_regulation": ("FAKE0021", "扬州市市场监督管理局"),
}  # fmt: skip
"""Issuer -> the beginning of its organisation code, and its name."""
REISSUED, NEW_SERIAL, FORGOTTEN, DOUBLED, UNKNOWN, WITHDRAWN, SUSPENDED, MISCHECKED = 0.7, 0.4, 0.2, 0.02, 0.01, 0.01, 0.01, 0.01
"""Shares: of licences that end, those replaced; of these, under a new serial; of ends, those that the issuer has forgotten to write down;
of valid ones of a unique type, those issued twice; of holders, those whom no register knows; of
valid ones, those withdrawn and suspended; of identifiers, those whose check character the issuer has reckoned wrongly."""
UNTOLD = 0.4
"""Share of the ends of holders of which the issuer has not heard."""
SETTLED = np.datetime64("2019-09-01")
"""The ends of holders since then have always been written down."""
VALID, SUSPENDED_STATE, WITHDRAWN_STATE, CANCELLED, OVER = "01", "02", "03", "04", "05"


@cache
def types() -> pd.DataFrame:
    """The types of licences: the columns of licence_types.csv, type_code, issuer_uscc, issuer_name, listed (all but the last)."""
    found = pd.read_csv(Path(__file__).with_name("licence_types.csv"), dtype={"type_no": str, "unique": str}, encoding="utf-8")
    definer = [credit_code("11100000", body) for body in found["definer"]]
    issuer = [credit_code("11321000", ISSUERS[name][0]) for name in found["issuer"]]
    return found.assign(
        type_code=np.char.add(np.array(definer), found["type_no"].to_numpy(dtype=str)),
        issuer_uscc=issuer,
        issuer_name=[ISSUERS[name][1] for name in found["issuer"]],
        listed=found.index < len(found) - 1,
    )


def check_characters(body: np.ndarray) -> np.ndarray:
    """The check characters of texts of one length by ISO 7064 MOD 37,36."""
    product = np.full(len(body), 36)
    for place in places_in(body, ALPHANUMERIC).T:
        step = (product + place) % 36
        product = 2 * np.where(step == 0, 36, step) % 37
    return np.array(list(ALPHANUMERIC), dtype=object)[(37 - product) % 36]


def identifiers(type_code: np.ndarray, issuer: np.ndarray, serial: np.ndarray, version: np.ndarray) -> np.ndarray:
    """Identifiers of licences (GB/T 36904) from their parts, whose texts have one length each."""
    parts = [np.asarray(p, dtype=object) for p in (type_code, issuer, serial, version)]
    check = check_characters(parts[0] + parts[1] + parts[2] + parts[3])
    return PREFIX + parts[0] + "." + parts[1] + "." + parts[2] + "." + parts[3] + "." + check


def licences(people: pd.DataFrame, enterprises: pd.DataFrame, seed: int) -> pd.DataFrame:
    """One row per version of a licence, index 0..n-1.

    Columns: those of its type (`types`); person, entity (rows of the holder, -1), holder_no (of a holder in no register, else None),
    holder_end (day, NaT); certificate_no, version, licence_id, wrong_check (of it); issued, valid_to (NaT: without an end), previous (row
    of the one that it replaces, -1), stated (it says so); state (of the register, at the end), changed (day of its last change).
    """
    rng = stream(seed, "licences")
    first = pd.concat([_holders(rng, t, people, enterprises) for t in types().to_dict("records")], ignore_index=True)
    rows, made = [first.assign(version=1, previous=-1, stated=False, serial=np.arange(len(first)))], first
    for _ in range(2):
        made = _replacements(rng, rows[-1], sum(map(len, rows)))
        rows.append(made)
    every = pd.concat(rows, ignore_index=True)
    every = pd.concat([every, _doubles(rng, every)], ignore_index=True)
    every["replaced"] = every.index.isin(every["previous"])
    return _with_unknown(rng, _with_identifiers(rng, _with_states(rng, every)), people)


def _holders(rng: np.random.Generator, kind: dict[str, object], people: pd.DataFrame, enterprises: pd.DataFrame) -> pd.DataFrame:
    """The holders of a type, and the day of issue: of age, alive, existing."""
    if kind["holder_kind"] == "PERSON":
        born, end = as_days(people["birth"].to_numpy()) + int(str(kind["least_age"])) * YEAR, as_days(people["death"].to_numpy())
        could = (people["registered"] == 0).to_numpy()
    else:
        born, end = as_days(enterprises["born"].to_numpy()), as_days(enterprises["ended"].to_numpy())
        institution = (enterprises["kind"] == "institution").to_numpy()
        own = institution if kind["issuer"] == "staffing" else ~institution & (enterprises["kind"] != "association").to_numpy()
        could = own & (enterprises["uscc"].notna() | enterprises["reg_no"].notna()).to_numpy()
    latest = np.fmin(end - 1, AS_OF - 1)
    low = np.maximum(born + 1, FIRST)
    at = np.flatnonzero(could & (low <= latest) & (rng.random(len(born)) < float(str(kind["share"]))))
    issued = np.where(kind["prefix"] == "YY", low[at], between(rng, low[at], latest[at]))
    nobody = np.full(len(at), -1)
    person = kind["holder_kind"] == "PERSON"
    return pd.DataFrame(
        {**kind, "person": at if person else nobody, "entity": nobody if person else at, "holder_end": end[at], "issued": issued}
    ).assign(valid_to=_last_day(issued, kind["years"]))


def _last_day(issued: np.ndarray, years: object) -> np.ndarray:
    return np.full(len(issued), NAT) if pd.isna(years) else as_days(issued) + int(float(str(years))) * YEAR


def _replacements(rng: np.random.Generator, rows: pd.DataFrame, first_serial: int) -> pd.DataFrame:
    """The licences that come in place of those that run out: the next version, or a new serial that names the one before."""
    day = as_days(rows["valid_to"].to_numpy()) - 10
    end = as_days(rows["holder_end"].to_numpy())
    due = (day < AS_OF) & ~(end <= day) & (rng.random(len(rows)) < REISSUED)
    old = rows[due]
    anew = rng.random(len(old)) < NEW_SERIAL
    years = old["years"].fillna(0).astype(int).to_numpy()
    return old.assign(
        previous=old.index + (first_serial - len(rows)),
        version=np.where(anew, 1, old["version"] + 1),
        serial=np.where(anew, first_serial + np.arange(len(old)), old["serial"]),
        stated=anew | (rng.random(len(old)) < 0.5),
        issued=day[due],
        valid_to=day[due] + years * YEAR,
    ).reset_index(drop=True)


def _doubles(rng: np.random.Generator, rows: pd.DataFrame) -> pd.DataFrame:
    """Second licences of holders who may have one, issued while the first was valid."""
    valid = rows["holder_end"].isna() & ~(rows["valid_to"] <= AS_OF) & ~rows.index.isin(rows["previous"]) & (rows["unique"] == "1")
    again = rows[valid & (as_days(rows["issued"].to_numpy()) < AS_OF - 90) & (rng.random(len(rows)) < DOUBLED)]
    issued = between(rng, as_days(again["issued"].to_numpy()) + 30, np.full(len(again), AS_OF - 20))
    years = again["years"].fillna(0).astype(int).to_numpy()
    until = np.where(again["years"].isna(), NAT, issued + years * YEAR)
    serial = len(rows) + np.arange(len(again))
    return again.assign(issued=issued, valid_to=until, serial=serial, version=1, previous=-1, stated=False)


def _with_states(rng: np.random.Generator, rows: pd.DataFrame) -> pd.DataFrame:
    """What the register says in the end, and since when."""
    n, issued = len(rows), as_days(rows["issued"].to_numpy())
    until, end = as_days(rows["valid_to"].to_numpy()), as_days(rows["holder_end"].to_numpy())
    kept, told = rng.random(n) >= FORGOTTEN, (rng.random(n) >= UNTOLD) | (end >= SETTLED)
    other = rng.random(n)
    over = np.fmin(np.where(until < AS_OF, until + 1, NAT), np.where(rows["replaced"], until - 10, NAT))
    gone = np.where(end < np.fmin(over, AS_OF + 1), np.fmin(end + 20, AS_OF), NAT)
    open_ = np.isnat(over) & np.isnat(gone)
    state = np.select(
        [~np.isnat(gone) & told, np.isnat(gone) & ~np.isnat(over) & kept, open_ & (other < WITHDRAWN), open_ & (other > 1 - SUSPENDED)],
        [CANCELLED, OVER, WITHDRAWN_STATE, SUSPENDED_STATE],
        VALID,
    )
    later = np.fmin(issued + 60, AS_OF)
    changed = np.select([state == VALID, state == CANCELLED, state == OVER], [issued, gone, over], later)
    return rows.assign(state=state, changed=as_days(changed))


def _with_identifiers(rng: np.random.Generator, rows: pd.DataFrame) -> pd.DataFrame:
    serial, version = "FAKE" + numbers(rows["serial"].to_numpy() + 1, 8), numbers(rows["version"].to_numpy(), 3)
    parts = [rows["type_code"].to_numpy(dtype=object), rows["issuer_uscc"].to_numpy(dtype=object), serial, version]
    digits = np.where(rows["prefix"] == "JY", "1321002", "")
    number = rows["prefix"].to_numpy(dtype=object) + digits + numbers(rows["serial"].to_numpy() + 1, 7)
    right, wrong = identifiers(*parts), rng.random(len(rows)) < MISCHECKED
    other = [text[:-1] + ALPHANUMERIC[int(text[-1], 36) - 1] for text in right]
    return rows.assign(licence_id=np.where(wrong, other, right).astype(object), wrong_check=wrong, certificate_no=number)


def _with_unknown(rng: np.random.Generator, rows: pd.DataFrame, people: pd.DataFrame) -> pd.DataFrame:
    """Some holders are nobody whom a register knows: valid numbers that were never issued."""
    alone = (rows["previous"] < 0) & ~rows["replaced"] & (rows["person"] >= 0) & (as_days(rows["issued"].to_numpy()) < FIRST_NIGHT)
    hit = (alone & (rng.random(len(rows)) < UNKNOWN)).to_numpy()
    nobody = unused_numbers(people, rng, int(hit.sum()))["id_no"].to_numpy(dtype=object)
    number = np.full(len(rows), None, dtype=object)
    number[hit] = nobody
    return rows.assign(holder_no=number)
