"""service and archive in pandas."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd

from bench.contestants.pandas_cleanup import unpacked
from bench.contestants.pandas_link import Read, is_clear, is_open, is_sure, key
from bench.contestants.pandas_values import (
    DATE,
    DAYS,
    among,
    constant,
    filled,
    flags,
    holds,
    latest,
    listed,
    looked_up,
    months_before,
    of,
    picked,
)
from bench.contestants.tables import ARCHIVE, BY_NUMBER, CLOSED_BECAUSE, DOUBT, KEYS, RESIDENT, VISIT, WORDS

BESIDE = ["_source_file", "_row_no", "_batch_id"]
SERVICE = [
    "service_kind", "service_no", "ehr_no", "archive_key", "person_uid", "service_date", "org_code", "doctor", "way_code", "class_code",
    "sbp", "dbp", "input_user", "input_time", "flags", "survivor_ehr_no", *BESIDE,
]  # fmt: skip
ARCHIVES = [
    "ehr_no", "empi_id", "id_no", "id_no_error", "_id_no_upgraded", "_name_placeholder", "status", "cancel_date", "cancel_reason",
    "village_county", "village_code12", "create_date", "input_time", "mana_org", *WORDS, *BESIDE, "_business_date",
]  # fmt: skip
STATES = [
    "ehr_no", "empi_id", "person_uid", "state", "also", "rules", "fake_score", "is_automatic", "pending", "close_reason", "close_date",
    "survivor_ehr_no", "survivor_empi_id", "merged_from", "death_date", "death_grade", "create_date", "last_event_date", "event_count",
    "county6", "mana_org", *BESIDE,
]  # fmt: skip


def linked(read: Read) -> pd.DataFrame:
    """The archives with their key, person and match."""
    archives = read(f"cleansed/{ARCHIVE}", *ARCHIVES)
    link = read("base/population/source_link", "source_table", "source_key", "person_uid", "match", "match_reason")
    link = link[link["source_table"] == ARCHIVE].set_index("source_key")
    mine = of(key(archives, ARCHIVE), link[["person_uid", "match", "match_reason"]].assign(is_sure=is_sure(link)))
    return archives.assign(archive_key=key(archives, ARCHIVE), open=is_open(archives)).join(mine)


def _town(division: pd.Series) -> pd.Series:
    town = division.str.slice(0, 9)
    return town.where((town.str.len() == 9) & ~town.str.endswith("000"))


def elected(read: Read, archives: pd.DataFrame, services: pd.DataFrame) -> pd.DataFrame:
    """The archives of persons with several open ones, by their key: which survives."""
    usable = archives["open"] & archives["id_no"].notna() & archives["match"].isin(BY_NUMBER) & archives["is_sure"]
    several = archives[holds(usable)]
    several = several[several.duplicated("person_uid", keep=False)]
    happened = services[services["past"] & services["ehr_no"].isin(several["ehr_no"])]
    last = happened.sort_values("service_date").drop_duplicates("ehr_no", keep="last").set_index("ehr_no")["service_date"]
    divisions = read("base/population/person", "person_uid", "hukou_div").set_index("person_uid")["hukou_div"]
    lives = of(several["person_uid"], divisions)
    home = lives.str.slice(0, 6)
    near = holds((several["village_county"] == home) & (home != "321000")).astype(int)
    near = near.mask(holds(_town(several["village_code12"]) == _town(lives)), 2)
    order = ["near", "last", "create_date", "ehr_no", "empi_id"]
    ranked = several.assign(near=near, last=of(several["ehr_no"], last), up=several["_id_no_upgraded"].astype(int)).sort_values(
        order, ascending=[False, False, True, True, True]
    )
    groups = ranked.groupby("person_uid", sort=False)
    members, ups = groups["up"].transform("size"), groups["up"].transform("sum")
    alike = ups.where(ranked["up"] == 1, members - ups)
    first = ranked.drop_duplicates("person_uid").set_index("person_uid")[["ehr_no", "empi_id", "archive_key"]]
    survivor = of(ranked["person_uid"], first).set_axis(["survivor_ehr_no", "survivor_empi_id", "survivor_key"], axis=1)
    forms = {"same_form": alike - 1, "other_form": members - alike}
    survivor = survivor.assign(archive_key=ranked["archive_key"], is_survivor=~ranked.duplicated("person_uid"), **forms)
    return survivor.set_index("archive_key")


def _services(read: Read, archives: pd.DataFrame, as_of: date) -> pd.DataFrame:
    """Examinations, follow-ups and visits in one shape, with their person."""
    entered = ["ehr_no", "doctor", "sbp", "dbp", "input_user", "input_time", *BESIDE, "_business_date"]
    exams = read("cleansed/health/examination", "exam_no", "exam_date", "org_code", *entered)
    exams = exams.rename(columns={"exam_no": "service_no", "exam_date": "service_date"})
    followups = read("cleansed/health/hypertension_followup", "fu_no", "fu_date", "way_code", "class_code", *entered)
    followups = followups.rename(columns={"fu_no": "service_no", "fu_date": "service_date"})
    given = pd.concat(
        [exams.assign(service_kind=constant("EXAM", exams)), followups.assign(service_kind=constant("FOLLOWUP", followups))],
        ignore_index=True,
    )
    known = archives[["ehr_no", "person_uid"]].dropna().drop_duplicates()
    owner = known.drop_duplicates("ehr_no", keep=False).set_index("ehr_no")["person_uid"]
    ambiguous = given["ehr_no"].isin(known.loc[known.duplicated("ehr_no"), "ehr_no"])
    first = archives.sort_values("archive_key").drop_duplicates("ehr_no").set_index("ehr_no")["archive_key"]
    given = given.assign(
        archive_key=of(given["ehr_no"], first).mask(ambiguous),
        person_uid=of(given["ehr_no"], owner),
        ambiguous=ambiguous,
        known=given["ehr_no"].isin(first.index),
    )
    visits = read(f"cleansed/{VISIT}", *KEYS[VISIT], "visit_time", "dr_code", *BESIDE, "_business_date")
    link = read("base/population/source_link", "source_table", "source_key", "person_uid")
    link = link[link["source_table"] == VISIT].set_index("source_key")["person_uid"]
    visits = visits.assign(
        service_kind=constant("VISIT", visits),
        service_no=key(visits, VISIT),
        service_date=visits["visit_time"].dt.date,
        person_uid=of(key(visits, VISIT), link),
        ambiguous=False,
        known=True,
    ).rename(columns={"dr_code": "doctor"})
    services = pd.concat([given, visits.drop(columns=["visit_no", "visit_time"])], ignore_index=True)
    day = services["service_date"]
    return services.assign(past=holds((day <= as_of) & (day <= services["_business_date"])))


def service(read: Read, as_of: date) -> pd.DataFrame:
    """Every service, whose it is, what is wrong with it, and the archive it moves to in a merge."""
    archives = linked(read)
    services = _services(read, archives, as_of)
    staff = read("cleansed/health/staff", "licence_no", "org_code", "start_date", "leave_date").set_index("licence_no")
    account, doctor_org = of(services["input_user"], staff), of(services["doctor"], staff["org_code"])
    org = services["org_code"].fillna(doctor_org.where(services["service_kind"] == "FOLLOWUP"))
    entered = services["input_time"].dt.date
    entered = entered.where(holds(entered <= services["_business_date"]))
    elsewhere = holds(account["org_code"] != org) & (account["start_date"] <= entered).fillna(True)
    dead = read("base/population/death", "person_uid", "status", "death_date")
    died = of(services["person_uid"], dead[dead["status"] == "CONFIRMED"].set_index("person_uid")["death_date"])
    merged = elected(read, archives, services)
    survivor = of(services["archive_key"], merged.loc[~merged["is_survivor"], "survivor_ehr_no"])
    return services.assign(
        org_code=org,
        flags=flags(
            AFTER_DEATH=services["past"] & holds(services["service_date"] > died),
            F8=holds(account["leave_date"] < entered) | elsewhere,
            AMBIGUOUS_ARCHIVE=services["ambiguous"],
            NO_ARCHIVE=~services["known"],
            FUTURE=~services["past"],
        ),
        survivor_ehr_no=survivor.fillna(services["ehr_no"]),
    )[SERVICE]


def _counted(services: pd.DataFrame, by: str, **sums: pd.Series) -> pd.DataFrame:
    """By a column: how many services, how many of which something holds, the day of the last."""
    rows = pd.DataFrame({"last": services["service_date"].astype(DAYS), **{n: holds(s).astype("int32") for n, s in sums.items()}})
    groups = rows.groupby(services[by], sort=False)
    return groups[list(sums)].sum().assign(count=groups.size(), last=groups["last"].max().astype(DATE))


def _facts(read: Read, as_of: date) -> pd.DataFrame:
    """What is known about each archive."""
    archives = linked(read)
    columns = ["service_kind", "ehr_no", "survivor_ehr_no", "person_uid", "service_date", "flags"]
    services = read("themes/health/service", *columns)
    services = services.assign(past=~among(services["flags"], "FUTURE"))
    happened = services[services["past"]]
    visit = happened["service_kind"] == "VISIT"
    given, seen = happened[~visit], happened[visit]
    number, person, archive_key = archives["ehr_no"], archives["person_uid"], archives["archive_key"]
    wrong = {"not_in_service": among(given["flags"], "F8"), "after_death": among(given["flags"], "AFTER_DEATH")}
    own = of(number, _counted(given, "ehr_no", **wrong))
    moved = of(number, _counted(given[holds(given["survivor_ehr_no"] != given["ehr_no"])], "survivor_ehr_no"))
    visits = of(person, _counted(seen, "person_uid"))
    link = read("base/population/source_link", "source_table", "source_key", "match", "match_reason", "id_no")
    edited = link.loc[(link["match"] == "M1B") & (link["match_reason"] == "ONE_EDIT"), ["source_table", "source_key"]]
    link = link[["source_table", "id_no"]]
    elsewhere = link[link["id_no"].notna() & (link["source_table"] != ARCHIVE)].drop_duplicates()
    dead = read("base/population/death", "person_uid", "death_date", "grade", "status", "life_evidence").set_index("person_uid")
    told = read("base/population/death", "person_uid", "status", "sources").set_index("person_uid")
    stated = unpacked(told.loc[told["status"] == "CANDIDATE", "sources"])
    hinted = stated[~stated["date_kind"].str.startswith("INVALID")].merge(edited, on=["source_table", "source_key"])["person_uid"]
    confirmed = of(person, dead[dead["status"] == "CONFIRMED"])
    persons = archives[["ehr_no", "person_uid"]].dropna().drop_duplicates()
    merges = elected(read, archives, services)
    merge = of(archive_key, merges)
    losers = merges[~merges["is_survivor"]].reset_index().sort_values("archive_key")
    merged_from = listed(losers, "survivor_key", pd.Index(archive_key), "archive_key")
    scored = read("base/population/scored_match", "source_table", "source_key", "candidate_uid", "place", "margin", "decision")
    scored = scored[is_clear(scored)]
    mine, died = scored[scored["source_table"] == ARCHIVE], dead.index[(dead["status"] == "CONFIRMED") & dead["death_date"].notna()]
    probably_dead = archive_key.isin(mine.loc[mine["candidate_uid"].isin(died), "source_key"])
    probably_dead |= person.isin(scored.loc[scored["source_table"] != ARCHIVE, "candidate_uid"])
    worded = archives.loc[archives["open"], WORDS].dropna()
    return archives.assign(
        has_alike=pd.Series(True, index=worded.index[worded.duplicated(keep=False)]).reindex(archives.index, fill_value=False),
        persons_of_number=of(number, persons.groupby("ehr_no", sort=False).size()),
        is_survivor=~archive_key.isin(losers["archive_key"]),
        **{n: merge[n].fillna(0).astype("int32") for n in ("same_form", "other_form")},
        survivor_ehr_no=merge["survivor_ehr_no"].fillna(number),
        survivor_empi_id=merge["survivor_empi_id"].fillna(archives["empi_id"]),
        merged_from=merged_from.set_axis(archives.index),
        alone=~archives["id_no"].isin(elsewhere["id_no"]),
        in_police=archives["id_no"].isin(elsewhere.loc[elsewhere["source_table"] == RESIDENT, "id_no"]),
        death_date=confirmed["death_date"],
        death_grade=confirmed["grade"],
        is_found=archive_key.isin(mine.loc[mine["decision"] == "LINK", "source_key"]),
        probably_dead=probably_dead,
        seen_alive=person.isin(dead.index[filled(dead["life_evidence"])]),
        edited_hint=person.isin(hinted),
        service_count=own["count"].fillna(0),
        not_in_service=own["not_in_service"].fillna(0),
        after_death=own["after_death"].fillna(0),
        event_count=sum(f["count"].fillna(0).astype("int32") for f in (own, moved, visits)),
        last_visit_date=visits["last"],
        last_event_date=latest(own["last"], moved["last"], visits["last"]),
        created_on=_by_extract(archives, archives["create_date"]).fillna(_by_extract(archives, archives["input_time"].dt.date)),
        county6=archives["village_county"].fillna("321000"),
    )


def _by_extract(rows: pd.DataFrame, day: pd.Series) -> pd.Series:
    return day.where(holds(day <= rows["_business_date"]))


def archive(read: Read, as_of: date) -> pd.DataFrame:
    """The state of every archive, and why."""
    f = _facts(read, as_of)
    opened, created, last, died = f["open"], f["created_on"], f["last_event_date"], f["death_date"]
    two_years, five_years, grace = months_before(as_of, 24), months_before(as_of, 60), as_of - timedelta(days=30)
    hit = {
        "U1": opened & ~f["is_survivor"] & (f["same_form"] > 0),
        "U2": opened & (f["persons_of_number"] > 1),
        "U3": opened & f["id_no"].isna() & f["has_alike"],
        "U4": opened & ~f["is_survivor"] & (f["other_form"] > 0),
        "X1": opened & f["is_sure"] & (died < grace),
        "X2": f["after_death"] > 0,
        "X3": opened & f["is_sure"] & (f["create_date"] > died) & (f["create_date"] <= f["_business_date"]),
        "X4": opened & f["seen_alive"],
        "X5": opened & (f["edited_hint"] | (holds((f["match"] == "M1B") & (f["match_reason"] == "ONE_EDIT")) & died.notna())),
        "X6": opened & f["probably_dead"] & died.isna(),
        "N1": opened & f["is_found"],
        "D1": opened & (created <= two_years) & (last.isna() | (last <= created)),
        "D2": opened & (created.isna() | (last > created)) & (last < two_years),
        "F1": opened & f["id_no_error"].str.startswith("E_") & (f["match"] == "U") & ~f["is_found"],
        "F2": opened & f["id_no"].notna() & f["alone"],
        "F3": opened & (f["match"] == "ID_NAME_CONFLICT") & f["in_police"],
        "F4": opened & (f["_name_placeholder"] | ((f["id_no_error"] == "E_PLACEHOLDER") & ~f["is_found"])),
        "F8": opened & (f["service_count"] > 0) & (f["not_in_service"] >= f["service_count"] * 0.5),
    }
    hit = {rule: holds(condition) for rule, condition in hit.items()}
    doubt = constant(1.0, f, float)
    for rule, rest in DOUBT.items():
        doubt *= np.where(hit[rule], rest, 1.0)
    score = (1 - doubt).round(6)
    families = (hit["F1"] | hit["F2"] | hit["F3"] | hit["F4"]) & hit["F8"]
    sure = hit["X3"] | ((score >= 0.95) & families & ~holds(f["last_visit_date"] >= five_years))
    held = {
        "CLOSED": ~opened, "DUPLICATE": hit["U1"] | hit["U4"], "DECEASED": hit["X1"], "FAKE_CONFIRMED": sure,
        "FAKE_SUSPECT": (score >= 0.7) & ~sure, "DORMANT_NEVER": hit["D1"], "DORMANT": hit["D2"],
    }  # fmt: skip
    state = picked(constant("ACTIVE", f), *[(condition, name) for name, condition in held.items()])
    reason = looked_up(state, CLOSED_BECAUSE).mask(state == "CLOSED", f["cancel_reason"])
    day = picked(
        constant(None, f, DATE),
        (state == "CLOSED", f["cancel_date"]),
        (state.isin(["DUPLICATE", "FAKE_CONFIRMED"]), as_of),
        (state == "DECEASED", died),
    )
    return f.assign(
        state=state,
        also=flags(**{name: condition & (state != name) for name, condition in held.items()}),
        rules=flags(**hit),
        fake_score=score,
        is_automatic=state.isin(["DUPLICATE", "DECEASED"]) | ((state == "FAKE_CONFIRMED") & hit["X3"]),
        pending=holds(opened & f["is_sure"] & (died >= grace)),
        close_reason=reason,
        close_date=day,
    )[STATES]
