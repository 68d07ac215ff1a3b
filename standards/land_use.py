"""Land by its use: which classes are built-up.

Here: functions of Columns over codes of `land_class`, the first level of GB/T 21010-2017. Not here: parcels (`assets.base.geography`).
"""

from __future__ import annotations

from pyspark.sql import Column

BUILT_UP = ("05", "06", "07", "08", "09", "10")
"""Commerce, industry and storage, dwellings, public services, special use, transport: of the first level those that GB/T 21010-2017,
annex A, counts as construction land (建设用地). The second level, which counts rural roads (1006) as farmland, and hydraulic structures
(1109) and vacant land (1201) as construction land, is not delivered."""


def is_built_up(land_class: Column) -> Column:
    """Whether a code of `land_class` is construction land; NULL of NULL."""
    return land_class.isin(*BUILT_UP)
