"""Numbers of residents' health archives.

Here: the shape. Not here: whether its division manages the archive, or whether two persons share it.
Source: the national rule of 17 digits (county 6, town 3, village 3, sequence 5); domain rules C1.
"""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from standards.text import Row, Steps, clean_by, codes_text, flag, identifier, identifier_fixes, is_absent, no_codes

SHAPE = r"^(?:[0-9]{17}|[0-9]{20})\z"


def archive_no_rule() -> Steps:
    """Rule `archive_no`: value string of 17 digits (standard) or 20 (vendor), else NULL with E_ARCHIVE_NO."""

    def judged(row: Row) -> dict[str, Column]:
        return {"absent": is_absent(row["s"]), "right": row["s"].rlike(SHAPE)}

    def answer(row: Row) -> dict[str, Column]:
        codes = codes_text(*identifier_fixes(row["raw"]), flag(~row["right"], "E_ARCHIVE_NO"))
        untouched = ((row["s"] == row["raw"]) & row["right"]) | row["absent"]
        return {"value": F.when(row["right"], row["s"]), "codes": F.when(untouched, no_codes()).otherwise(codes)}

    return clean_by(identifier), judged, answer
