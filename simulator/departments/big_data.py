"""The big data administration: the shared licence service with its catalogue of types and the register of electronic licences."""

from __future__ import annotations

import numpy as np
import pandas as pd

from simulator.basics import FIRST_NIGHT, NIGHTS, as_days, clock_text, day_text, numbers, office_seconds, only
from simulator.declare import Department
from simulator.dirt import BAD_ID, BAD_NAME, WRONG_NUMBER, Cell, Kind, labels, one
from simulator.registers import Registers
from simulator.rejects import Number, Rejected
from simulator.world.licences import VALID, types

BIG_DATA = Department("big_data", organisation="FAKE321000000001")
LICENCE, TYPE = "big_data/licence", "big_data/licence_type"
CANCELLED_IN_THE_NIGHTS = 6
FOREVER: Kind = one(lambda value, rng: "9999-12-31", befalls=pd.Series.isna)
"""D14 of a licence without an end."""
SOMEBODY_ELSE: Kind = one(lambda value, rng: ("邬鞠", "鞠邬有限公司")[len(value) > 4], loses=BAD_NAME)
"""The name of another holder, which shares no character with any in the city."""


@BIG_DATA.table("licence_type", dirt=(Cell("D22", "holder_kind", 0.3, kind=labels({"PERSON": ("自然人",), "ENTITY": ("法人",)})),))
def licence_types(registers: Registers) -> pd.DataFrame:
    """The catalogue; one type that licences are issued of is not in it."""
    found = types()
    found = found[found["listed"]]
    return pd.DataFrame(
        {
            "type_code": found["type_code"].to_numpy(dtype=object),
            "type_name": found["name"].to_numpy(dtype=object),
            "holder_kind": found["holder_kind"].to_numpy(dtype=object),
            "unique_type": found["unique"].to_numpy(dtype=object),
            "issuer_department": found["issuer_name"].to_numpy(dtype=object),
            "validity_years": [None if pd.isna(y) else str(int(y)) for y in found["years"]],
            "valid_from": "2005-01-01",
            "valid_to": None,
            "update_time": "2019-01-15 09:00:00",
        }
    )


def _cancelled_later(registers: Registers, rows: pd.DataFrame) -> pd.DataFrame:
    """The register, and some valid licences that are cancelled in the last two nights (a later version of the row, with its dirt)."""
    steady = rows.index[(rows["_night"] == 0) & rows["_steady"] & ~rows[BAD_ID]][: 2 * CANCELLED_IN_THE_NIGHTS]
    parts = [rows]
    for night in (1, 2):
        chosen = rows.loc[steady[night - 1 :: 2]]
        parts.append(chosen.assign(state="04", update_time=f"{NIGHTS[night]} 10:00:00", _night=night, _valid=False))
    return pd.concat(parts, ignore_index=True)


@BIG_DATA.table(
    "licence",
    dirt=(
        Cell("D04", "holder_id_no", 0.2),
        Cell("D05", "holder_id_no", 0.008, kind=WRONG_NUMBER),
        Cell("NAME", "holder_name", 0.004, kind=SOMEBODY_ELSE),
        Cell("D02", "holder_name", 0.01),
        Cell("D15", "issue_date", 0.03),
        Cell("D14", "valid_to", 0.3, kind=FOREVER),
        Cell("D22", "state", 0.05, kind=labels({"01": ("有效", "1"), "04": ("注销", "4"), "05": ("失效",)})),
        Cell("D22", "holder_kind", 0.05, kind=labels({"PERSON": ("自然人", "个人"), "ENTITY": ("法人",)})),
    ),
    copies=0.01,
    rejected=(
        Rejected("UNKNOWN_CODE", "state", 0.001),
        Rejected("UNREADABLE", "update_time", 0.001),
    ),
    number=Number("licence_id", 60),
    after_dirt=_cancelled_later,
)
def licences(registers: Registers) -> pd.DataFrame:
    """One row per version of a licence, with what the service knows of its file and of its use."""
    world = registers.world
    rows, people, firms, rng = world.licences, world.people, world.enterprises, world.stream("big data licence")
    n, person = len(rows), (rows["person"] >= 0).to_numpy()
    who = people.loc[np.maximum(rows["person"], 0)]
    firm = firms.loc[np.maximum(rows["entity"], 0)]
    coded = firm["uscc"].notna().to_numpy()
    of_firm = np.where(coded, firm["uscc"].to_numpy(dtype=object), firm["reg_no"].to_numpy(dtype=object))
    number = np.where(person, who["id_no"].to_numpy(dtype=object), of_firm)
    previous = rows["licence_id"].to_numpy(dtype=object)[np.maximum(rows["previous"], 0)]
    stated = rows["stated"].to_numpy(dtype=bool)
    changed, issued = as_days(rows["changed"].to_numpy()), as_days(rows["issued"].to_numpy())
    night = np.clip((changed - FIRST_NIGHT).astype(int), 0, len(NIGHTS) - 1)
    state = rows["state"].to_numpy(dtype=object)
    digest = [f"{int(v):064x}" for v in rng.integers(1, 2**62, n)]
    return pd.DataFrame(
        {
            "licence_id": rows["licence_id"].to_numpy(dtype=object),
            "type_code": rows["type_code"].to_numpy(dtype=object),
            "certificate_no": rows["certificate_no"].to_numpy(dtype=object),
            "holder_kind": rows["holder_kind"].to_numpy(dtype=object),
            "holder_name": np.where(person, who["name"].to_numpy(dtype=object), firm["name"].to_numpy(dtype=object)),
            "holder_id_type": np.select([person, coded], ["01", "21"], "23").astype(object),
            "holder_id_no": np.where(rows["holder_no"].notna(), rows["holder_no"], number).astype(object),
            "issuer_uscc": rows["issuer_uscc"].to_numpy(dtype=object),
            "issuer_name": rows["issuer_name"].to_numpy(dtype=object),
            "issue_date": day_text(issued),
            "valid_from": day_text(issued),
            "valid_to": day_text(rows["valid_to"].to_numpy()),
            "state": state,
            "previous_licence_id": only(stated, previous),
            "file_type": "OFD",
            "file_sm3": np.array(digest, dtype=object),
            "signature_ok": np.where(rng.random(n) < 0.995, "1", "0").astype(object),
            "item_code": "11321000" + rows["type_no"].to_numpy(dtype=object) + "0" + "000132",
            "source_case_no": only(rng.random(n) < 0.6, "BJ" + numbers(rows.index, 9)),
            "use_count": numbers(rng.poisson(3, n)),
            "update_time": clock_text(changed, office_seconds(rng, n)),
            "_night": night,
            "_person": np.where(rows["holder_no"].notna(), -1, rows["person"]),
            "_entity": rows["entity"].to_numpy(),
            "_valid": state == VALID,
            "_steady": (state == VALID) & rows["holder_end"].isna().to_numpy() & (rows["prefix"] == "ZY").to_numpy(),
            "_row": rows.index,
        }
    )


