"""The invariants of queries.yaml as checks."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import yaml

from pipelines.checks.checks import EXAMPLES, Check, DoesNotApply, Violations
from pipelines.checks.view import PLACE, View


def queries() -> list[Check]:
    """Return one check per query, in the order of the file."""
    raw = yaml.safe_load(Path(__file__).with_name("queries.yaml").read_text(encoding="utf-8"))
    return [Check(name, q["code"], q["must"], partial(_found, q["violations"])) for name, q in raw.items()]


def _found(query: str, view: View) -> Violations:
    if missing := sorted({t for t in PLACE.findall(query) if not view.has(t)}):
        raise DoesNotApply(f"{', '.join(missing)} is not in the release")
    count = view.sql(f"SELECT count(*) AS n FROM ({query}) v")[0]["n"]
    examples = view.sql(f"SELECT example FROM ({query}) v ORDER BY example LIMIT {EXAMPLES}") if count else []
    return Violations(count, tuple(str(r["example"]) for r in examples))
