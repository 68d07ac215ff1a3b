"""service and archive in Polars."""

from __future__ import annotations

from typing import Any

import polars as pl
from polars import Expr, LazyFrame, col, lit, when

from bench.contestants.polars_link import Read, is_clear, is_sure, key
from bench.contestants.tables import ARCHIVE, BY_NUMBER, CLOSED_BECAUSE, DOUBT, RESIDENT, VISIT, WORDS

STRINGS = pl.List(pl.String)


def flags(**conditions: Expr) -> Expr:
    """The names of the conditions that hold, as a list."""
    return pl.concat_list([when(hit).then(lit(name)) for name, hit in conditions.items()]).list.drop_nulls()


def linked(read: Read) -> LazyFrame:
    """The archives with their key, person and match."""
    link = read("base/population/source_link").filter(col("source_table") == ARCHIVE)
    mine = link.select(col("source_key").alias("archive_key"), "person_uid", "match", "match_reason", is_sure().alias("is_sure"))
    return read(f"cleansed/{ARCHIVE}").with_columns(key(ARCHIVE).alias("archive_key")).join(mine, on="archive_key", how="left")


def is_open() -> Expr:
    return (col("status") == "0") & ~(col("cancel_date") <= col("_business_date")).fill_null(False)


def _town(division: str) -> Expr:
    town = col(division).str.slice(0, 9)
    return when((town.str.len_chars() == 9) & ~town.str.ends_with("000")).then(town)


def elected(read: Read, archives: LazyFrame, services: LazyFrame) -> LazyFrame:
    """The archives of persons with several open ones: which survives."""
    last = services.filter(col("ehr_no").is_not_null() & col("past")).group_by("ehr_no").agg(col("service_date").max().alias("last"))
    home = read("base/population/person").select(
        "person_uid", col("hukou_div").str.slice(0, 6).fill_null("321000").alias("home"), _town("hukou_div").alias("town")
    )
    usable = is_open() & col("id_no").is_not_null() & col("match").is_in(BY_NUMBER) & col("is_sure")
    county = ((col("village_county") == col("home")) & (col("home") != "321000")).fill_null(False)
    near = when((_town("village_code12") == col("town")).fill_null(False)).then(2).when(county).then(1).otherwise(0)
    several = archives.filter(usable).select(
        "person_uid", "ehr_no", "empi_id", "archive_key", "village_county", "village_code12", "create_date",
        col("_id_no_upgraded").alias("up"),
    ).filter(col("person_uid").is_duplicated())  # fmt: skip
    members = several.join(home, on="person_uid", how="left").join(last, on="ehr_no", how="left")
    first = col("place") == 1
    return (
        members.with_columns(near.alias("near"))
        .sort(["near", "last", "create_date", "ehr_no", "empi_id"], descending=[True, True, False, False, False], nulls_last=True)
        .with_columns(pl.len().over("person_uid").alias("members"), col("up").sum().over("person_uid").alias("ups"))
        .with_columns(
            pl.int_range(1, pl.len() + 1).over("person_uid").alias("place"),
            when("up").then(col("ups")).otherwise(col("members") - col("ups")).alias("alike"),
            *[col(c).first().over("person_uid").alias(f"survivor_{c}") for c in ("ehr_no", "empi_id")],
            col("archive_key").slice(1).sort().over("person_uid", mapping_strategy="join").alias("losers"),
        )
        .select(
            "ehr_no", "empi_id", "archive_key", "survivor_ehr_no", "survivor_empi_id", first.alias("is_survivor"),
            when(first).then(col("losers")).alias("merged_from"), (col("alike") - 1).cast(pl.Int32).alias("same_form"),
            (col("members") - col("alike")).cast(pl.Int32).alias("other_form"),
        )
    )  # fmt: skip


