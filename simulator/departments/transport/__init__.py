"""Transport: bus lines, plans and trips, taxis."""

from simulator.declare import Department

TRANSPORT = Department("transport", organisation="FAKE321000000031")
