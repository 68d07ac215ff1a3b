"""Reference tables of the environment: break points of the air quality index, limits of air and surface water, by edition."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Any

from pyspark.sql import DataFrame

from assets.declare import FRAME, lake_asset
from standards.tables import rows

Frame = Callable[[Any, str], DataFrame]
TYPES: Mapping[str, Callable[[str], Any]] = {"date": date.fromisoformat, "int": int, "decimal(12,5)": Decimal, "string": str}


def _typed(frame: Frame, texts: Iterable[Sequence[str]], schema: Mapping[str, str]) -> DataFrame:
    """Rows of texts with the types of a schema; an empty text is NULL."""
    values = [tuple(TYPES[t](text) if text else None for text, t in zip(row, schema.values(), strict=True)) for row in texts]
    return frame(values, ", ".join(f"`{column}` {type_}" for column, type_ in schema.items()))


def _texts(lines: Iterable[Mapping[str, str]]) -> list[tuple[str, ...]]:
    return [tuple(line.values()) for line in lines]


DATED = {"edition": "string", "valid_from": "date", "valid_to": "date", "item": "string"}


@lake_asset("reference/ecology/air_break_point")
def air_break_point(frame: Frame = FRAME) -> DataFrame:
    """One row per edition, item, averaging and piece between two break points; value_to is NULL above the last one."""
    pieces = [
        (high["edition"], high["valid_from"], high["valid_to"], high["item"], high["averaging"], high["daily"], low["value"], high["value"],
         low["iaqi"], high["iaqi"], high["unit"], high["source"])
        for low, high in pairwise(rows("ecology/air_break_point"))
        if all(low[c] == high[c] for c in ("edition", "item", "averaging"))
    ]  # fmt: skip
    own = {"averaging": "string", "daily": "int", "value_from": "decimal(12,5)", "value_to": "decimal(12,5)", "iaqi_from": "int"}
    return _typed(frame, pieces, {**DATED, **own, "iaqi_to": "int", "unit": "string", "source": "string"})


@lake_asset("reference/ecology/air_limit")
def air_limit(frame: Frame = FRAME) -> DataFrame:
    """One row per edition, item, averaging and class: the greatest concentration."""
    own = {"averaging": "string", "class": "int", "value": "decimal(12,5)", "unit": "string", "source": "string"}
    return _typed(frame, _texts(rows("ecology/air_limit")), {**DATED, **own})


@lake_asset("reference/ecology/surface_water_limit")
def surface_water_limit(frame: Frame = FRAME) -> DataFrame:
    """One row per edition, item, kind of water and class: the least and the greatest value."""
    own = {"kind": "string", "class": "int", "least": "decimal(12,5)", "most": "decimal(12,5)", "unit": "string", "source": "string"}
    return _typed(frame, _texts(rows("ecology/surface_water_limit")), {**DATED, **own})
