"""cleanup_list in pandas."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from bench.contestants.pandas_link import Read, is_clear, is_open, key
from bench.contestants.pandas_values import TEXT, among, constant, filled, listed
from bench.contestants.tables import ARCHIVE, PROOF, RESIDENT, RULES, WORDS

LIST = ["mana_org", "ehr_no", "empi_id", "rule", "action", "automatic", "evidence", "county6", "person_uid"]
PLACE_OF_ROW = ["_source_file", "_row_no"]


def _proofs(rows: pd.DataFrame, kind: str, table: str, source_key: str, label: str, *said: str) -> pd.DataFrame:
    """Rows as evidence of a kind. table, label: a column, or the name or words themselves; said: columns that stand behind the label."""
    fact = rows[label] if label in rows else constant(label, rows)
    for name in said:
        value = rows[name].astype(TEXT)
        fact = fact.mask(value.notna(), fact + " " + value)
    source = rows[table] if table in rows else constant(table, rows)
    told = {"archive_key": rows["archive_key"], "kind": constant(kind, rows), "source_table": source, "source_key": rows[source_key]}
    return pd.DataFrame({**told, "fact": fact, **rows[PLACE_OF_ROW]})


def unpacked(lists: pd.Series) -> pd.DataFrame:
    """The structs of lists as rows, with the index of the lists as their person."""
    structs = lists[filled(lists)].explode()
    return structs.struct.explode().rename_axis("person_uid").reset_index()


def _evidence(read: Read, everything: pd.DataFrame, judged: pd.DataFrame) -> pd.DataFrame:
    """All that may prove something about archives."""
    kept = everything[["archive_key", "ehr_no", *PLACE_OF_ROW]].rename(columns={"archive_key": "kept_key"})
    losers = everything[["archive_key"]].assign(kept_key=everything["survivor_ehr_no"] + "|" + everything["survivor_empi_id"])
    survivors = losers[losers["kept_key"] != losers["archive_key"]].merge(kept, on="kept_key")
    namesakes = everything.loc[among(everything["rules"], "U2"), ["ehr_no", "archive_key"]].merge(kept, on="ehr_no")
    namesakes = namesakes[namesakes["kept_key"] != namesakes["archive_key"]]
    delivered = read(f"cleansed/{ARCHIVE}", "ehr_no", "empi_id", "status", "cancel_date", "_business_date", *WORDS, *PLACE_OF_ROW)
    delivered = delivered.assign(archive_key=key(delivered, ARCHIVE)).dropna(subset=WORDS)
    unnumbered = judged.loc[among(judged["rules"], "U3"), ["archive_key"]].merge(delivered[["archive_key", *WORDS]], on="archive_key")
    alike = unnumbered.merge(delivered[is_open(delivered)].rename(columns={"archive_key": "kept_key"}), on=WORDS)
    alike = alike[alike["kept_key"] != alike["archive_key"]]
    mine = judged[["archive_key", "person_uid", "ehr_no"]]
    death = read("base/population/death", "person_uid", "status", "sources", "life_evidence").set_index("person_uid")
    sources = unpacked(death.loc[death["status"].isin(["CONFIRMED", "CANDIDATE"]), "sources"])
    stated = mine.merge(sources, on="person_uid")
    alive = mine.merge(unpacked(death["life_evidence"]), on="person_uid")
    services = read("themes/health/service", "service_kind", "service_no", "ehr_no", "service_date", "flags", *PLACE_OF_ROW)
    services = services[(services["service_kind"] != "VISIT") & filled(services["flags"])]
    origin = constant("health/hypertension_followup", services).mask(services["service_kind"] == "EXAM", "health/examination")
    events = mine.merge(services.assign(source_table=origin), on="ehr_no")
    link = read("base/population/source_link", "source_table", "source_key", "match", "id_no", "person_uid", *PLACE_OF_ROW)
    conflict = link.loc[(link["source_table"] == ARCHIVE) & (link["match"] == "ID_NAME_CONFLICT"), ["source_key", "id_no"]]
    conflict = conflict[conflict["source_key"].isin(mine["archive_key"])].rename(columns={"source_key": "archive_key"})
    police = link[link["source_table"] == RESIDENT]
    owners = conflict.merge(police[police["id_no"].notna()], on="id_no")
    scored = read("base/population/scored_match").rename(columns={"candidate_uid": "person_uid"})
    said = pd.Series(pc.binary_join(pa.array(scored["evidence"]), ", "), scored.index, dtype=TEXT)
    scored = scored.assign(fact="probably, score " + scored["score"].map(str).astype(TEXT) + ": " + said, clear=is_clear(scored))
    theirs = scored.loc[scored["source_table"] == ARCHIVE, ["source_key", "person_uid", "fact", "clear"]]
    theirs = theirs.rename(columns={"source_key": "archive_key"})
    candidates = theirs[theirs["archive_key"].isin(mine["archive_key"])].merge(police, on="person_uid")
    probable = judged.loc[among(judged["rules"], "X6"), ["archive_key", "person_uid"]]
    their_deaths = theirs[theirs["clear"] & theirs["archive_key"].isin(probable["archive_key"])].drop(columns="fact")
    their_deaths = their_deaths.merge(sources, on="person_uid")
    unnumbered_deaths = probable.merge(scored[(scored["source_table"] != ARCHIVE) & scored["clear"]], on="person_uid")
    return pd.concat(
        [
            _proofs(judged, "archive", ARCHIVE, "archive_key", "archive, state", "state"),
            _proofs(survivors, "survivor", ARCHIVE, "kept_key", "survivor of the merge"),
            _proofs(namesakes, "namesake", ARCHIVE, "kept_key", "same archive number"),
            _proofs(alike, "alike", ARCHIVE, "kept_key", "same name, birth, sex and phone"),
            _proofs(stated, "death", "source_table", "source_key", "death of grade", "grade", "death_date"),
            _proofs(alive, "life", "source_table", "source_key", "seen alive", "event_date"),
            *[
                _proofs(events[among(events["flags"], flag)], kind, "source_table", "service_no", label, "service_date")
                for flag, kind, label in (
                    ("AFTER_DEATH", "after_death", "service after the death"),
                    ("F8", "not_in_service", "entered by an account not in service"),
                )
            ],
            _proofs(owners, "police", "source_table", "source_key", "owner of the number"),
            _proofs(candidates, "candidate", "source_table", "source_key", "fact"),
            _proofs(their_deaths, "death_record", "source_table", "source_key", "death of grade", "grade", "death_date"),
            _proofs(unnumbered_deaths, "death_record", "source_table", "source_key", "fact"),
        ],
        ignore_index=True,
    )


def cleanup_list(read: Read) -> pd.DataFrame:
    """What each institution has to do: one row per archive and rule, with the records that prove it."""
    columns = ["ehr_no", "empi_id", "mana_org", "county6", "person_uid", "state", "rules", "survivor_ehr_no", "survivor_empi_id"]
    everything = read("themes/health/archive", *columns, *PLACE_OF_ROW)
    everything = everything.assign(archive_key=key(everything, ARCHIVE))
    judged = everything[filled(everything["rules"])]
    wanted = judged.rename(columns={"rules": "rule"}).explode("rule").reset_index(drop=True)
    actions = pd.DataFrame.from_dict(RULES, orient="index", columns=["action", "automatic", "kinds"]).rename_axis("rule").reset_index()
    actions = actions.astype({"rule": TEXT, "action": TEXT})
    wanted = wanted.merge(actions.drop(columns="kinds"), on="rule").rename_axis("at").reset_index()
    kinds = actions[["rule", "kinds"]].explode("kinds").rename(columns={"kinds": "kind"}).astype({"kind": TEXT})
    found = _evidence(read, everything, judged)
    asked = wanted[["at", "archive_key", "rule"]].merge(kinds, on="rule").merge(found, on=["archive_key", "kind"])
    asked = asked.sort_values(["source_table", "source_key", "fact"])
    evidence = listed(asked, "at", pd.Index(wanted["at"]), PROOF, most=20)
    return wanted.assign(evidence=evidence)[LIST]
