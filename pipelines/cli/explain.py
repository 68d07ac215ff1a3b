"""`citylake explain`: why an archive has its state, with rules, evidence, files and lines; or whose records a person is made of."""

from __future__ import annotations

from typing import Any

from pipelines.cli.screen import console, print_json, show_table
from resources.errors import CitylakeError
from resources.lake import Lake
from resources.rows import dataset
from resources.settings import Settings

ARCHIVE, CLEANUP = "themes/health/archive", "themes/health/cleanup_list"
PERSON, LINK, DEATH, SERVICE = "base/population/person", "base/population/source_link", "base/population/death", "themes/health/service"
SHOWN = (
    "state",
    "also",
    "rules",
    "fake_score",
    "is_automatic",
    "pending",
    "close_reason",
    "close_date",
    "survivor_ehr_no",
    "survivor_empi_id",
    "merged_from",
    "death_date",
    "death_grade",
    "create_date",
    "last_event_date",
    "event_count",
    "mana_org",
)


def show_explanation(settings: Settings, what: str, *, as_json: bool) -> int:
    """Explain an archive number, or else a person_uid. Raises CitylakeError when the lake knows neither."""
    lake = Lake(settings.lake, settings.s3)
    archives = _rows(lake, ARCHIVE, ("ehr_no", "=", what))
    facts = [_archive(lake, a) for a in archives] if archives else [_person(lake, what)]
    if as_json:
        print_json(facts)
        return 0
    for fact in facts:
        _show(fact)
    return 0


def _rows(lake: Lake, table: str, *filters: tuple[str, str, Any]) -> list[dict[str, Any]]:
    """The rows of a published table where all filters hold; only matching row groups are read."""
    from pyarrow.parquet import filters_to_expression

    handle = lake.open(table)
    if handle is None:
        raise CitylakeError("TABLE_MISSING", f"table {table} has never been published", lake.root, "Run a night first")
    return dataset(handle).to_table(filter=filters_to_expression(list(filters))).to_pylist()


def _archive(lake: Lake, archive: dict[str, Any]) -> dict[str, Any]:
    """One archive: its state, where its own row stands, each rule with its evidence, its services with flags."""
    rules = _rules()
    mine = [("ehr_no", "=", archive["ehr_no"]), ("empi_id", "=", archive["empi_id"])]
    work = _rows(lake, CLEANUP, *mine)
    services = [s for s in _rows(lake, SERVICE, ("ehr_no", "=", archive["ehr_no"])) if s["flags"]]
    return {
        "archive": archive["ehr_no"],
        "empi_id": archive["empi_id"],
        "person_uid": archive["person_uid"],
        "delivered_at": {"file": archive["_source_file"], "line": archive["_row_no"], "batch": archive["_batch_id"]},
        "facts": {k: archive[k] for k in SHOWN},
        "rules": [
            {
                "rule": w["rule"],
                "means": rules.get(w["rule"], ""),
                "action": w["action"],
                "automatic": w["automatic"],
                "evidence": w["evidence"],
            }
            for w in sorted(work, key=lambda w: w["rule"])
        ],
        "flagged_services": [
            {
                "kind": s["service_kind"],
                "service_no": s["service_no"],
                "date": s["service_date"],
                "flags": s["flags"],
                "file": s["_source_file"],
                "line": s["_row_no"],
            }
            for s in services
        ],
    }


def _person(lake: Lake, uid: str) -> dict[str, Any]:
    """One person: the source records it is made of, and the evidence of a death."""
    people = _rows(lake, PERSON, ("person_uid", "=", uid))
    if not people:
        raise CitylakeError(
            "UNKNOWN", f"there is neither an archive nor a person {uid}", lake.root, "Give an archive number or a person_uid"
        )
    links = _rows(lake, LINK, ("person_uid", "=", uid))
    deaths = _rows(lake, DEATH, ("person_uid", "=", uid))
    shown = (
        "person_class",
        "vital_status",
        "death_date",
        "death_grade",
        "county6",
        "resident_flag",
        "source_cnt",
        "first_seen",
        "last_seen",
    )
    return {
        "person_uid": uid,
        "facts": {k: people[0][k] for k in shown},
        "records": [
            {
                "source_table": r["source_table"],
                "match": r["match"],
                "reason": r["match_reason"],
                "file": r["_source_file"],
                "line": r["_row_no"],
            }
            for r in sorted(links, key=lambda r: (r["source_table"], r["source_key"]))
        ],
        "death": [{"status": d["status"], "grade": d["grade"], "death_date": d["death_date"], "sources": d["sources"]} for d in deaths],
    }


def _rules() -> dict[str, str]:
    from assets.themes.health.rules import rules

    return {name: f"{rule.meaning} ({rule.title})" for name, rule in rules().items()}


def _show(fact: dict[str, Any]) -> None:
    if "archive" in fact:
        console.print(f"[bold]Archive {fact['archive']}[/] (index {fact['empi_id']}): [bold]{fact['facts']['state']}[/]")
        at = fact["delivered_at"]
        console.print(f"delivered in {at['file']}, line {at['line']} (batch {at['batch'][:8]}); person {fact['person_uid']}\n")
    else:
        console.print(f"[bold]Person {fact['person_uid']}[/]\n")
    show_table("Facts", ("fact", "value"), [(k, ", ".join(map(str, v)) if isinstance(v, list) else v) for k, v in fact["facts"].items()])
    for rule in fact.get("rules", []):
        decided = "acts by itself" if rule["automatic"] else "for people to decide"
        show_table(
            f"{rule['rule']}: {rule['means']} → {rule['action']}, {decided}",
            ("evidence", "from", "file", "line"),
            [(e["fact"], e["source_table"], e["_source_file"], str(e["_row_no"])) for e in rule["evidence"]],
        )
    if fact.get("flagged_services"):
        show_table(
            "Services with flags",
            ("kind", "date", "flags", "file", "line"),
            [(s["kind"], s["date"], ", ".join(s["flags"]), s["file"], str(s["line"])) for s in fact["flagged_services"]],
        )
    if fact.get("records"):
        show_table(
            "Made of these source records",
            ("table", "match", "reason", "file", "line"),
            [(r["source_table"], r["match"], r["reason"], r["file"], str(r["line"])) for r in fact["records"]],
        )
    for death in fact.get("death", []):
        show_table(
            f"Death {death['death_date']}, grade {death['grade']}, {death['status']}",
            ("from", "grade", "date", "file", "line"),
            [(s["source_table"], s["grade"], s["death_date"], s["_source_file"], str(s["_row_no"])) for s in death["sources"]],
        )