def _services(read: Read, archives: LazyFrame, as_of: Any) -> LazyFrame:
    """Examinations, follow-ups and visits in one shape, with their person."""
    beside = ["_source_file", "_row_no", "_batch_id", "_business_date"]

    def text(name: str) -> Expr:
        return lit(None, dtype=pl.String).alias(name)

    exams = read("cleansed/health/examination").select(
        lit("EXAM").alias("service_kind"), col("exam_no").alias("service_no"), "ehr_no", col("exam_date").alias("service_date"), "org_code",
        "doctor", text("way_code"), text("class_code"), "sbp", "dbp", "input_user", "input_time", *beside,
    )  # fmt: skip
    followups = read("cleansed/health/hypertension_followup").select(
        lit("FOLLOWUP").alias("service_kind"), col("fu_no").alias("service_no"),
        "ehr_no", col("fu_date").alias("service_date"), text("org_code"),
        "doctor", "way_code", "class_code", "sbp", "dbp", "input_user", "input_time", *beside,
    )  # fmt: skip
    numbers = archives.group_by("ehr_no").agg(
        (col("person_uid").drop_nulls().n_unique() > 1).alias("ambiguous"), col("archive_key").min(), col("person_uid").min()
    )
    numbers = numbers.with_columns(when(~col("ambiguous")).then(col(c)).alias(c) for c in ("archive_key", "person_uid"))
    mine = (
        read("base/population/source_link").filter(col("source_table") == VISIT).select(col("source_key").alias("service_no"), "person_uid")
    )
    visits = read(f"cleansed/{VISIT}").select(
        lit("VISIT").alias("service_kind"), key(VISIT).alias("service_no"), text("ehr_no"),
        col("visit_time").dt.date().alias("service_date"),
        "org_code", col("dr_code").alias("doctor"), text("way_code"), text("class_code"), lit(None, dtype=pl.Int32).alias("sbp"),
        lit(None, dtype=pl.Int32).alias("dbp"), text("input_user"), lit(None, dtype=pl.Datetime("us")).alias("input_time"), *beside,
        lit(False).alias("ambiguous"), text("archive_key"),
    ).join(mine, on="service_no", how="left")  # fmt: skip
    services = pl.concat([pl.concat([exams, followups]).join(numbers, on="ehr_no", how="left"), visits], how="vertical")
    return services.with_columns(((col("service_date") <= as_of) & (col("service_date") <= col("_business_date"))).alias("past"))


def service(read: Read, as_of: Any) -> pl.DataFrame:
    """Every service, whose it is, what is wrong with it, and the archive it moves to in a merge."""
    archives = linked(read)
    services = _services(read, archives, as_of).collect().lazy()
    staff = read("cleansed/health/staff")
    account = staff.select(col("licence_no").alias("input_user"), col("org_code").alias("account_org"), "start_date", "leave_date")
    doctors = staff.select(col("licence_no").alias("doctor"), col("org_code").alias("doctor_org"))
    dead = read("base/population/death").filter(col("status") == "CONFIRMED").select("person_uid", col("death_date").alias("died"))
    merged = elected(read, archives, services).filter(~col("is_survivor")).select("archive_key", "survivor_ehr_no")
    entered = when(col("input_time").dt.date() <= col("_business_date")).then(col("input_time").dt.date())
    org = pl.coalesce("org_code", when(col("service_kind") == "FOLLOWUP").then(col("doctor_org")))
    left = (col("leave_date") < entered).fill_null(False)
    elsewhere = ((col("account_org") != col("org_code")) & (col("start_date") <= entered).fill_null(True)).fill_null(False)
    return (
        services.join(account, on="input_user", how="left")
        .join(doctors, on="doctor", how="left")
        .with_columns(org.alias("org_code"))
        .join(dead, on="person_uid", how="left")
        .join(merged, on="archive_key", how="left")
        .select(
            "service_kind", "service_no", "ehr_no", "archive_key", "person_uid", "service_date", "org_code", "doctor", "way_code",
            "class_code", "sbp", "dbp", "input_user", "input_time",
            flags(
                AFTER_DEATH=col("past") & (col("service_date") > col("died")), F8=left | elsewhere, AMBIGUOUS_ARCHIVE=col("ambiguous"),
                NO_ARCHIVE=col("ambiguous").is_null(), FUTURE=~col("past"),
            ).alias("flags"),
            pl.coalesce("survivor_ehr_no", "ehr_no").alias("survivor_ehr_no"), "_source_file", "_row_no", "_batch_id",
        )
        .collect()
    )  # fmt: skip


