"""What contracts and standards say, as plain data that a contestant can read in a millisecond: `spec.json` beside the inputs.

Here: gathering it. The rivals read nothing else of the project: neither its code nor the time that its contracts take to load.
"""

from __future__ import annotations

from typing import Any

from assets.base.population.scored_match import POINTS
from bench.job import AS_OF, KEY, SOURCES
from contracts import SourceContract, load_all, sources
from contracts.loader import code_lists
from standards import divisions
from standards.codes import code_list, labels
from standards.names import variants
from standards.tables import placeholders


def spec() -> dict[str, Any]:
    """tables, codes, divisions, placeholders, variants, linkage_points, key (hex), as_of."""
    contracts = sources(load_all())
    counties = (*divisions.counties(), divisions.TEST_COUNTY)
    return {
        "as_of": AS_OF.isoformat(),
        "key": KEY.hex(),
        "tables": {s: _table(contracts[f"cleansed/{s}"]) for s in SOURCES},
        "codes": {name: {**{c.upper(): c for c in code_list(name)}, **labels(name)} for name in sorted(code_lists())},
        "divisions": {
            "counties": counties,
            "towns": divisions.towns(),
            "successors": divisions.successors(),
            "names": divisions.names(),
            "history": (*divisions.city_history(), divisions.TEST_COUNTY),
        },
        "placeholders": {rule: placeholders(rule) for rule in ("identity", "phone", "person_name", "date")},
        "variants": variants(),
        "linkage_points": POINTS,
    }


def _table(contract: SourceContract) -> dict[str, Any]:
    delivery = contract.delivery
    return {
        "key": contract.key,
        "mode": delivery.mode,
        "format": delivery.format,
        "sequence": delivery.sequence,
        "columns": [
            {
                "name": c.name, "rule": c.rule, "type": c.physical_type, "required": c.on_error == "quarantine" and c.delivered,
                "list": c.code_list, "min": c.minimum, "max": c.maximum, "units": dict(c.other_units), "from": c.derived_from[:1],
            }
            for c in contract.columns
        ],
        "row_rules": [{"rule": r.rule, "columns": r.columns, **dict(r.options)} for r in contract.row_rules],
    }  # fmt: skip
