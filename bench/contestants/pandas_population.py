"""death and person in pandas."""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd

from bench.contestants.pandas_link import Read, is_sure, key, pseudonyms, worth
from bench.contestants.pandas_values import (
    DATE,
    DAYS,
    birth_of_number,
    constant,
    dates,
    filled,
    holds,
    later,
    listed,
    months_before,
    once,
    picked,
)
from bench.contestants.tables import (
    ARCHIVE,
    BY_NUMBER,
    CANCELLATION,
    CARD,
    CERTIFICATE,
    CREMATION,
    DATE_KINDS,
    KEYS,
    NEWEST,
    PENSION,
    PLACE,
    RESIDENT,
    STATEMENT,
    VISIT,
)

SEEN = ["source_table", "source_key", "event_date", "_source_file", "_row_no"]


def _told(read: Read) -> pd.DataFrame:
    """Every statement that somebody is dead."""

    def rows(source: str, *columns: str) -> pd.DataFrame:
        return read(f"cleansed/{source}", *dict.fromkeys([*KEYS[source], *columns, "_source_file", "_row_no", "_business_date"]))

    def told(source: str, place: int, rows: pd.DataFrame, dead_on: pd.Series, grade: Any, kind: Any) -> pd.DataFrame:
        department, born = source.partition("/")[0], constant(None, rows, DATE)
        if "birth_date" in rows:
            born = rows["birth_date"].where(holds(rows["birth_date"] <= rows["_business_date"]))
        said = {"source_table": source, "department": department, "grade": grade, "date_kind": kind}
        said = {name: constant(value, rows) if isinstance(value, str) else value for name, value in said.items()}
        beside = {"source_key": key(rows, source), "death_date": dead_on, "stated_birth": born, "place": place}
        return pd.DataFrame(said | beside).join(rows[["_source_file", "_row_no", "_business_date"]])

    certificate, archive = rows(CERTIFICATE, "death_datetime", "birth_date"), rows(ARCHIVE, "dead_flag", "dead_date", "birth_date")
    police, cremation = rows(CANCELLATION, "death_date", "cancel_reason"), rows(CREMATION, "death_date", "cremation_date")
    pension = rows(PENSION, "stop_flag", "stop_reason", "stop_month")
    police, archive = police[police["cancel_reason"].fillna("01") == "01"], archive[holds(archive["dead_flag"] == "1")]
    pension = pension[holds((pension["stop_flag"] == "1") & (pension["stop_reason"] == "01"))]
    dated, day_before = police["death_date"].notna(), later(cremation["cremation_date"], -1)
    grade, kind = constant("B", police).mask(dated, "A"), constant("CANCEL_DATE", police).mask(dated, "DAY")
    before = constant("BEFORE_CREMATION", cremation).mask(cremation["death_date"].notna(), "DAY")
    last = later(dates(pension["stop_month"] + "01"), -1)
    return pd.concat(
        [
            told(CERTIFICATE, 1, certificate, certificate["death_datetime"].dt.date, "A", "DAY"),
            told(CANCELLATION, 2, police, police["death_date"].fillna(police["cancel_date"]), grade, kind),
            told(CREMATION, 3, cremation, cremation["death_date"].fillna(day_before), "B", before),
            told(PENSION, 4, pension, last, "C", "MONTH"),
            told(ARCHIVE, 5, archive, archive["dead_date"], "C", "DAY"),
        ],
        ignore_index=True,
    )


def _statements(read: Read, as_of: date) -> pd.DataFrame:
    """Those of which it is known whom they speak of, and whether they can be true."""
    link = read("base/population/source_link", "source_table", "source_key", "person_uid", "match", "match_reason", "id_no", "name")
    link = link.assign(sure=is_sure(link))
    doubtful = (link["match"] == "ID_NAME_CONFLICT") | ((link["match"] == "M2") & ~link["sure"])
    usable = link.loc[link["person_uid"].notna() & ~doubtful, ["source_table", "source_key", "person_uid", "id_no", "sure"]]
    linked = _told(read).merge(usable, on=["source_table", "source_key"])
    birth = once(linked["id_no"], lambda known: {"of": birth_of_number(known)})["of"].fillna(linked["stated_birth"])
    future, early = (
        holds((linked["death_date"] > as_of) | (linked["death_date"] > linked["_business_date"])),
        holds(linked["death_date"] < birth),
    )
    return linked.assign(
        grade=linked["grade"].where(linked["sure"], "C"),
        date_kind=picked(linked["date_kind"], (future, "INVALID_FUTURE"), (early, "INVALID_BEFORE_BIRTH")),
        valid=~(future | early),
    )


