"""Ecology and environment: air, surface water, what is discharged, what residents complain of, what is seen from above."""

from simulator.declare import Department

ENVIRONMENT = Department("environment", organisation="FAKE321000000007")
