"""Explain a person: the source records it is made of, and the evidence of a death."""

from __future__ import annotations

from typing import Any

from assets.explain import Explanation, RowReader, Section, explains

FACTS = (
    "person_class", "vital_status", "death_date", "death_grade", "county6", "resident_flag", "source_cnt", "first_seen", "last_seen"
)  # fmt: skip


@explains("person_uid")
def explain_person(rows: RowReader, identifier: str) -> list[Explanation]:
    """Explain a person_uid by source records and deaths, each with file and line; a person_uid belongs to one person."""
    return [_explanation(rows, person) for person in rows("base/population/person", person_uid=identifier)]


def _explanation(rows: RowReader, person: dict[str, Any]) -> Explanation:
    uid = person["person_uid"]
    links = sorted(rows("base/population/source_link", person_uid=uid), key=lambda r: (r["source_table"], r["source_key"]))
    deaths = rows("base/population/death", person_uid=uid)
    facts = {name: person[name] for name in FACTS}
    records = [
        {
            "source_table": r["source_table"],
            "match": r["match"],
            "reason": r["match_reason"],
            "file": r["_source_file"],
            "line": r["_row_no"],
        }
        for r in links
    ]
    return Explanation(
        title=f"Person {uid}",
        sections=[
            Section("Facts", ("fact", "value"), list(facts.items())),
            Section(
                "Source records of the person",
                ("table", "match", "reason", "file", "line"),
                [(r["source_table"], r["match"], r["reason"], r["file"], str(r["line"])) for r in records],
            ),
            *[_death(d) for d in deaths],
        ],
        facts={
            "person_uid": uid,
            "facts": facts,
            "records": records,
            "death": [{name: d[name] for name in ("status", "grade", "death_date", "sources")} for d in deaths],
        },
    )


def _death(death: dict[str, Any]) -> Section:
    return Section(
        f"Death {death['death_date']}, grade {death['grade']}, {death['status']}",
        ("from", "grade", "date", "file", "line"),
        [(s["source_table"], s["grade"], s["death_date"], s["_source_file"], str(s["_row_no"])) for s in death["sources"]],
    )