def _raised(statements: pd.DataFrame) -> pd.Series:
    """Valid hints of grade C which another department's confirms within a year."""
    hints = statements[statements["valid"] & statements["sure"] & (statements["grade"] == "C") & statements["death_date"].notna()]
    hints = hints[["person_uid", "department", "death_date"]].reset_index(names="at")
    pairs = hints.merge(hints, on="person_uid", suffixes=("", "_other"))
    days = pd.DataFrame({n: pd.to_datetime(pairs[n]) for n in ("death_date", "death_date_other")})
    near = days.max(axis=1) <= days.min(axis=1) + pd.DateOffset(months=12)
    return statements.index.isin(pairs.loc[(pairs["department"] != pairs["department_other"]) & near, "at"])


def death(read: Read, as_of: date) -> pd.DataFrame:
    """Who has died, and when: one row a person."""
    told = _statements(read, as_of)
    told = told.assign(
        weight=told["grade"].mask(_raised(told), "B"),
        undated=told["death_date"].isna(),
        kind=told["date_kind"].map(DATE_KINDS).fillna(9),
    )
    order = ["weight", "undated", "kind", "place", "death_date", "source_key"]
    best = told[told["valid"]].sort_values(order).drop_duplicates("person_uid").set_index("person_uid")
    doubtful_day = told["date_kind"].isin(["BEFORE_CREMATION", "CANCEL_DATE"])
    exact = told[told["valid"] & told["grade"].isin(["A", "B"]) & ~doubtful_day & told["death_date"].notna()]
    days = exact["death_date"].astype(DAYS).groupby(exact["person_uid"], sort=False).agg(["min", "max"])
    persons = pd.Index(told["person_uid"].unique(), name="person_uid")
    grade, death_date = best["weight"].reindex(persons), best["death_date"].reindex(persons)
    status = picked(constant("CANDIDATE", grade), (grade.isna(), "INVALID"), (grade.isin(["A", "B"]), "CONFIRMED"))
    seen = _life_evidence(read, death_date, as_of)
    return pd.DataFrame(
        {
            "death_date": death_date,
            "grade": grade,
            "status": status.mask((status == "CONFIRMED") & (filled(seen)), "CONFLICT"),
            "is_candidate": status == "CANDIDATE",
            "date_conflict": holds((days["max"] - days["min"]).reindex(persons) > 7),
            "sources": listed(told.sort_values(["source_table", "source_key"]), "person_uid", persons, STATEMENT),
            "life_evidence": seen,
        }
    ).reset_index()


def _life_evidence(read: Read, death_date: pd.Series, as_of: date) -> pd.Series:
    """Visits in person more than a week after the death; the first ten."""
    link = read("base/population/source_link", "source_table", "source_key", "person_uid", "match")
    mine = link.loc[(link["source_table"] == VISIT) & link["match"].isin(BY_NUMBER), ["source_key", "person_uid"]]
    mine = mine.merge(death_date.dropna().reset_index(), on="person_uid")
    visits = read(f"cleansed/{VISIT}", *KEYS[VISIT], "visit_time", "_source_file", "_row_no", "_business_date")
    day = visits["visit_time"].dt.date
    visits = visits[holds((day <= as_of) & (day <= visits["_business_date"]))]
    visits = visits.assign(source_key=key(visits, VISIT), event_date=visits["visit_time"].dt.date, source_table=constant(VISIT, visits))
    seen = visits.merge(mine, on="source_key")
    after = seen[holds(seen["event_date"] > later(seen["death_date"], 7))]
    return listed(after.sort_values(["event_date", "source_key"]), "person_uid", death_date.index, SEEN, most=10)


def _newest(read: Read, link: pd.DataFrame, source: str) -> pd.DataFrame:
    """Per person the newest row of a source."""
    version, columns = NEWEST[source]
    rows = read(f"cleansed/{source}", *dict.fromkeys([*KEYS[source], version, *columns, "_business_date"]))
    if "birth_date" in columns:
        rows = rows.assign(birth_date=rows["birth_date"].where(holds(rows["birth_date"] <= rows["_business_date"])))
    mine = link.loc[link["source_table"] == source, ["source_key", "person_uid"]]
    rows = rows.assign(source_key=key(rows, source)).merge(mine, on="source_key")
    twice = rows.duplicated("person_uid", keep=False)
    newest = rows[twice].sort_values([version, "source_key"], ascending=False).drop_duplicates("person_uid")
    return pd.concat([rows[~twice], newest]).set_index("person_uid")[columns]


