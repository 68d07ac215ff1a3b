"""Wrong use of a command: an option or argument that cannot be meant.

Here: the error with exit code 2. Not here: faults of the lake, its stores or deliveries (`resources.errors`).
"""

from __future__ import annotations

from resources.errors import CitylakeError


class WrongUse(CitylakeError):
    """An invalid date, query or name, or the name of something that does not exist. The command line ends with exit code 2."""
