"""`citylake check`: what must always be true of a lake, asked of the tables of one release.

Here: the invariants, as a table of named checks, and their verdicts. Not here: what may be published (`quality`), whether
the installation is fit for a night (`pipelines.doctor`), how it is shown (`pipelines.cli.check`).
"""

from pipelines.checks.checks import DOES_NOT_APPLY, HOLDS, VIOLATED, Check, Finding, answer
from pipelines.checks.table import all_checks, check_lake
from pipelines.checks.view import View

__all__ = ["DOES_NOT_APPLY", "HOLDS", "VIOLATED", "Check", "Finding", "View", "all_checks", "answer", "check_lake"]