def _facts(read: Read, as_of: Any) -> LazyFrame:
    """What is known about each archive."""
    services = read("themes/health/service").with_columns((~col("flags").list.contains("FUTURE")).alias("past"))
    happened = services.filter("past")
    given, archives = happened.filter(col("service_kind") != "VISIT"), linked(read)

    def flagged(flag: str) -> Expr:
        return col("flags").list.contains(flag).sum()

    own = given.group_by("ehr_no").agg(
        pl.len().alias("service_count"), flagged("F8").alias("not_in_service_count"), flagged("AFTER_DEATH").alias("after_death_count"),
        col("service_date").max().alias("last_own_date"),
    )  # fmt: skip
    moved = given.filter(col("survivor_ehr_no") != col("ehr_no")).group_by(col("survivor_ehr_no").alias("ehr_no")).agg(
        pl.len().alias("moved_count"), col("service_date").max().alias("last_moved_date")
    )  # fmt: skip
    visits = happened.filter((col("service_kind") == "VISIT") & col("person_uid").is_not_null()).group_by("person_uid").agg(
        pl.len().alias("visit_count"), col("service_date").max().alias("last_visit_date")
    )  # fmt: skip
    elsewhere = read("base/population/source_link").filter(col("id_no").is_not_null() & (col("source_table") != ARCHIVE))
    numbers = elsewhere.group_by("id_no").agg(
        col("source_table").n_unique().alias("other_sources"), (col("source_table") == RESIDENT).any().alias("in_police")
    )
    persons = archives.group_by("ehr_no").agg(col("person_uid").drop_nulls().n_unique().alias("persons_of_number"))
    dead = read("base/population/death").select(
        "person_uid",
        *[when(col("status") == "CONFIRMED").then(col(c)).alias(n) for c, n in (("death_date", "death_date"), ("grade", "death_grade"))],
        (col("life_evidence").list.len() > 0).alias("seen_alive"),
    )  # fmt: skip
    link, uid = read("base/population/source_link"), "person_uid"
    stated = read("base/population/death").filter(col("status") == "CANDIDATE").select(uid, "sources").explode("sources").unnest("sources")
    edited = link.filter((col("match") == "M1B") & (col("match_reason") == "ONE_EDIT")).select("source_table", "source_key")
    hints = stated.filter(~col("date_kind").str.starts_with("INVALID")).join(edited, on=["source_table", "source_key"], how="semi")
    hints = hints.select(uid).unique().with_columns(lit(True).alias("edited_hint"))
    scored = read("base/population/scored_match").filter(is_clear())
    died = dead.filter(col("death_date").is_not_null()).select(col("person_uid").alias("candidate_uid"), lit(True).alias("dead_candidate"))
    found = scored.filter(col("source_table") == ARCHIVE).join(died, on="candidate_uid", how="left").select(
        col("source_key").alias("archive_key"), (col("decision") == "LINK").alias("is_found"), "dead_candidate"
    )  # fmt: skip
    stated_dead = scored.filter(col("source_table") != ARCHIVE).select(col("candidate_uid").alias(uid)).unique()
    groups = elected(read, archives, services).drop("archive_key")
    alike = archives.filter(is_open()).group_by(WORDS).agg(pl.len().alias("alike"))
    joined = (
        archives.join(persons, on="ehr_no")
        .join(groups, on=["ehr_no", "empi_id"], how="left")
        .join(numbers, on="id_no", how="left")
        .join(dead, on="person_uid", how="left")
        .join(hints, on="person_uid", how="left")
        .join(own, on="ehr_no", how="left")
        .join(moved, on="ehr_no", how="left")
        .join(visits, on="person_uid", how="left")
        .join(alike, on=WORDS, how="left")
        .join(found, on="archive_key", how="left")
        .join(stated_dead.with_columns(lit(True).alias("stated_dead")), on=uid, how="left")
    )
    counts = [
        "service_count",
        "not_in_service_count",
        "after_death_count",
        "moved_count",
        "visit_count",
        "same_form",
        "other_form",
        "other_sources",
    ]
    return joined.with_columns(
        col(counts).fill_null(0).cast(pl.Int32), col("is_survivor").fill_null(True),
        col("in_police", "seen_alive", "edited_hint", "is_found", "dead_candidate", "stated_dead").fill_null(False),
        pl.coalesce("survivor_ehr_no", "ehr_no").alias("survivor_ehr_no"),
        pl.coalesce("survivor_empi_id", "empi_id").alias("survivor_empi_id"),
        col("merged_from").fill_null(lit([], dtype=STRINGS)), is_open().alias("open"),
        pl.coalesce(*[when(c <= col("_business_date")).then(c) for c in (col("create_date"), col("input_time").dt.date())])
        .alias("created_on"),
        col("village_county").fill_null("321000").alias("county6"),
        pl.max_horizontal("last_own_date", "last_moved_date", "last_visit_date").alias("last_event_date"),
    )  # fmt: skip


