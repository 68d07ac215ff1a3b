"""A demo city: the departments' extracts of three nights, with dirt, and apart from them the truth.

Here: everything made up. Not here: the lake. Only the command line imports this package, and of the project it imports
nothing but `contracts` (names, order and widths of the delivered columns), so that no rule under test makes its data.
"""

from simulator.city import City, build, departments_of

__all__ = ["City", "build", "departments_of"]
