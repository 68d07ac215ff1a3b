"""Explain a legal entity: the source records it is made of, each with its rule and the row by which it was matched, and its history."""

from __future__ import annotations

from typing import Any

from assets.explain import Explanation, RowReader, Section, explains

LINK, ENTITY, HISTORY, OWNERSHIP, ALIAS = (
    f"base/legal_entity/{table}" for table in ("source_link", "entity", "entity_history", "ownership", "alias")
)
FACTS = ("uscc", "org_code", "reg_no", "name", "entity_kind", "status", "status_date", "county6", "parent_uscc", "source_cnt")


@explains("entity_uid, credit code or registration number")
def explain_entity(rows: RowReader, identifier: str) -> list[Explanation]:
    """Explain the entities of an entity_uid (also of an alias), a credit code or a registration number."""
    current = {r["entity_uid"] for r in rows(ALIAS, alias_uid=identifier)} | {identifier}
    found = [e for uid in sorted(current) for e in rows(ENTITY, entity_uid=uid)]
    found += [e for column in ("uscc", "reg_no") for e in rows(ENTITY, **{column: identifier})]
    return [_explanation(rows, entity) for entity in found]


def _explanation(rows: RowReader, entity: dict[str, Any]) -> Explanation:
    uid = entity["entity_uid"]
    links = sorted(rows(LINK, entity_uid=uid), key=lambda r: (r["source_table"], r["source_key"]))
    history = sorted(rows(HISTORY, entity_uid=uid), key=lambda r: r["version_no"])
    owners = sorted(rows(OWNERSHIP, entity_uid=uid), key=lambda r: (r["entity_id"], r["statement_no"]))
    facts = {name: entity[name] for name in FACTS}
    records = [
        {
            "source_table": r["source_table"],
            "match": r["match"],
            "reason": r["match_reason"],
            "file": r["_source_file"],
            "line": r["_row_no"],
            "evidence_file": r["evidence_file"],
            "evidence_line": r["evidence_row"],
        }
        for r in links
    ]
    versions = [{name: v[name] for name in ("valid_from", "valid_to", "name", "status", "events", "other_no")} for v in history]
    shares = [{name: o[name] for name in ("party_kind", "share", "valid_from", "valid_to", "_source_file", "_row_no")} for o in owners]
    return Explanation(
        title=f"Legal entity {uid}",
        sections=[
            Section("Facts", ("fact", "value"), list(facts.items())),
            Section(
                "Source records of the entity",
                ("table", "match", "reason", "file", "line", "matched by file", "line"),
                [tuple(r.values()) for r in records],
            ),
            Section(
                "History",
                ("from", "to", "name", "status", "events", "other"),
                [(*list(v.values())[:4], ", ".join(v["events"]), v["other_no"]) for v in versions],
            ),
            Section("Owners", ("kind", "share", "from", "to", "file", "line"), [tuple(s.values()) for s in shares]),
        ],
        facts={"entity_uid": uid, "facts": facts, "records": records, "history": versions, "owners": shares},
    )
