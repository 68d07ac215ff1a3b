"""What every table looks like, in and out: one ODCS v3 file per table, and the one loader that reads them.

Here: the YAML files and their typed view (`load`, `Contract`, `Column`, `Delivery`, `Cadence`).
Not here: what a rule does (`standards`), how it is enforced (`quality`).
"""

from contracts.loader import Cadence, Column, Contract, ContractError, Delivery, load, load_all

__all__ = ["Cadence", "Column", "Contract", "ContractError", "Delivery", "load", "load_all"]
