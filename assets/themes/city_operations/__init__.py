"""The thematic database of city operations: events that several services tell of, vital signs of the city, alerts, preparedness."""
