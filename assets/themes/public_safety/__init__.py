"""The thematic database of public safety: alarms, crimes, disputes, hazards, accidents, corrections, key persons."""
