"""The world: what exists and happens in the city, whatever a department writes down about it.

Here: people, households and towns, deaths, institutions and their staff, illness, legal entities; vectorised, and the same for the same
seed. Not here: any table (`simulator.departments`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from simulator.basics import stream
from simulator.world.deaths import deaths, mistaken
from simulator.world.enterprises import enterprises
from simulator.world.illness import hypertension
from simulator.world.institutions import Institutions, institutions
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
        enterprises: one row per legal entity (`enterprises.enterprises`).
    """

    seed: int
    people: pd.DataFrame
    deaths: pd.DataFrame
    mistaken: np.ndarray
    institutions: Institutions
    staff: pd.DataFrame
    hypertension: np.ndarray
    enterprises: pd.DataFrame

    @classmethod
    def of(cls, n: int, seed: int, first_number: int = 10) -> World:
        """The world of `n` people. first_number: the sequence with which the identity numbers of a day of birth begin."""
        population = people(n, seed, first_number)
        places, staff = institutions(seed)
        died, wronged, ill = deaths(population, seed), mistaken(population, seed), hypertension(population, seed)
        return cls(seed, population, died, wronged, places, staff, ill, enterprises(population, seed))

    def stream(self, name: str) -> np.random.Generator:
        """A random stream of its own for each name."""
        return stream(self.seed, name)
