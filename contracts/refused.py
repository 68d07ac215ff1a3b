"""The error of a wrong contract: one line with file, field and remedy. Not here: the checks (`contracts.loader`)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent


class ContractError(ValueError):
    """A contract file is wrong. The message names the file, the field and the remedy."""

    def __init__(self, path: Path, where: str, problem: str, remedy: str) -> None:
        self.path, self.where, self.problem, self.remedy = path, where, problem, remedy
        shown = path.relative_to(ROOT.parent) if path.is_relative_to(ROOT.parent) else path
        super().__init__(f"contract {shown}, {where}: {problem}. {remedy}.")


def one_of(path: Path, where: str, value: Any, allowed: tuple[Any, ...]) -> Any:
    """Return `value`, or raise ContractError when it is not one of `allowed`."""
    if value not in allowed:
        choices = ", ".join(str(a) for a in allowed if a is not None)
        raise ContractError(path, where, f"{value!r} is not known", f"Use one of: {choices}")
    return value
