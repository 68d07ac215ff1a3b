"""The ground of the city: divisions, addresses, buildings, roads, waters, places, land use, red lines, components, the governance grid."""
