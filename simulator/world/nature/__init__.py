"""Air and water of the city: what stations would measure if they measured rightly. This is the truth.

Here: where waters, stations and plants are (CSV files), weather, air quality, water quality, levels, vectorised and seeded; how far back
they reach. Not here: what a department writes down of it (`simulator.departments`), what goes wrong with sensors (`simulator.sensors`).
"""

from simulator.world.nature.air import air_quality
from simulator.world.nature.places import places
from simulator.world.nature.timeline import Timeline, of_each
from simulator.world.nature.water import gates, levels, odours, plants, pumps, water_quality
from simulator.world.nature.weather import weather

__all__ = [
    "Timeline", "air_quality", "gates", "levels", "odours", "of_each", "places", "plants", "pumps", "water_quality", "weather",
]  # fmt: skip