def _last(registers: Registers) -> pd.DataFrame:
    """What the lake knows of every licence in the end, with what is true of it."""
    rows = registers.delivered(LICENCE).drop_duplicates("_row", keep="last")
    return rows.join(registers.world.licences[["holder_end", "replaced", "listed", "wrong_check", "holder_no"]], on="_row")


@BIG_DATA.truth("licence")
def whose(registers: Registers) -> pd.DataFrame:
    """Whose each licence is: a person or an entity of the truth, or nobody."""
    rows, world = _last(registers), registers.world
    person, entity = rows["_person"].to_numpy(), rows["_entity"].to_numpy()
    known = [
        world.people["person"].to_numpy(dtype=object)[np.maximum(person, 0)],
        world.enterprises["entity"].to_numpy(dtype=object)[np.maximum(entity, 0)],
    ]
    return pd.DataFrame(
        {
            "licence_id": rows["licence_id"].to_numpy(),
            "holder": np.select([person >= 0, entity >= 0], known, ""),
            "valid_in_register": rows["_valid"].astype(int).to_numpy(),
            "holder_end": day_text(rows["holder_end"].to_numpy()),
        }
    )


@BIG_DATA.finding("licences of the dead (H1)", "base/licence/licence", "rules", "H1")
def of_the_dead(registers: Registers) -> pd.Series:
    """Licences that are still valid, of persons whose death is proven."""
    rows = _last(registers)
    dead = registers.proven_dead()[np.maximum(rows["_person"], 0)] & (rows["_person"] >= 0).to_numpy()
    return rows.loc[dead & rows["_valid"].to_numpy() & ~rows[BAD_ID].to_numpy() & ~rows[BAD_NAME].to_numpy(), "licence_id"]


@BIG_DATA.finding("licences of cancelled entities (H2)", "base/licence/licence", "rules", "H2")
def of_the_cancelled(registers: Registers) -> pd.Series:
    """Licences that are still valid, of entities that have ended."""
    rows = _last(registers)
    ended = rows["holder_end"].notna() & (rows["_entity"] >= 0)
    return rows.loc[ended & rows["_valid"] & ~rows[BAD_ID], "licence_id"]


@BIG_DATA.finding("licences replaced and still valid (V1)", "base/licence/licence", "rules", "V1")
def replaced(registers: Registers) -> pd.Series:
    rows = _last(registers)
    return rows.loc[rows["replaced"] & rows["_valid"], "licence_id"]


@BIG_DATA.finding("licences of no known type (T1)", "base/licence/licence", "rules", "T1")
def of_no_known_type(registers: Registers) -> pd.Series:
    rows = _last(registers)
    return rows.loc[~rows["listed"].astype(bool) & rows["_valid"], "licence_id"]


@BIG_DATA.finding("identifiers with a wrong check character (I1)", "base/licence/licence", "rules", "I1")
def mischecked(registers: Registers) -> pd.Series:
    rows = _last(registers)
    return rows.loc[rows["wrong_check"].astype(bool) & rows["_valid"], "licence_id"]


@BIG_DATA.finding("licences of nobody (H3)", "base/licence/licence", "rules", "H3")
def of_nobody(registers: Registers) -> pd.Series:
    """Licences of persons whom no register knows."""
    rows = _last(registers)
    return rows.loc[rows["holder_no"].notna() & rows["_valid"] & ~rows[BAD_ID], "licence_id"]
