"""Errors of the outside world, each as one line a person can act on.

Here: the error classes every resource raises. Not here: row defects (they are data, see `readers.batch`) and
contract errors (`contracts.loader`). A message never contains a personal value or a password.
"""

from __future__ import annotations


class CitylakeError(Exception):
    """A condition with a name. `str()` is one line: `CODE: what (where). remedy.`"""

    def __init__(self, code: str, what: str, where: str, remedy: str) -> None:
        self.code, self.what, self.where, self.remedy = code, what, where, remedy
        super().__init__(code, what, where, remedy)

    def __str__(self) -> str:
        return " ".join(f"{self.code}: {self.what} ({self.where}). {self.remedy.rstrip('.')}.".split())


class DeliveryRejected(CitylakeError):  # a verdict on a drop, not a failure of the lake
    """A drop is not what its manifest and its contract say. The whole drop is refused, not single rows."""


class Unreachable(CitylakeError):  # a condition that may pass
    """Something outside could not be reached. Trying again later may help."""


class LakeUnreachable(CitylakeError):  # a condition that may pass
    """The store that holds the lake cannot be reached. Whether the last commit succeeded is unknown; running again finds out."""
