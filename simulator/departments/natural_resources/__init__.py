"""Natural resources and planning: land, and what may not be built on."""

from simulator.declare import Department

NATURAL_RESOURCES = Department("natural_resources", organisation="FAKE321000000010")
