"""The departments, and tables of theirs, that take part in the tests' cities."""

ABOUT_PERSONS = [
    "citizen_card", "civil_affairs/cremation", "health", "human_resources", "public_security/death_cancellation",
    "public_security/resident",
]  # fmt: skip
"""A city of these has every mechanism, and the health archives. Other themes have cities of their own, so that each stays quick."""
OF_NATURE = ["environment", "housing", "natural_resources", "water_resources"]
"""A city of these has the sensors, samples and polygons of the ground and the water."""
OF_THE_COUNTER = ["government_services"]
"""A city of these has the counter: items, cases, comments, the hotline, letters."""
OF_FIRMS = ["human_resources/insured_month", "power_supply", "statistics", "taxation"]
"""A city of these has what firms pay, insure, use and report."""
ABOUT_LICENCES = [
    "big_data", "housing_fund", "market_regulation", "natural_resources/mortgage", "natural_resources/real_right",
    "natural_resources/seizure", "public_security/resident", "public_security/death_cancellation", "civil_affairs/cremation",
    "civil_affairs/social_organisation",
]  # fmt: skip
"""A city of these has electronic licences, the registers of their issuers, and those who know whether a holder is alive or exists."""
OF_BUSES = ["transport", "civil_affairs/division_boundary"]
"""A city of these has buses and taxis, and the towns in which they stop."""
OF_STREETS = ["urban_management", "civil_affairs/division_boundary", "integrated_governance/grid"]
"""A city of these has the cases and shared bikes of the streets, and the areas in which they lie."""
OF_ROADS = ["traffic_police"]
"""A city of these has cameras, intersections, crossings, segments, violations and accidents."""
OF_OPERATIONS = [
    "emergency", "government_services/hotline", "integrated_governance/event", "public_security/alarm", "public_security/standard_address",
    "urban_management/case",
]  # fmt: skip
"""A city of these has the services that are told of what happens, and what is there for a disaster."""
