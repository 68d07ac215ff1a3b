"""Urban management: cases and components of the public space, shared bikes, sanitation, advertising, video patrol, markets."""

from simulator.declare import Department

URBAN_MANAGEMENT = Department("urban_management", organisation="FAKE321000000011")
