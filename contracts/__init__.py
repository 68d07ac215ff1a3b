"""What every table looks like, in and out: one ODCS v3 file per table, and the one loader that reads them.

Here: the YAML files and their typed form (`load`, `Contract`, `SourceContract`, `Field`, `DeliverySpec`, `Cadence`).
Not here: what a rule does (`standards`), how it is enforced (`quality`).
"""

from contracts.loader import load, load_all
from contracts.model import Cadence, Contract, DeliverySpec, Field, SourceContract, sources
from contracts.refused import ContractError

__all__ = ["Cadence", "Contract", "ContractError", "DeliverySpec", "Field", "SourceContract", "load", "load_all", "sources"]
