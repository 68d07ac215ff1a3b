"""Everything a step needs, made once per process from the settings.

Here: putting the parts together. Not here: using them (`pipelines.steps`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from contracts import Contract, SourceContract, sources
from contracts.loader import code_lists
from pipelines.control.holds import Holds
from pipelines.control.ledger import Ledger
from pipelines.control.maintenance import MaintenanceLog
from pipelines.control.profile import note
from pipelines.measure import Measured, Profile
from pipelines.room import Room
from pipelines.steps.judged import JudgedRows
from pipelines.taking_part import contracts_of
from resources.engine import Engine, engine_of
from resources.errors import LakeUnreachable
from resources.keys import read_key
from resources.lake import Lake
from resources.landing import LandingZone
from resources.settings import Settings

if TYPE_CHECKING:
    from pyspark.sql import Column, SparkSession


@dataclass
class Runtime:
    """One installation at work: settings, contracts, engine, lake, landing zone, ledger, key."""

    settings: Settings
    lake: Lake
    engine: Engine
    progress: Callable[[str, str], None] = lambda table, event: None
    """Told of every table when its step starts ("start") and ends ("done", "failed")."""
    lost: LakeUnreachable | None = None
    """Why this run has given the lake up: what is left of it then fails at once."""

    @classmethod
    def of(cls, settings: Settings, engine: Engine | None = None) -> Runtime:
        return cls(settings, Lake(settings.lake, settings.s3), engine or engine_of(settings))

    def with_lake(self, lake: Lake) -> Runtime:
        """The same installation on another lake, sharing the engine, and what was decided about deliveries."""
        other = Runtime(self.settings, lake, self.engine, self.progress)
        other.holds = self.holds
        return other

    @property
    def spark(self) -> SparkSession:
        if self.engine.started:
            return self.engine.session
        with self.step.clock("start"):
            return self.engine.session

    @cached_property
    def profile(self) -> Profile:
        return Profile(self.engine)

    @cached_property
    def room(self) -> Room:
        return Room(self.lake.rows)

    @property
    def step(self) -> Measured:
        """What the step at work costs."""
        return self.profile.step

    def note_costs(self) -> None:
        """Write down what the steps of this run cost. Of a lake that was given up nothing is asked."""
        measured = self.profile.taken()
        if self.lost is None:
            note(self.lake, measured)

    @cached_property
    def contracts(self) -> dict[str, Contract]:
        """The contracts of the installation's tables, by name."""
        return contracts_of(self.settings.departments)

    @property
    def sources(self) -> dict[str, SourceContract]:
        """The contracts of the tables that departments deliver."""
        return sources(self.contracts)

    @cached_property
    def landing(self) -> LandingZone:
        url = self.settings.exchange_url
        return LandingZone(self.settings.landing, url.get_secret_value() if url else None, self.settings.s3)

    @cached_property
    def ledger(self) -> Ledger:
        return Ledger(self.lake)

    @cached_property
    def holds(self) -> Holds:
        return Holds(self.lake)

    @cached_property
    def judged(self) -> JudgedRows:
        return JudgedRows(self.lake)

    @cached_property
    def maintenance_log(self) -> MaintenanceLog:
        return MaintenanceLog(self.lake)

    @cached_property
    def pseudonym(self) -> Callable[[Column], Column]:
        from standards.pseudonym import pseudonym_column

        key = read_key(self.settings.key_file)
        _ = self.spark  # a user-defined function is made for a session
        return pseudonym_column(key)

    @cached_property
    def key_digest(self) -> str:
        """What tells two keys apart without telling anything of them."""
        from standards.pseudonym import hmac_sm3_hex

        return hmac_sm3_hex(read_key(self.settings.key_file), "citylake:key")[:16]

    @cached_property
    def valid_codes(self) -> dict[str, tuple[str, ...]]:
        return valid_codes()

    @property
    def test_divisions(self) -> bool:
        return self.settings.profile == "demo"

    def parameter(self, name: str, **run: Any) -> Any:
        """A parameter of an asset function by its name."""
        own = {"pseudonym": lambda: self.pseudonym, "sources": self.delivered, "frame": lambda: self.spark.createDataFrame}
        return own[name]() if name in own else run[name]

    def delivered(self) -> frozenset[str]:
        """The delivered tables that have rows in the cleansed layer, such as `health/archive`."""
        return frozenset(f"{c.domain}/{c.table}" for c in self.sources.values() if self.lake.rows(c.name))


def valid_codes() -> dict[str, tuple[str, ...]]:
    """The codes of every code list, by its name."""
    from standards.codes import code_list

    return {name: tuple(code_list(name)) for name in sorted(code_lists())}
