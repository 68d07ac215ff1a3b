"""The thematic database of traffic: passes, intersections, crossings, accidents, violations, congestion of roads."""
