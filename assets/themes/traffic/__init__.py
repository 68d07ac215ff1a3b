"""The theme of traffic: bus trips against their plan, arrivals against the timetable, headways, taxis."""
