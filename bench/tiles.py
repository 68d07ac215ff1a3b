"""A city of any size out of tiles: cities of half a million people, built one after the other, that share nobody and no number.

Here: what tells the tiles apart. Not here: the rows (`simulator`), where they go (`data`).
"""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from bench.job import DEPARTMENTS
from simulator import build
from simulator.city import City

LARGEST = 460_000
"""People of a tile: one is built in about two minutes and 4 GB."""
SEED = 20191231
FIRST_NUMBER, NUMBERS = 10, 69
"""Sequence with which the identity numbers of a birthday begin, and how many a tile has: on the busiest days a few are used twice."""
PLACES = {
    "person_no": 2, "hukou_no": 2, "empi_id": 2, "exam_no": 2, "fu_no": 2, "visit_no": 2, "patient_local_id": 1, "cert_no": 2,
    "cremation_no": 2, "card_no": 4, "health_card_no": 6, "social_card_no": 6, "licence_no": 4, "doctor": 4, "dr_code": 4,
    "mana_doctor": 4, "input_user": 4, "create_user": 4, "update_user": 4,
}  # fmt: skip
"""Column -> where the tile's digit is put in."""
ARCHIVE_NO, SEQUENCE = "ehr_no", 12
"""An archive number has its length: the digit takes the place of the first of its sequence."""


def tiles(people: int) -> Iterator[tuple[int, City]]:
    """Number and city of each tile."""
    many = -(-people // LARGEST)
    for tile in range(many):
        size = people // many + (tile < people % many)
        yield tile, build(size, SEED + tile, FIRST_NUMBER + NUMBERS * tile, DEPARTMENTS)


def renumbered(rows: pd.DataFrame, tile: int) -> pd.DataFrame:
    """The rows of a tile with numbers that no other tile has; those of the first stay as they are."""
    if tile == 0:
        return rows
    changed = {}
    for column, at in PLACES.items():
        if column in rows:
            values = rows[column].astype(object)
            long = values.str.len() > at
            changed[column] = values.where(~long, values.str[:at] + str(tile) + values.str[at:])
    if ARCHIVE_NO in rows:
        values = rows[ARCHIVE_NO].astype(object)
        long = values.str.len() > SEQUENCE
        changed[ARCHIVE_NO] = values.where(~long, values.str[:SEQUENCE] + str(tile) + values.str[SEQUENCE + 1 :])
    return rows.assign(**changed)
