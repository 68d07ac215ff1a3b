"""The world: what exists and happens in the city, whatever a department writes down about it.

Here: people, households and towns, deaths, institutions and their staff, illness, legal entities and how they do, parks, licences,
incidents, air and water, the ground; vectorised, and the same for the same seed. Not here: any table (`simulator.departments`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from simulator.basics import stream
from simulator.world.deaths import deaths, mistaken
from simulator.world.economy import economy
from simulator.world.enterprises import enterprises
from simulator.world.ground import Ground
from simulator.world.illness import hypertension
from simulator.world.incidents import incidents
from simulator.world.institutions import Institutions, institutions
from simulator.world.licences import licences
from simulator.world.nature import Timeline, weather
from simulator.world.parks import Parks
from simulator.world.people import people


@dataclass(frozen=True)
class World:
    """The city.

    Attributes:
        seed: of all random streams.
        people: one row per person (`people.people`).
        deaths: one row per dead person (`deaths.deaths`).
        mistaken: rows of the living under whose number another's death is written down (by turns by the police and by a doctor).
        institutions: of health.
        staff: their accounts (`institutions.institutions`).
        hypertension: of every person, whether they have it.
        timeline: the hours that air and water have a history of.
        weather: one row for each of them (`nature.weather`).
    """

    seed: int
    people: pd.DataFrame
    deaths: pd.DataFrame
    mistaken: np.ndarray
    institutions: Institutions
    staff: pd.DataFrame
    hypertension: np.ndarray
    timeline: Timeline
    weather: pd.DataFrame

    @classmethod
    def of(cls, n: int, seed: int, first_number: int = 10) -> World:
        """The world of `n` people. first_number: the sequence with which the identity numbers of a day of birth begin."""
        population = people(n, seed, first_number)
        places, staff = institutions(seed)
        died, ill, timeline = deaths(population, seed), hypertension(population, seed), Timeline.of(n)
        wronged = mistaken(population, seed)
        return cls(seed, population, died, wronged, places, staff, ill, timeline, weather(timeline, seed))

    @cached_property
    def ground(self) -> Ground:
        """The ground; made when a department first asks for it."""
        return Ground.of(self.people, self.seed)

    @cached_property
    def enterprises(self) -> pd.DataFrame:
        """One row per legal entity (`enterprises.enterprises`); made when a department first asks for it."""
        return enterprises(self.people, self.seed)

    @cached_property
    def economy(self) -> pd.DataFrame:
        """One row per legal entity and month in which it works (`economy.economy`)."""
        return economy(self.enterprises, self.seed)

    @cached_property
    def parks(self) -> Parks:
        """The industrial and development parks and who is in them; made when a department first asks for them."""
        return Parks.of(self.ground, self.enterprises, self.seed)

    @cached_property
    def licences(self) -> pd.DataFrame:
        """One row per version of an electronic licence (`licences.licences`); made when a department first asks for it."""
        return licences(self.people, self.enterprises, self.seed)

    @cached_property
    def incidents(self) -> pd.DataFrame:
        """One row per report to a service of what happens in the city (`incidents.incidents`); made when a department first asks for it."""
        return incidents(self.people, self.ground, self.seed)

    def told(self, service: str) -> pd.DataFrame:
        """The reports of incidents to one service."""
        return self.incidents[self.incidents["service"] == service]

    def stream(self, name: str) -> np.random.Generator:
        """A random stream of its own for each name."""
        return stream(self.seed, name)
