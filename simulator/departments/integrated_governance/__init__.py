"""Integrated governance: the grid into which villages are divided, what happens in it, and whom it looks after."""

from simulator.declare import Department

INTEGRATED_GOVERNANCE = Department("integrated_governance", organisation="FAKE321000000012")
