"""Where the orders of the hotline 12345 say that something happens: their addresses, read as the standard addresses are.

Here: `hotline_address`. Not here: the grammar and the dictionary of villages (`assets.base.geography.address`). An order's own key
(`address_key`) is made without that dictionary, so that it takes the name of a village for that of a compound.
"""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from assets.base.geography.address import place_key, village_names, with_elements
from assets.declare import cleansed, lake_asset, table
from assets.touch import own, units
from standards import divisions

HOTLINE_ADDRESS = ("order_no", "call_time", "place_key")


@lake_asset("themes/city_operations/hotline_address", unit=units(order="order_no"), touch={"order": own(order="order_no")})
def hotline_address(
    order: DataFrame = cleansed("government_services/hotline"), division: DataFrame = table("base/geography/division", optional=True)
) -> DataFrame:
    """One row per order whose address says something, key order_no, columns HOTLINE_ADDRESS."""
    rows = order.where(F.col("address").isNotNull()).select(
        "order_no", "call_time", "address", divisions.town_of(F.col("division")).alias("_stated")
    )
    return with_elements(rows, "address", "_stated", village_names(division)).withColumn("place_key", place_key()).select(*HOTLINE_ADDRESS)
