"""The counter of the city: items, cases, what is said of them, the hotline and the letters."""

from simulator.declare import Department

GOVERNMENT_SERVICES = Department("government_services", organisation="FAKE321000000024")
ITEM, CASE, HOTLINE = (f"government_services/{table}" for table in ("item", "case", "hotline"))
SINCE = "2018-06-01"
"""First day of which cases and calls are known."""
