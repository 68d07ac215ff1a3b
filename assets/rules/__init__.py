"""Detection rules of all themes: a table of rules with one condition each, hits, scores, states, and work lists with evidence."""

from assets.rules.table import Conditions, DetectionRule, Needs, RuleTable, State, read_rules
from assets.rules.work_list import PROOF, proof, says, work_list

__all__ = [
    "PROOF", "Conditions", "DetectionRule", "Needs", "RuleTable", "State", "proof", "read_rules", "says", "work_list",
]  # fmt: skip
