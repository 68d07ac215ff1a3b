"""The departments that take part in the tests' cities."""

ABOUT_PERSONS = ["citizen_card", "civil_affairs", "health", "human_resources", "public_security"]
"""A city of these has every mechanism, and the health archives. Other themes have cities of their own, so that each stays quick."""

OF_NATURE = ["environment", "housing", "natural_resources", "water_resources"]
"""A city of these has the sensors, samples and polygons of the ground and the water."""
