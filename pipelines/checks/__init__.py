"""`citylake check`: invariants of the lake, verified on the tables of one release.

Here: the named checks and their verdicts. Not here: what may be published (`quality`), whether the installation is ready for
a night (`pipelines.doctor`), how results are shown (`pipelines.cli.check`).
"""

from pipelines.checks.checks import Check, Finding, Verdict, run_check
from pipelines.checks.table import all_checks, check_lake
from pipelines.checks.view import View

__all__ = ["Check", "Finding", "Verdict", "View", "all_checks", "check_lake", "run_check"]
