"""Where the orders of the hotline 12345 say that something happens: their addresses, read as the standard addresses are.

Here: `hotline_address`. Not here: the grammar and the dictionary of villages (`assets.base.geography.address`). An order's own key
(`address_key`) is made without that dictionary, so that it takes the name of a village for that of a compound.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from assets.base.geography.address import village_names, with_elements
from assets.declare import cleansed, lake_asset, table
from assets.touch import own, units
from standards import divisions

HOTLINE_ADDRESS = ("order_no", "call_time", "place_key")


def place_key() -> Column:
    """What two addresses of one place share: the key for comparison, the village and the group that they name."""
    return F.concat_ws("|", "addr_key", F.coalesce("village_name", F.lit("")), F.coalesce("group_no", F.lit("")))


@lake_asset("themes/city_operations/hotline_address", unit=units(order="order_no"), touch={"order": own(order="order_no")})
def hotline_address(
    order: DataFrame = cleansed("government_services/hotline"), division: DataFrame = table("base/geography/division", optional=True)
) -> DataFrame:
    """One row per order whose address says something, key order_no, columns HOTLINE_ADDRESS."""
    rows = order.where(F.col("address").isNotNull()).select(
        "order_no", "call_time", "address", divisions.town_of(F.col("division")).alias("_stated")
    )
    return with_elements(rows, "address", "_stated", village_names(division)).withColumn("place_key", place_key()).select(*HOTLINE_ADDRESS)
