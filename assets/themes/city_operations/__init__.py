"""The thematic database of city operations: events that several services report, vital signs of the city, alerts, preparedness."""
