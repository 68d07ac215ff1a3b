"""Texts in Chinese and English, as the YAML files of themes state them.

Here: the pair, and reading it. Not here: what the pages say by themselves (`pipelines/site/texts.yaml`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contracts.kinds import Kind, stated
from contracts.refused import ContractError

TEXT = {"zh": Kind.TEXT, "en": Kind.TEXT}


@dataclass(frozen=True)
class Text:
    """A text in both languages."""

    zh: str
    en: str


def read_text(path: Path, where: str, given: Any) -> Text:
    """The text of a setting `{zh: …, en: …}`.

    Args:
        path: of the file.
        where: the setting, for the error.
        given: what stands there.

    Raises:
        ContractError: a language is missing, or something else stands there.
    """
    said = stated(path, where, given, TEXT)
    if missing := [language for language in TEXT if not said.get(language)]:
        raise ContractError(path, where, f"has no {', '.join(missing)}", "State it in both languages")
    return Text(**said)
