"""Number plates of vehicles, as they are registered and as cameras read them.

Here: their shapes, the rule for delivered plates, and what a camera may have meant. Not here: whose they are. Source: GA 36 (no I, no O;
at most two letters among five characters), its shapes of new energy; domain rules A10.
"""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from standards.text import Row, Steps, clean_by, codes_text, flag, identifier, identifier_fixes, is_absent, no_codes

REGION = "[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-Z]"
CITY = "苏K"
LETTERS = "A-HJ-NP-Z"
SHAPES = {
    "ordinary": f"[{LETTERS}0-9]{{5}}",
    "small, new energy": f"[A-HJK][{LETTERS}0-9][0-9]{{4}}",
    "large, new energy": "[0-9]{5}[DF]",
    "special": f"[{LETTERS}0-9]{{4}}[警学挂领试超港澳]",
}
"""Kind of plate -> what follows the region."""
SHAPE = rf"^{REGION}(?:{'|'.join(SHAPES.values())})\z"
FEW_LETTERS = r"^[^\n]{2}[0-9]*[A-Z]?[0-9]*[A-Z]?[0-9]*[警学挂领试超港澳]?\z"
"""At most two letters behind the region."""
MARKS = "·•.-"
MISREAD = ("OI", "01")
"""Letters that no plate has behind its region, and the digits that a camera took for them."""
CONFUSED = ("OIDB", "0108")
"""Characters that cameras take for one another, and the one that stands for all of them."""


def normalise(raw: Column) -> Column:
    """A plate without blanks, dots and hyphens, in upper case."""
    return F.translate(identifier(raw), MARKS, "")


def is_plate(text: Column) -> Column:
    """Whether a normalised text has the shape of a plate; NULL of NULL."""
    return text.rlike(SHAPE) & text.rlike(FEW_LETTERS)


def _behind_region(text: Column, these: str, those: str) -> Column:
    return F.concat(F.substring(text, 1, 2), F.translate(F.substring(text, 3, 10), these, those))


def without_never_used(read: Column) -> Column:
    """A normalised text with the digits for letters that no plate has behind its region (MISREAD)."""
    return _behind_region(read, *MISREAD)


def confusion_class(text: Column) -> Column:
    """The form that all normalised texts share which differ only by characters that cameras confuse (CONFUSED) behind the region."""
    return _behind_region(text, *CONFUSED)


def suggested(read: Column) -> Column:
    """The plate that a camera has read: the normalised text when it is one, else with MISREAD put right when then it is one, else NULL."""
    mended = without_never_used(read)
    return F.when(is_plate(read), read).when(is_plate(mended), mended)


def is_local(plate: Column) -> Column:
    """Whether the city has issued a plate."""
    return plate.startswith(CITY)


def plate_rule() -> Steps:
    """Rule `plate`: value string, normalised.

    E_PLATE: no plate. F_FORM: case, dots or hyphens. F_WIDTH, F_INVIS, F_TRIM, F_DOT0.
    """

    def judged(row: Row) -> dict[str, Column]:
        return {"absent": is_absent(row["s"]), "sound": is_plate(row["s"])}

    def answer(row: Row) -> dict[str, Column]:
        wrong = ~row["absent"] & ~row["sound"]
        codes = codes_text(*identifier_fixes(row["raw"]), flag(row["raw"].rlike("[a-z·•.-]"), "F_FORM"), flag(wrong, "E_PLATE"))
        untouched = row["absent"] | ((row["s"] == row["raw"]) & row["sound"])
        return {"value": F.when(~row["absent"] & row["sound"], row["s"]), "codes": F.when(untouched, no_codes()).otherwise(codes)}

    return clean_by(normalise), judged, answer
