"""Explain an electronic licence: whose it is and why, in which state it is and why, its versions, and the rules that hit it."""

from __future__ import annotations

from typing import Any

from assets.base.licence.rules import RULES
from assets.explain import Explanation, RowReader, Section, explains
from assets.rules.explain import hits, section

LICENCE, HOLDER, VERSION, LIST = (f"base/licence/{table}" for table in ("licence", "holder", "version", "lapse_list"))
FACTS = (
    "type_name", "register_state", "state", "also", "rules", "lapse_date", "holder_kind", "person_uid", "entity_uid", "match",
    "match_reason", "issuer_no", "issuer_name", "issue_date", "valid_from", "valid_to", "signature_ok", "use_count",
)  # fmt: skip
REASONS = {
    "EXACT": "a holder has the number, and the names agree",
    "FORMER": "a holder has the number, and the licence has a former name of theirs",
    "RARE": "a holder has the number, and the licence's name, which has lost characters, could be theirs",
    "ONE_EDIT": "a holder has the number, and the names differ in one character",
    "DIFFERS": "the number belongs to a holder of another name",
    "UNKNOWN": "nobody in the base databases has the number",
    "SEVERAL": "several legal entities have the number",
    "NO_NUMBER": "the licence has no number that can be read",
}
"""match_reason -> why the licence is linked, or not."""


@explains("licence identifier or certificate number")
def explain_licence(rows: RowReader, identifier: str) -> list[Explanation]:
    """Explain the electronic licence of an identifier, or all those of a certificate number."""
    found = {r["licence_id"]: r for column in ("licence_id", "certificate_no") for r in rows(LICENCE, **{column: identifier})}
    return [_explanation(rows, licence) for _, licence in sorted(found.items())]


def _why(licence: dict[str, Any], found: list[dict[str, Any]]) -> str:
    """Why the licence is in its state, in a sentence."""
    title = RULES.states[licence["state"]].title
    by = [hit for hit in found if hit["rule"] in RULES.states[licence["state"]].by]
    since = f" since {licence['lapse_date']}" if licence["lapse_date"] else ""
    reason = "; ".join(f"{hit['rule']}: {hit['means']}" for hit in by) or f"the register says {licence['register_state']}"
    return f"{licence['state']} ({title}){since}: {reason}"


def _explanation(rows: RowReader, licence: dict[str, Any]) -> Explanation:
    number = licence["licence_id"]
    found = hits(rows(LIST, licence_id=number), RULES)
    facts = {name: licence[name] for name in FACTS}
    place = {"file": licence["_source_file"], "line": licence["_row_no"], "batch": licence["_batch_id"]}
    versions = [
        {name: v[name] for name in ("version", "licence_id", "effective_from", "effective_to", "replaced_by", "next_licence_id")}
        for v in sorted(_versions(rows, licence), key=lambda v: (str(v["effective_from"]), v["licence_id"]))
    ]
    linked, state = f"{licence['match']}: {REASONS[licence['match_reason']]}", _why(licence, found)
    return Explanation(
        title=f"Licence {number}: {licence['state']}",
        lines=[
            f"delivered in {place['file']}, line {place['line']} (batch {place['batch'][:8]})",
            f"holder {linked}",
            state,
        ],
        sections=[
            Section("Facts", ("fact", "value"), [(k, ", ".join(map(str, v)) if isinstance(v, list) else v) for k, v in facts.items()]),
            *map(section, found),
            Section("Versions", ("version", "licence", "from", "to", "replaced by", "next"), [tuple(v.values()) for v in versions]),
        ],
        facts={
            "licence": number, "delivered_at": place, "holder": linked, "state": state, "facts": facts, "rules": found,
            "versions": versions,
        },
    )  # fmt: skip


def _versions(rows: RowReader, licence: dict[str, Any]) -> list[dict[str, Any]]:
    """The versions of the licence's series, and those that it replaces and that replace it."""
    found = list(rows(VERSION, series=licence["series"]))
    others = (licence["previous_licence_id"], licence["next_licence_id"])
    found += [v for other in others if other for v in rows(VERSION, licence_id=other)]
    return list({v["licence_id"]: v for v in found}.values())
