"""The base databases: what the city as a whole holds to be true about persons, entities, places and licences."""