def archive(read: Read, as_of: Any) -> pl.DataFrame:
    """The state of every archive, and why."""
    today, opened, created, last = lit(as_of), col("open"), col("created_on"), col("last_event_date")
    two_years, five_years = today.dt.offset_by("-24mo"), today.dt.offset_by("-60mo")
    due = col("death_date").dt.offset_by("30d")
    unused = last.is_null() | (last <= created)
    used = created.is_null() | (last > created)
    edited = (col("match") == "M1B") & (col("match_reason") == "ONE_EDIT")
    share = col("not_in_service_count") >= col("service_count") * 0.5
    judged = _facts(read, as_of).with_columns(
        flags(
            U1=opened & ~col("is_survivor") & (col("same_form") > 0), U2=opened & (col("persons_of_number") > 1),
            U3=opened & col("id_no").is_null() & (col("alike") > 1), U4=opened & ~col("is_survivor") & (col("other_form") > 0),
            X1=opened & col("is_sure") & (today > due),
            X2=col("after_death_count") > 0,
            X3=opened & col("is_sure") & (col("create_date") > col("death_date")) & (col("create_date") <= col("_business_date")),
            X4=opened & col("seen_alive"),
            X5=opened & (col("edited_hint") | (edited & col("death_date").is_not_null()).fill_null(False)),
            X6=opened & (col("dead_candidate") | col("stated_dead")) & col("death_date").is_null(), N1=opened & col("is_found"),
            D1=opened & (created <= two_years) & unused, D2=opened & used & (last < two_years),
            F1=opened & col("id_no_error").str.starts_with("E_") & (col("match") == "U") & ~col("is_found"),
            F2=opened & col("id_no").is_not_null() & (col("other_sources") == 0),
            F3=opened & (col("match") == "ID_NAME_CONFLICT") & col("in_police"),
            F4=opened & (col("_name_placeholder") | ((col("id_no_error") == "E_PLACEHOLDER") & ~col("is_found"))),
            F8=opened & (col("service_count") > 0) & share,
        ).alias("rules")
    )  # fmt: skip

    def hit(rule: str) -> Expr:
        return col("rules").list.contains(rule)

    doubt = lit(1.0)
    for rule, rest in DOUBT.items():
        doubt = doubt * when(hit(rule)).then(rest).otherwise(1.0)
    scored = judged.with_columns((1 - doubt).round(6).alias("fake_score"))
    families = (hit("F1") | hit("F2") | hit("F3") | hit("F4")) & hit("F8")
    seen = (col("last_visit_date") >= five_years).fill_null(False)
    sure = hit("X3") | ((col("fake_score") >= 0.95) & families & ~seen)
    held = scored.with_columns(
        flags(
            CLOSED=~opened, DUPLICATE=hit("U1") | hit("U4"), DECEASED=hit("X1"), FAKE_CONFIRMED=sure,
            FAKE_SUSPECT=(col("fake_score") >= 0.7) & ~sure, DORMANT_NEVER=hit("D1"), DORMANT=hit("D2"), ACTIVE=lit(True),
        ).alias("held")
    ).with_columns(col("held").list.first().alias("state"))  # fmt: skip
    state = col("state")
    date_of = when(state == "CLOSED").then(col("cancel_date")).when(state.is_in(["DUPLICATE", "FAKE_CONFIRMED"])).then(today)
    return held.select(
        "ehr_no", "empi_id", "person_uid", "state", col("held").list.slice(1).list.set_difference(lit(["ACTIVE"])).alias("also"), "rules",
        "fake_score", (state.is_in(["DUPLICATE", "DECEASED"]) | ((state == "FAKE_CONFIRMED") & hit("X3"))).alias("is_automatic"),
        (opened & col("is_sure") & (today <= due)).fill_null(False).alias("pending"),
        when(state == "CLOSED").then(col("cancel_reason")).otherwise(
            state.replace_strict(CLOSED_BECAUSE, default=None, return_dtype=pl.String)
        ).alias("close_reason"),
        date_of.when(state == "DECEASED").then(col("death_date")).alias("close_date"), "survivor_ehr_no", "survivor_empi_id", "merged_from",
        "death_date", "death_grade", "create_date", "last_event_date",
        (col("service_count") + col("moved_count") + col("visit_count")).alias("event_count"), "county6", "mana_org",
        "_source_file", "_row_no", "_batch_id",
    ).collect()  # fmt: skip
