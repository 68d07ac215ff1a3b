"""What records of legal entities have in common, whichever department keeps them.

Here: numbers and names as they were on a day, and the truth about whose a record is. Not here: the tables (`simulator.departments`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from simulator.basics import as_days, day_text, decimals
from simulator.dirt import keys
from simulator.registers import Registers


def number_on(entities: pd.DataFrame, day: np.ndarray) -> np.ndarray:
    """The number that each entity had on a day: that of its registration until it was exchanged, then the credit code; else what it has."""
    before = entities["reg_no"].notna() & (entities["uscc"].isna() | (as_days(day) < as_days(entities["exchanged"].to_numpy())))
    number = np.where(before, entities["reg_no"], entities["uscc"])
    return np.where(pd.isna(number), entities["org_code"], number).astype(object)


def name_on(entities: pd.DataFrame, day: np.ndarray) -> np.ndarray:
    """The name that each entity had on a day."""
    before = entities["former_name"].notna() & (as_days(day) < as_days(entities["renamed"].to_numpy()))
    return np.where(before, entities["former_name"], entities["name"]).astype(object)


def registration(entities: pd.DataFrame) -> dict[str, Any]:
    """What the registers of institutions and of social organisations say alike of entities: column -> values."""
    return {
        "uscc": entities["uscc"].to_numpy(dtype=object),
        "entity_name": entities["name"].to_numpy(),
        "register_div": entities["county6"].to_numpy() + "000000",
        "legal_rep_name": entities["rep_name"].to_numpy(),
        "opening_capital": decimals(entities["capital"].to_numpy(), 2),
        "est_date": day_text(entities["born"].to_numpy()),
        "entity_status": ["1" if pd.isna(day) else "3" for day in entities["ended"]],
        "end_date": day_text(entities["ended"].to_numpy()),
        "_entity": entities.index,
    }


def entity_records(registers: Registers, tables: Mapping[str, tuple[str, ...]]) -> pd.DataFrame:
    """The truth of the records that the lake knows of some tables: source_table, source_key, true_entity.

    tables: their key columns; their rows have `_entity`, the entity's row in the world.
    """
    entities, parts = registers.world.enterprises["entity"].to_numpy(dtype=object), []
    for table, key in tables.items():
        rows = registers.delivered(table)
        named = keys(rows, key)
        whose = entities[rows["_entity"].astype(int)]
        parts.append(pd.DataFrame({"source_table": table, "source_key": named, "true_entity": whose}).drop_duplicates("source_key"))
    return pd.concat(parts, ignore_index=True)
