"""The thematic databases: questions of the city's work answered from the base and the departments' tables."""
