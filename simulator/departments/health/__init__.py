"""The health department: archives, services, certificates of death, and the accounts of those who write them."""

from simulator.declare import Department

HEALTH = Department("health", organisation="FAKE321000000001")
EXAMINATION, FOLLOWUP, VISIT = "health/examination", "health/hypertension_followup", "health/outpatient_visit"
ARCHIVE, CARD = "health/archive", "citizen_card/card"
