"""Emergency management: hazards and accidents, and what is there for a disaster: shelters, stocks, desks on duty."""

from simulator.declare import Department

EMERGENCY = Department("emergency", organisation="FAKE321000000051")
