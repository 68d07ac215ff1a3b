"""The staffing committee: the register of public institutions, a workbook of an old office program."""

from __future__ import annotations

import pandas as pd

from simulator.basics import numbers, only, pick
from simulator.declare import Department
from simulator.dirt import Cell, labels
from simulator.entity_records import entity_records, registration
from simulator.registers import Registers

STAFFING = Department("staffing", organisation="FAKE321000000023")
INSTITUTION = "staffing/public_institution"
STATUS = labels({"1": ("正常", "存续"), "3": ("注销",)})


@STAFFING.table(
    "public_institution",
    dirt=(Cell("D32", "entity_name", 0.05), Cell("D15X", "est_date", 0.05), Cell("D22", "entity_status", 0.3, kind=STATUS)),
    copies=0.01,
)
def institutions(registers: Registers) -> pd.DataFrame:
    """One row per public institution."""
    e, rng = registers.world.enterprises, registers.world.stream("staffing public institution")
    e = e[e["kind"] == "institution"]
    n = len(e)
    return pd.DataFrame(
        {
            **registration(e),
            "certificate_no": "SY" + numbers(e.index, 8),
            "organisation_code": only(rng.random(n) < 0.8, e["org_code"].to_numpy(dtype=object)),
            "organiser": "扬州市人民政府",
            "institution_type": pick(rng, ["1", "2", "公益一类"], n, [50, 40, 10]),
        }
    )


@STAFFING.truth("entity_record")
def whose(registers: Registers) -> pd.DataFrame:
    """Which entity each registration is of."""
    return entity_records(registers, {INSTITUTION: ("certificate_no",)})
