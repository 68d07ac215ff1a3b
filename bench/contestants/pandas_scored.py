"""scored_match in pandas."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from bench.contestants.in_python import mistyped
from bench.contestants.pandas_link import Read, comparable, key
from bench.contestants.pandas_values import DATE, DAYS, FLOAT, constant, flags, has, holds, identity_form, name_key, picked, same_name
from bench.contestants.tables import ARCHIVE, CREMATION, KEYS, OWN_NAME, PROBABLE, SCORED, UNTYPED
from bench.contestants.texts import NAME_LOST

RECORD = ["source_table", "source_key"]
BESIDE = ["_source_file", "_row_no", "_batch_id"]
THEIRS = {
    "person_uid": "candidate_uid", "name": "their_name", "former_name": "their_former", "birth_date": "their_birth",
    "sex_code": "their_sex", "phone": "their_phone", "id_no": "their_number", "hukou_div": "their_village",
}  # fmt: skip


def _village(division: pd.Series) -> pd.Series:
    return division.mask(division.str.endswith("000"))


def _nameless(read: Read) -> pd.DataFrame:
    """The records without a usable number whose person is not known by anything else."""
    link = read("base/population/source_link", *RECORD, "match")
    link = link[link["match"].isin(["U", "NONE"])]

    def lean(source: str) -> pd.DataFrame:
        name, dead = ("deceased_name", True) if source == CREMATION else ("name", False)
        more = ["age", "death_date", "cremation_date"] if dead else ["birth_date"]
        more += ["phone", "village_code12"] if source == ARCHIVE else []
        named = [f"{name}_key", f"_{name}_lost", f"_{name}_placeholder"]
        columns = dict.fromkeys([*KEYS[source], "id_no", "id_no_raw", "id_no_error", "sex_code", *named, *more, *BESIDE])
        rows = read(f"cleansed/{source}", *columns)
        rows = rows[rows["id_no"].isna() & ~rows[f"_{name}_placeholder"]]
        rows = rows[key(rows, source).isin(link.loc[link["source_table"] == source, "source_key"])]
        year = rows["death_date"].fillna(rows["cremation_date"]).dt.year - rows["age"] if dead else rows["birth_date"].dt.year
        said = {
            "source_table": constant(source, rows), "source_key": key(rows, source),
            "name_key": comparable(rows[f"{name}_key"], rows[f"_{name}_lost"]),
            "birth_date": constant(None, rows, DATE) if dead else rows["birth_date"],
            "born_from": (year - int(dead)).astype(DAYS), "born_to": (year + int(dead)).astype(DAYS), "sex_code": rows["sex_code"],
            "phone": rows["phone"] if source == ARCHIVE else constant(None, rows),
            "number": identity_form(rows["id_no_raw"].mask(rows["id_no_error"].isin(UNTYPED) | rows["id_no_error"].isna())),
            "village": _village(rows["village_code12"]) if source == ARCHIVE else constant(None, rows),
        }  # fmt: skip
        return pd.DataFrame({**said, **rows[BESIDE]})

    return pd.concat(map(lean, PROBABLE), ignore_index=True).dropna(subset="name_key")


def _pairs(records: pd.DataFrame, person: pd.DataFrame, variants: tuple[str, str]) -> pd.DataFrame:
    """The records beside persons of the same name and year of birth, or of the same phone number."""
    known = person[person["id_no"].notna()].rename(columns=THEIRS)
    known = known.assign(their_key=name_key(known["their_name"], variants), their_village=_village(known["their_village"]))
    namesakes = records.merge(known.dropna(subset="their_key"), left_on="name_key", right_on="their_key")
    year = namesakes["their_birth"].dt.year
    by_phone = records.dropna(subset="phone").merge(known, left_on="phone", right_on="their_phone")
    both = pd.concat([namesakes[holds((namesakes["born_from"] <= year) & (year <= namesakes["born_to"]))], by_phone], ignore_index=True)
    return both.drop_duplicates([*RECORD, "candidate_uid"], ignore_index=True)


def scored_match(read: Read, spec: dict[str, Any]) -> pd.DataFrame:
    """Whom a record without a usable number probably speaks of: candidates with points for what agrees."""
    person, records = read("base/population/person", *THEIRS), _nameless(read)
    phones = person["phone"].value_counts()
    bearers = person.loc[person["id_no"].notna(), "name"].value_counts()
    sizes = bearers.value_counts().sort_index(ascending=False)
    frequent = bearers.index[bearers.isin(sizes.index[sizes.cumsum() * 100 <= len(bearers)])]
    f = _pairs(records.assign(phone=records["phone"].mask(records["phone"].isin(phones.index[phones > 3]))), person, spec["variants"])
    own, theirs, born, their_born = f["name_key"], f["their_key"], f["birth_date"], f["their_birth"]
    kin = same_name(own, theirs.fillna(""), name_key(f["their_former"], spec["variants"]))
    short = holds((own.str.len() < 3) | (theirs.str.len() < 3))
    agree = kin.mask((kin == "NO_NAME") | (holds(kin == "ONE_EDIT") & short)).fillna("")
    year, numbered = their_born.dt.year, f["number"].notna()
    turned = (born.dt.year == year) & (born.dt.month == their_born.dt.day) & (born.dt.day == their_born.dt.month)
    near = (f["born_from"] <= year) & (year <= f["born_to"])
    birth = picked(constant("", f), (born == their_born, "BIRTH"), (turned, "BIRTH_TURNED"), (near, "BIRTH_YEAR"), (~near, "BIRTH_OTHER"))
    slip = constant(False, f, bool)
    slip[numbered] = [mistyped(a, b) for a, b in zip(f.loc[numbered, "number"], f.loc[numbered, "their_number"], strict=True)]
    hit = {
        "NAME": agree == "EXACT", "NAME_FORMER": agree == "FORMER", "NAME_PART": agree == "RARE", "NAME_ONE_EDIT": agree == "ONE_EDIT",
        "NAME_OTHER": (agree == "") & comparable(theirs, has(theirs, NAME_LOST)).notna(),
        "NAME_FREQUENT": (agree == "EXACT") & f["their_name"].isin(frequent),
        **{kind: birth == kind for kind in ("BIRTH", "BIRTH_TURNED", "BIRTH_YEAR", "BIRTH_OTHER")},
        "SEX": f["sex_code"] == f["their_sex"], "SEX_OTHER": f["sex_code"] != f["their_sex"], "PHONE": f["phone"] == f["their_phone"],
        "VILLAGE": f["village"] == f["their_village"], "VILLAGE_OTHER": f["village"] != f["their_village"],
        "NUMBER_ONE_EDIT": slip, "NUMBER_OTHER": numbered & ~slip,
    }  # fmt: skip
    hit = {kind: holds(condition) for kind, condition in hit.items()}
    points = sum(condition.astype(int) * spec["linkage_points"][kind] for kind, condition in hit.items())
    own_name = np.logical_or.reduce([hit[kind] for kind in OWN_NAME])
    f = f.assign(points=points, evidence=flags(**hit), own_name=own_name).sort_values(["points", "candidate_uid"], ascending=[False, True])
    groups = f.groupby(RECORD, sort=False)
    place, ahead = groups.cumcount() + 1, groups["points"].diff(-1)
    clear = (place == 1) & f["own_name"] & (ahead.fillna(100) >= 10)
    return f.assign(
        score=(f["points"].clip(upper=100) / 100).round(2),
        margin=(ahead / 100).round(2).astype(FLOAT),
        place=place.astype("int32"),
        decision=constant("REVIEW", f).mask(clear & (f["points"] >= 75), "LINK"),
    ).loc[(f["points"] >= 55) & (place <= 3), SCORED]
