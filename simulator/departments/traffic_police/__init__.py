"""Traffic police: vehicles and drivers, violations and accidents, cameras, intersections, crossings, speeds of road segments."""

from simulator.declare import Department

TRAFFIC_POLICE = Department("traffic_police", organisation="FAKE321000000061")
