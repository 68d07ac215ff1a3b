"""The enterprises, sole traders, institutions and social organisations of the demo city: what they are, and what happened to them.

Here: their numbers before and after 2015, names, representatives, births and ends, renamings, mergers, divisions, branches, owners. Not
here: what any department knows or has written down wrongly (`departments`). Numbers are of the test division 321099, their organisation
codes begin with FAKE and a letter.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from simulator.basics import AS_OF, DIVISION, FIRST_NIGHT, NAT, as_days, between, numbers, only, pick, stream

PEOPLE_PER_ENTITY = 15
LEAST = 60
KINDS = {"company": 42, "trader": 42, "cooperative": 4, "branch": 5, "institution": 4, "association": 3}
CLASSES = {"company": "91", "trader": "92", "cooperative": "93", "branch": "91", "institution": "12"}
"""First two characters of the credit code; those of associations differ."""
INTEGRATED = {"trader": np.datetime64("2016-12-01")}
CREDIT_CODES_SINCE = np.datetime64("2015-10-01")
"""One licence instead of three (2015-10-01), of two for sole traders (2016-12-01): before it, registrations had a number of 15 digits."""
REGISTERED = ("company", "trader", "cooperative", "branch")
"""Kinds that the market regulation registers."""
SEQUENCE_DIGIT = {"trader": "6"}
"""First digit of the sequence in a registration number: 0 to 3 enterprises, 6 to 9 sole traders."""
NOT_EXCHANGED = 0.15
"""Share of the sole traders of before 2016-12 whose licence has never been exchanged."""
ENDED, REVOKED, RENAMED, ABSORBED, DIVIDED, MOVED = 0.14, 0.04, 0.08, 0.02, 0.015, 0.03
CREDIT_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
CREDIT_WEIGHTS = np.array([pow(3, i, 31) for i in range(17)])
CODE_WEIGHTS = np.array([3, 7, 9, 10, 5, 8, 4, 2])
CODE_CHECKS = np.array(list("0X987654321"))
LETTERS = "ABCDEFGHJKLMNPQRTUWXY"
ALPHANUMERIC = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def places_in(text: np.ndarray, alphabet: str) -> np.ndarray:
    """The places of every character in the alphabet: one row per text, all of one length."""
    place = np.zeros(128, dtype=int)
    place[[ord(c) for c in alphabet]] = np.arange(len(alphabet))
    return place[np.ascontiguousarray(text.astype(str)).view("U1").reshape(len(text), -1).view(np.uint32)]


def organisation_codes(serial: np.ndarray) -> np.ndarray:
    """Organisation codes with their check character (GB 11714): FAKE, a letter, three characters."""
    letter, rest = np.divmod(serial, 31**3)
    alphabet, tail = np.array(list(CREDIT_ALPHABET), dtype=object), np.full(len(serial), "", dtype=object)
    for _ in range(3):
        rest, last = np.divmod(rest, 31)
        tail = alphabet[last] + tail
    body = "FAKE" + np.array(list(LETTERS), dtype=object)[letter] + tail
    total = places_in(body, ALPHANUMERIC) @ CODE_WEIGHTS
    return body + CODE_CHECKS[total % 11].astype(object)


def credit_codes(kind: np.ndarray, code: np.ndarray) -> np.ndarray:
    """Unified social credit codes of the test division with their check character (GB 32100). kind: first two characters."""
    body = kind + DIVISION + code
    total = places_in(body, CREDIT_ALPHABET) @ CREDIT_WEIGHTS
    return body + np.array(list(CREDIT_ALPHABET), dtype=object)[-total % 31]


def registration_numbers(first: np.ndarray, serial: np.ndarray) -> np.ndarray:
    """Registration numbers of the test division (GS 15): first digit of the sequence, seven digits, check digit by MOD 11,10."""
    body = DIVISION + first + numbers(serial, 7)
    product = np.full(len(body), 10)
    for digit in places_in(body, "0123456789").T:
        step = (product + digit) % 10
        product = 2 * np.where(step == 0, 10, step) % 11
    return body + ((11 - product) % 10).astype(str).astype(object)


def words() -> dict[str, list[str]]:
    """The words that names of organisations are made of."""
    found: dict[str, list[str]] = yaml.safe_load(Path(__file__).with_name("organisation_names.yaml").read_text(encoding="utf-8"))
    return found


def _names(rng: np.random.Generator, kind: np.ndarray, county: np.ndarray, owner: np.ndarray) -> np.ndarray:
    """Names as each kind of organisation has them. county: names; owner: names of their representatives."""
    w, n = words(), len(kind)
    brand = pick(rng, w["brands"], n) + pick(rng, w["brands"], n) + np.where(rng.random(n) < 0.4, pick(rng, w["brands"], n), "")
    trade, shop = pick(rng, w["trades"], n), pick(rng, w["shops"], n)
    city = pick(rng, ["扬州", "扬州市", "江苏"], n, [60, 30, 10])
    form = np.where(kind == "cooperative", "专业合作社", pick(rng, ["有限公司", "有限责任公司"], n, [80, 20]))
    return np.select(
        [kind == "trader", kind == "institution", kind == "association"],
        [
            county + np.where(rng.random(n) < 0.5, owner, brand) + shop,
            county + brand + pick(rng, w["institutions"], n),
            "扬州市" + brand + pick(rng, w["associations"], n),
        ],
        city + brand + trade + form,
    ).astype(object)


def enterprises(people: pd.DataFrame, seed: int) -> pd.DataFrame:
    """One row per legal entity, index 0..n-1.

    Columns: entity (name of it in the truth), kind, uscc, org_code, reg_no (None where it has none), name, former_name and renamed (day),
    county6, former_county6 and moved, born, ended, revoked (days, NaT), exchanged (day on which the registration number gave way to the
    credit code), rep (row of the person), capital (10,000 CNY), industry, parent (row of a branch's enterprise, -1), absorbed_by and
    divided_from (rows, -1), shareholder (row of the person who holds most), holder (row of the enterprise that holds the rest, -1), phone.
    """
    rng, n = stream(seed, "enterprises"), max(LEAST, len(people) // PEOPLE_PER_ENTITY)
    kind = pick(rng, list(KINDS), n, list(KINDS.values()))
    kind[: 2 * len(KINDS)] = 2 * list(KINDS)
    index = np.arange(n)
    grown = np.flatnonzero(((people["age"] > 25) & people["death"].isna() & (people["registered"] == 0)).to_numpy())
    rep = rng.choice(grown, n)
    where = rng.choice(len(people), n)
    county6 = people["county6"].to_numpy(dtype=object)[where]
    born = between(rng, np.full(n, np.datetime64("1996-01-01")), np.full(n, np.datetime64("2019-12-20")))
    frame = pd.DataFrame({"entity": "E" + numbers(index + 1, 7), "kind": kind, "county6": county6, "born": born, "rep": rep})
    frame["division12"] = people["village12"].to_numpy(dtype=object)[where]
    frame = _with_ends(rng, frame)
    frame = _with_relations(rng, frame)
    frame = _with_numbers(rng, frame)
    return _with_names(rng, frame, people)


def _with_ends(rng: np.random.Generator, e: pd.DataFrame) -> pd.DataFrame:
    n, born = len(e), as_days(e["born"].to_numpy())
    latest = np.full(n, AS_OF)
    ends = rng.random(n) < ENDED
    ended = np.where(ends, between(rng, np.minimum(born + 200, AS_OF), latest), NAT)
    revoked = np.where(~ends & (rng.random(n) < REVOKED), between(rng, np.minimum(born + 400, AS_OF), latest), NAT)
    revoked = np.where(np.isin(e["kind"], ["institution", "association"]), NAT, revoked)
    moves = (rng.random(n) < MOVED) & (e["kind"] != "branch")
    counties = np.array(sorted(set(e["county6"])), dtype=object)
    from_county = pick(rng, counties, n)
    return e.assign(
        ended=ended,
        revoked=revoked,
        moved=np.where(moves & (from_county != e["county6"]), between(rng, np.minimum(born + 100, AS_OF), latest), NAT),
        former_county6=only((moves & (from_county != e["county6"])).to_numpy(), from_county),
    )


def _with_relations(rng: np.random.Generator, e: pd.DataFrame) -> pd.DataFrame:
    """Branches, mergers, divisions and owners: each only of a company that existed on that day."""
    n, born = len(e), as_days(e["born"].to_numpy()).copy()
    ended, moved = as_days(e["ended"].to_numpy()).copy(), as_days(e["moved"].to_numpy())
    companies = np.flatnonzero((e["kind"] == "company").to_numpy())
    living = companies[np.isnat(ended[companies]) & np.isnat(as_days(e["revoked"].to_numpy())[companies])]
    parent, absorbed_by, divided_from, holder = (np.full(n, -1) for _ in range(4))
    branches = np.flatnonzero((e["kind"] == "branch").to_numpy())
    parent[branches] = rng.choice(living, len(branches))
    born[branches] = np.maximum(born[branches], born[parent[branches]] + 30)
    born = np.minimum(born, AS_OF - 10)
    gone = companies[~np.isnat(ended[companies])]
    absorbed = gone[rng.random(len(gone)) < ABSORBED / ENDED]
    absorbed_by[absorbed] = rng.choice(living, len(absorbed))
    divided = companies[rng.random(len(companies)) < DIVIDED]
    origin = rng.choice(living, len(divided))
    divided_from[divided] = np.where(born[origin] < born[divided] - 100, origin, -1)
    held = companies[rng.random(len(companies)) < 0.3]
    owner = rng.choice(living, len(held))
    holder[held] = np.where(owner != held, owner, -1)
    ended[branches] = np.where(ended[branches] < born[branches], NAT, ended[branches])
    return e.assign(
        born=born, ended=ended, moved=np.where(moved < born, NAT, moved), parent=parent, absorbed_by=absorbed_by,
        divided_from=divided_from, holder=holder, capital=np.round(rng.lognormal(4.5, 1.2, n), 2),
        shareholder=np.where(rng.random(n) < 0.8, e["rep"], np.roll(e["rep"], 1)), industry=numbers(rng.integers(1000, 9800, n), 4),
    )  # fmt: skip


def _with_numbers(rng: np.random.Generator, e: pd.DataFrame) -> pd.DataFrame:
    n, kind, born = len(e), e["kind"].to_numpy(dtype=object), as_days(e["born"].to_numpy())
    since = np.full(n, CREDIT_CODES_SINCE)
    for which, day in INTEGRATED.items():
        since[kind == which] = day
    old, ended = born < since, as_days(e["ended"].to_numpy())
    exchanged = since + (rng.random(n) ** 2 * 900).astype(int)
    kept = old & ((~np.isnat(ended) & (ended < exchanged)) | ((kind == "trader") & (rng.random(n) < NOT_EXCHANGED)))
    code = organisation_codes(np.arange(n))
    social = pick(rng, ["51", "52", "53"], n, [50, 45, 5])
    first_two = np.array([CLASSES.get(k, s) for k, s in zip(kind, social, strict=True)], dtype=object)
    first_digit = np.array([SEQUENCE_DIGIT.get(k, "0") for k in kind], dtype=object)
    registered = old & np.isin(kind, REGISTERED)
    return e.assign(
        social_type=social,
        uscc=only(~kept, credit_codes(first_two, code)),
        org_code=only(~(kept & (kind == "trader")), code),
        reg_no=only(registered, registration_numbers(first_digit, np.arange(n) + 1)),
        exchanged=np.where(registered & ~kept, exchanged, NAT),
    )


def _with_names(rng: np.random.Generator, e: pd.DataFrame, people: pd.DataFrame) -> pd.DataFrame:
    from simulator.world.people import COUNTIES, draw_phones

    n, kind, born = len(e), e["kind"].to_numpy(dtype=object), as_days(e["born"].to_numpy())
    county = e["county6"].map(COUNTIES).to_numpy(dtype=object)
    owner = people["name"].to_numpy(dtype=object)[e["rep"]]
    name, other = _names(rng, kind, county, owner), _names(rng, kind, county, owner)
    parents = name[np.maximum(e["parent"], 0)] + county + "分公司"
    name = np.where(kind == "branch", parents, name).astype(object)
    renames = (rng.random(n) < RENAMED) & np.isin(kind, ["company", "cooperative", "institution", "association"])
    renamed = between(rng, np.minimum(born + 60, AS_OF), np.full(n, FIRST_NIGHT - 1))
    renames &= renamed > born
    return e.assign(
        name=name, former_name=only(renames, other), renamed=np.where(renames, renamed, NAT),
        rep_name=owner, rep_id_no=people["id_no"].to_numpy(dtype=object)[e["rep"]], phone=draw_phones(rng, n),
    )  # fmt: skip
