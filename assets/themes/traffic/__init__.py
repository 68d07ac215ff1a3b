"""The thematic database of traffic: buses against their plan, taxis; passes, intersections, crossings, accidents, congestion."""
