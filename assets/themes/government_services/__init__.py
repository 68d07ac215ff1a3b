"""The thematic database of government services: items, cases and their time limits, comments, the hotline, letters (domain rules E1)."""
