"""Public security: the household register, calls to 110, criminal cases."""

from simulator.declare import Department

PUBLIC_SECURITY = Department("public_security", organisation="FAKE321000000003")
