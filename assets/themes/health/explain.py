"""Explain a health archive: its state, the rules that hit with their evidence, its services with flags."""

from __future__ import annotations

from typing import Any

from assets.explain import Explanation, RowReader, Section, explains
from assets.rules.explain import hits, section
from assets.themes.health import survivor
from assets.themes.health.rules import RULES

FACTS = (
    "state", "also", "rules", "fake_score", "is_automatic", "pending", "close_reason", "close_date", "survivor_ehr_no",
    "survivor_empi_id", "merged_from", "death_date", "death_grade", "create_date", "last_event_date", "event_count", "mana_org",
)  # fmt: skip
CANDIDATE = ("candidate_uid", "score", "margin", "decision", "evidence")


@explains("archive number")
def explain_archive(rows: RowReader, identifier: str) -> list[Explanation]:
    """Explain every archive with this number: one per index entry (empi_id), each with file and line."""
    return [_explanation(rows, archive) for archive in rows("themes/health/archive", ehr_no=identifier)]


def _explanation(rows: RowReader, archive: dict[str, Any]) -> Explanation:
    number, index = archive["ehr_no"], archive["empi_id"]
    found = hits(rows("themes/health/cleanup_list", ehr_no=number, empi_id=index), RULES)
    facts = {name: archive[name] for name in FACTS}
    place = {"file": archive["_source_file"], "line": archive["_row_no"], "batch": archive["_batch_id"]}
    scored = rows("base/population/scored_match", source_table=survivor.ARCHIVE, source_key=f"{number}|{index}")
    candidates = [{name: c[name] for name in CANDIDATE} for c in sorted(scored, key=lambda c: c["place"])]
    services = [
        {
            "kind": s["service_kind"],
            "service_no": s["service_no"],
            "date": s["service_date"],
            "flags": s["flags"],
            "file": s["_source_file"],
            "line": s["_row_no"],
        }
        for s in rows("themes/health/service", ehr_no=number)
        if s["flags"]
    ]
    return Explanation(
        title=f"Archive {number} (index {index}): {archive['state']}",
        lines=[
            f"delivered in {place['file']}, line {place['line']} (batch {place['batch'][:8]}); person {archive['person_uid']}",
        ],
        sections=[
            Section("Facts", ("fact", "value"), [(k, ", ".join(map(str, v)) if isinstance(v, list) else v) for k, v in facts.items()]),
            *map(section, found),
            Section(
                "Whom it probably speaks of, as it has no usable number",
                ("person", "score", "ahead", "decision", "evidence"),
                [(c["candidate_uid"], c["score"], c["margin"], c["decision"], ", ".join(c["evidence"])) for c in candidates],
            ),
            Section(
                "Services with flags",
                ("kind", "date", "flags", "file", "line"),
                [(s["kind"], s["date"], ", ".join(s["flags"]), s["file"], str(s["line"])) for s in services],
            ),
        ],
        facts={
            "archive": number,
            "empi_id": index,
            "person_uid": archive["person_uid"],
            "delivered_at": place,
            "facts": facts,
            "rules": found,
            "candidates": candidates,
            "flagged_services": services,
        },
    )
