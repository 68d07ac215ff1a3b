"""Masking: what is left of a personal value on the screens of those who work with the lake (level M1).

Here: one pure function of text for each kind of value, deterministic. Not here: who may see what, which column is which kind.
Source: domain rules F3. Plain Python, not Columns: only exports for people mask, a row at a time. A value that does not look
like its kind is hidden whole: it may be somebody's value of another kind, in the wrong column. What is left of a number, a
birth date and a town together still names a person: masked values stay inside.
"""

from __future__ import annotations

import re
from collections.abc import Callable

HIDDEN = "****"
ROAD = "[路街巷弄里道村苑园区庄桥镇乡县市]"
ADDRESS = re.compile(rf"^[^0-9０-９A-Za-z]*{ROAD}")
DATE = "(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])"
OF_A_PERSON = re.compile(f"(?<![0-9])(?:[1-9][0-9]{{5}}(?:(?:18|19|20)[0-9]{{2}}{DATE}[0-9]{{3}}[0-9X]?|[0-9]{{2}}{DATE}[0-9]{{3}})"
                         "|1[3-9][0-9]{9})(?![0-9])")  # fmt: skip
"""Digits built like an identity number, whole or without its check digit, or like a mobile number."""
NARROW = str.maketrans("０１２３４５６７８９Ｘｘx", "0123456789XXX")


def name(value: str) -> str:
    """王伟 → 王*, 王小明 → 王*明, 买买提·艾力 → 买****力."""
    if len(value) <= 2:
        return value[:1] + "*"
    return f"{value[0]}{'*' * (len(value) - 2)}{value[-1]}"


def identity(value: str) -> str:
    """The first 6 and the last 4 characters of 18, the last 3 of 15."""
    if re.fullmatch("[0-9]{17}[0-9Xx]", value):
        return f"{value[:6]}{'*' * 8}{value[-4:]}"
    if re.fullmatch("[0-9]{15}", value):
        return f"{value[:6]}{'*' * 6}{value[-3:]}"
    return HIDDEN


def phone(value: str) -> str:
    """139****0001; of a landline the area code and the last 2."""
    if re.fullmatch("1[0-9]{10}", value):
        return f"{value[:3]}{HIDDEN}{value[-4:]}"
    if re.fullmatch("0[0-9]{2,3}-?[2-8][0-9]{6,7}", value):
        area = re.match("0(?:10|2[0-9]|[3-9][0-9]{2})", value)
        return f"{area.group() if area else ''}{HIDDEN}{value[-2:]}"
    return HIDDEN


def address(value: str) -> str:
    """To the road or the compound: 扬州市邗江区翠岗新村3幢2单元501室 → 扬州市邗江区翠岗新村****."""
    found = ADDRESS.match(value)
    return f"{found.group()}{HIDDEN}" if found else HIDDEN


def day(value: str) -> str:
    """A date of a person to its month: 1908-01-05 → 1908-01-**."""
    found = re.match("[0-9]{4}-[0-9]{2}(?=-[0-9]{2})", value)
    return f"{found.group()}-**" if found else HIDDEN


def hidden(value: str) -> str:
    """Nothing is left but that there was something."""
    return HIDDEN if value else value


def numbers(value: str) -> str:
    """A value that is not personal by its column: what looks like a person's number, delivered in the wrong place, is hidden."""
    for found in reversed(list(OF_A_PERSON.finditer(value.translate(NARROW)))):
        value = f"{value[: found.start()]}{HIDDEN}{value[found.end() :]}"
    return value


BY_RULE: dict[str, Callable[[str], str]] = {
    "person_name": name, "identity": identity, "phone": phone, "address": address, "date": day, "timestamp": day,
    "party_no": identity,
}  # fmt: skip
"""How a personal column is masked, by the rule that reads it; others are hidden."""


def of_column(rule: str | None, classification: str) -> Callable[[str], str]:
    """How the delivered values of a column are masked. rule, classification: of the column's contract (L1 to L4, domain rules F2)."""
    if classification in ("L1", "L2"):
        return numbers
    return hidden if classification == "L4" else BY_RULE.get(rule or "", hidden)
