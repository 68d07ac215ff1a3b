"""The citizen card company: the full list of cards each night."""

from __future__ import annotations

import numpy as np
import pandas as pd

from simulator.basics import AS_OF, as_days, between, clock_text, day_text, decimals, numbers, office_seconds, only, pick
from simulator.declare import Department
from simulator.dirt import Cell, Older, labels
from simulator.registers import Registers
from simulator.rejects import Number, Rejected

CITIZEN_CARD = Department("citizen_card", organisation="FAKE321000000005")
COVERAGE, SECOND_CARD = 0.70, 0.03
"""Share of persons with a card, and of these with two."""


@CITIZEN_CARD.table(
    "card",
    dirt=(
        Cell("D01", "name", 0.0005),
        Cell("D04", "id_no", 0.2),
        Cell("D05", "id_no", 0.008),
        Cell("D07", "id_no", 0.003),
        Cell("D03", "id_no", 0.01),
        Cell("D02", "name", 0.02),
        Cell("D30", "name", 0.01),
        Cell("D15", "issue_date", 0.05),
        Cell("D14", "issue_date", 0.02),
        Cell("D22", "card_type", 0.03, kind=labels({"A": ("普通",), "S": ("社保市民卡",), "C": ("老年卡",), "H": ("健康卡",)})),
        Cell("D09", "phone", 0.04),
        Cell("D10", "name", 0.002, other="id_no"),
        Cell("D20", "deposit", 0.02),
        Cell("D39", "phone", 0.005),
    ),
    older=Older("update_time", 0.02, {"status": "0"}),
    copies=0.01,
    rejected=(
        Rejected("D23", "apply_channel", 0.001),
        Rejected("UNKNOWN_CODE", "status", 0.0002),
        Rejected("MISSING", "card_no", 0.0001),
    ),
    number=Number("card_no", 4),
)
def cards(registers: Registers) -> pd.DataFrame:
    """Cards of most persons; a few have a second one."""
    people, rng = registers.world.people, registers.world.stream("cards")
    n = len(people)
    old_enough = as_days(people["birth"].to_numpy()) <= AS_OF - 20
    has = (rng.random(n) < COVERAGE) & (people["registered"] == 0) & old_enough
    first = np.flatnonzero(has)
    at = np.concatenate([first, first[rng.random(len(first)) < SECOND_CARD]])
    m, who = len(at), people.iloc[at]
    birth = as_days(who["birth"].to_numpy())
    latest = np.minimum(np.where(who["death"].isna(), AS_OF - 20, as_days(who["death"].to_numpy()) - 30), AS_OF - 20)
    issued = between(rng, np.minimum(np.maximum(birth, np.datetime64("2008-01-01")), latest), latest)
    changed = between(rng, issued, np.full(m, AS_OF - 10))
    number = numbers(3210_0000_0000 + np.arange(m), 16)
    return pd.DataFrame(
        {
            "card_no": number,
            "card_type": np.where(who["age"] > 65, "C", pick(rng, ["A", "S", "H"], m, [50, 35, 15])),
            "id_type": "01",
            "id_no": who["id_no"].to_numpy(),
            "name": who["name"].to_numpy(),
            "phone": who["phone"].to_numpy(),
            "issue_date": day_text(issued),
            "status": pick(rng, ["1", "0", "2", "3"], m, [92, 4, 2, 2]),
            "health_card_no": only(rng.random(m) < 0.5, "JK" + number),
            "social_card_no": only(rng.random(m) < 0.6, "SB" + number),
            "deposit": decimals(pick(rng, [0, 20], m, [80, 20]).astype(float), 2),
            "photo_ok": pick(rng, ["1", "0"], m, [95, 5]),
            "apply_channel": pick(rng, ["网点", "社区代办", "线上"], m, [50, 35, 15]),
            "update_time": clock_text(changed, office_seconds(rng, m)),
            "_person": at,
        }
    )