def person(read: Read, as_of: date, secret: bytes) -> pd.DataFrame:
    """The golden person."""
    columns = ["person_uid", "source_table", "source_key", "id_no", "match", "name", "_business_date"]
    link = read("base/population/source_link", *columns)
    link = link[link["person_uid"].notna()]
    persons = pd.Index(link["person_uid"].unique(), name="person_uid")
    numbered = link.loc[link["match"].isin(BY_NUMBER), ["person_uid", "id_no"]].dropna().drop_duplicates()
    number = numbered.sort_values("id_no").drop_duplicates("person_uid", keep="last").set_index("person_uid")["id_no"].reindex(persons)
    sources = link[["person_uid", "source_table"]].drop_duplicates().groupby("person_uid", sort=False).size()
    days = link["_business_date"].astype(DAYS).groupby(link["person_uid"], sort=False).agg(["min", "max"]).reindex(persons)
    in_police = pd.Series(persons.isin(link.loc[link["source_table"] == RESIDENT, "person_uid"]), persons)
    rank = worth(link["name"]) * 1000 + link["source_table"].map(PLACE).astype(int)
    named = link[rank == rank.groupby(link["person_uid"], sort=False).transform("min")]
    name = named.sort_values("source_key").drop_duplicates("person_uid").set_index("person_uid")["name"].reindex(persons)
    r, a, c = (_newest(read, link, source).reindex(persons) for source in (RESIDENT, ARCHIVE, CARD))
    dead = read("base/population/death", "person_uid", "death_date", "grade", "status", "life_evidence").set_index("person_uid")
    dead = dead[dead["status"] != "INVALID"]
    seen, confirmed = filled(dead["life_evidence"]), dead["status"] == "CONFIRMED"
    known = picked(constant(1, dead, DAYS), (confirmed, 2), (seen, 3)).reindex(persons).fillna(1)
    birth = once(number, lambda numbers: {"of": birth_of_number(numbers)})["of"]
    sex = picked(constant(None, number), (number.str.slice(16, 17).isin(list("13579")), "1"), (number.notna(), "2"))
    registered = in_police & ~r["person_status"].isin(["1", "8", "9"])
    county, village = (x.mask(x == "321000") for x in (r["hukou_county"], a["village_county"]))
    return pd.DataFrame(
        {
            "id_no": number,
            "id_no_hash": pseudonyms("RID:" + number, secret),
            "name": name,
            "former_name": r["former_name"],
            "sex_code": sex.fillna(r["sex_code"]).fillna(a["sex_code"]),
            "birth_date": birth.fillna(r["birth_date"]).fillna(a["birth_date"]),
            **{n: r[n].fillna(a[n]) for n in ("ethnic_code", "marital_code", "education_code", "hukou_addr")},
            **r[["hukou_no", "household_head_rel", "hukou_div", "person_status"]],
            "address": a["address"].fillna(r["hukou_addr"]),
            "phone": c["phone"].fillna(a["phone"]),
            **a[["abo_code", "rh_code"]],
            **c[["card_no", "social_card_no", "health_card_no"]],
            "person_class": constant("U", number).mask(in_police, "H"),
            "vital_status": known,
            "death_date": dead["death_date"].where(confirmed).reindex(persons),
            "death_grade": dead["grade"].where(~seen | (dead["grade"] == "C")).reindex(persons),
            "county6": county.fillna(village).fillna("321000"),
            "resident_flag": (known != 2) & (registered | persons.isin(_living_here(read, link, as_of))),
            "source_cnt": sources.reindex(persons).astype("int32"),
            "first_seen": days["min"].astype(DATE),
            "last_seen": days["max"].astype(DATE),
        }
    ).reset_index()


def _living_here(read: Read, link: pd.DataFrame, as_of: date) -> pd.Series:
    """Persons with an open archive who were seen by a doctor within a year."""
    archives, visits = (
        read(f"cleansed/{ARCHIVE}", *KEYS[ARCHIVE], "status"),
        read(f"cleansed/{VISIT}", *KEYS[VISIT], "visit_time", "_business_date"),
    )
    days = visits["visit_time"].dt.date
    opened = key(archives[archives["status"] == "0"], ARCHIVE)
    lately = key(visits[holds((days > months_before(as_of, 12)) & (days <= as_of) & (days <= visits["_business_date"]))], VISIT)
    owners = link.loc[(link["source_table"] == ARCHIVE) & link["source_key"].isin(opened), "person_uid"]
    visitors = link.loc[(link["source_table"] == VISIT) & link["source_key"].isin(lately), "person_uid"]
    return owners[owners.isin(visitors)]
