"""Names of persons: one form to store, one key to compare, how two names agree.

Here: width, spaces, middle dots, placeholder and damaged names, variants of characters (for comparison only).
Not here: whether two records are one person. Source: domain rules A0 (names), D01, D08, D30, D39, D3 (M1b).
"""

from __future__ import annotations

from functools import cache
from unicodedata import normalize

from pyspark.sql import Column
from pyspark.sql import functions as F

from standards.tables import placeholders, rows
from standards.text import HAN, WHITESPACE, Row, Steps, codes_text, flag, free_text, is_absent, no_codes, one_of, text_fixes, tidy

DOTS = "•・‧∙●⋅\u0387⸱⸳᛫ㆍ⦁ꞏ"
DOT = "·"
PLAIN = f"^[\u4e00-\u9fff{DOT}]*\\z"
"""A name in normal form, as most are: one look is enough."""
PLACEHOLDER = "测试|[Tt][Ee][Ss][Tt]|无名|未知|某|之[子女]|[0-9*xX]{2,}"
LATIN_MOJIBAKE = "锟斤|斤拷|烫烫|屯屯|[\u00a1-\u00ff]{4}|[ã-é][\u00a0-\u00bf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”–—˜™š›œžŸ]{2}"
"""UTF-8 read as GBK or Latin-1, GBK read as Latin-1, memory that was never written."""
FIRST_BYTES, NEXT_BYTES = range(0xE4, 0xEA), range(0x80, 0xC0)
"""Of a Han character in UTF-8."""


@cache
def _read_as_gbk() -> tuple[str, str]:
    """The characters that stand for Han characters in UTF-8 that were read as GBK, and the mark of each (王伟, E7 8E 8B E4 BC 9F, becomes
    鐜嬩紵): 1 when it can be the left one of a pair, 2 the right one, and 4 when it is no Han character of GB 2312.

    The first bytes of two characters stand in neighbouring ones (鐜 and 嬩). One of the two has to be no character of GB 2312, as in nine
    names of ten: hardly any name that was read rightly has such a pair.
    """

    def pairs(leads: range, trails: range) -> set[str]:
        texts = (bytes((lead, trail)).decode("gbk", "replace") for lead in leads for trail in trails)
        return {text for text in texts if len(text) == 1 and text < "\ue000"}

    left, right = pairs(FIRST_BYTES, NEXT_BYTES), pairs(NEXT_BYTES, FIRST_BYTES)
    characters = sorted(left | right)
    rare = {c for c in characters if c < "\u3400" or not c.encode("gb2312", "ignore")}
    return "".join(characters), "".join(chr(ord(PAIRED) + (c in left) + 2 * (c in right) + 4 * (c in rare)) for c in characters)


PAIRED = "\ue000"
"""Of the private use, which a name in GBK has not; the eight from here on stand for what `_read_as_gbk` says."""
PAIR = "[\ue005\ue007][\ue002\ue003\ue006\ue007]|[\ue001\ue003\ue005\ue007][\ue006\ue007]"


def mojibake(text: Column) -> Column:
    """Whether a text was read in a wrong encoding on its way. The characters are looked up before the pattern: in Java a class of hundreds
    of characters takes a stack frame for each."""
    return text.rlike(LATIN_MOJIBAKE) | F.translate(F.translate(text, PRIVATE, ""), *_read_as_gbk()).rlike(PAIR)


PRIVATE = "".join(chr(ord(PAIRED) + i) for i in range(8))
LOST = "[?□▯▢■◻⬜☐〓⿰-⿻\ufffd\ue000-\uf8ff]"
"""What a system writes for a character that it does not have: once per character, or once per byte of it."""
LONGEST = 100
"""Characters of a name that are looked at, and compared one by one: the time that takes grows with the square of the length."""
MOST_GAPS = 3
"""Of a name with more gaps too little is left to compare, and an engine may try all ways to fill them."""
SUSPECT = f"{PLACEHOLDER}|{LOST}|[*]"
HAN_BLOCKS = ((0x3400, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x323AF))


@cache
def variants() -> tuple[str, str]:
    """The variant characters and, in the same order, what they are compared as.

    Compatibility ideographs (NFKC), then traditional to simplified (OpenCC's table of characters), then the variants of names that it
    lacks (standards/name_variants.csv).
    """
    import opencc

    han = [chr(i) for first, last in HAN_BLOCKS for i in range(first, last + 1)]
    unified = [normalize("NFKC", c) for c in han]
    own = {row["variant"]: row["standard"] for row in rows("name_variants")}
    simplified = opencc.OpenCC("t2s").convert("\n".join(own.get(c, c) for c in unified)).split("\n")
    pairs = {c: own.get(s, s) for c, s in zip(han, simplified, strict=True) if own.get(s, s) != c}
    return "".join(pairs), "".join(pairs.values())


@cache
def _variant() -> str:
    """The pattern of a variant: a name without one is compared as it is."""
    return one_of(variants()[0])


def unified(name: Column) -> Column:
    """A name with its variant characters replaced, for comparison."""
    return F.when(name.rlike(_variant()), F.translate(name, *variants())).otherwise(name)


def _spelled(tidy: Column) -> Column:
    """A name in normal form, of a text in normal form."""
    s = F.translate(tidy, DOTS, DOT * len(DOTS))
    plain = F.regexp_replace(s, f"[{WHITESPACE}]+", " ")
    meant = F.when(s.rlike(HAN), F.translate(plain, ". ", DOT)).otherwise(plain)
    return F.when(tidy.rlike(PLAIN), tidy).otherwise(meant)


def normalise(name: Column) -> Column:
    """The name to store: narrow, no spaces in a name with Han characters, single ones elsewhere, `·` as the only middle dot."""
    return _spelled(free_text(name))


def compare_key(name: Column) -> Column:
    """The key to compare names by: variant characters unified, no spaces and dots, upper case. Never shown, never stored alone."""
    return F.upper(F.translate(unified(normalise(name)), f" {DOT}", ""))


def person_name_rule() -> Steps:
    """Rule `person_name`: value string. The value stays also when it is flagged.

    W_NAME_PLACEHOLDER: typed to get past a form (测试, 某某, 李某之子). W_RARE: a character was lost on the way (?, □, 锟斤拷).
    W_MASKED: the provider has hidden characters. F_WIDTH, F_INVIS, F_HTML, F_TRIM; F_NAME: spaces or dots unified.
    """

    def spelled(row: Row) -> dict[str, Column]:
        return {"s": _spelled(row["tidy"])}

    def judged(row: Row) -> dict[str, Column]:
        s, seen = row["s"], F.substring(row["s"], 1, LONGEST)
        suspect = seen.rlike(SUSPECT) | mojibake(seen) | s.isin(*placeholders("person_name"))
        return {"absent": is_absent(s), "plain": (s == row["raw"]) & ~suspect}

    def answer(row: Row) -> dict[str, Column]:
        s, raw, seen = row["s"], row["raw"], F.substring(row["s"], 1, LONGEST)
        codes = codes_text(
            *text_fixes(raw),
            flag(s != row["tidy"], "F_NAME"),
            flag(seen.rlike(PLACEHOLDER) | s.isin(*placeholders("person_name")), "W_NAME_PLACEHOLDER"),
            flag(is_damaged(seen), "W_RARE"),
            flag(seen.contains("*"), "W_MASKED"),
        )
        return {"value": F.when(~row["absent"], s), "codes": F.when(row["absent"] | row["plain"], no_codes()).otherwise(codes)}

    return tidy, spelled, judged, answer


def is_damaged(name: Column) -> Column:
    """Whether characters of a name, or of its comparison key, were lost on the way."""
    return name.rlike(LOST) | mojibake(name)


def in_part(key: Column) -> Column:
    """Whether a comparison key with lost characters still has others that can be compared. Mojibake has none."""
    return key.rlike(LOST) & ~mojibake(key) & (F.regexp_replace(key, LOST, "") != "")


def comparable(key: Column) -> Column:
    """A comparison key of which something is there to compare: no character is masked, and not all were lost."""
    return F.when(~key.contains("*") & (~is_damaged(key) | in_part(key)), key)


def could_be(key: Column, whole: Column) -> Column:
    """Whether a comparison key with lost characters could be that of a `whole` name: marks in a row stand for one character up to
    as many as there are marks, because some systems write one per byte (李? and 李?? for 李㛃)."""
    gaps = F.regexp_replace(F.translate(key, "%_\\", "???"), f"{LOST}+", "?")
    few = F.length(gaps) - F.length(F.translate(gaps, "?", "")) <= MOST_GAPS
    fits = F.like(whole, F.when(few, F.replace(gaps, F.lit("?"), F.lit("_%"))))
    return F.coalesce(in_part(key) & (F.length(whole) <= F.length(key)) & fits, F.lit(False))


def same_person_name(a_key: Column, b_key: Column, former_key: Column) -> Column:
    """How two comparison keys are the name of one person: EXACT; FORMER (`a` is a former name of `b`'s owner); RARE (one has lost
    characters and could be the other); ONE_EDIT (one character differs, none masked or lost on the way); NULL when they are not, or
    one is missing. RARE and ONE_EDIT: both two to LONGEST long."""
    a, b = (F.when(F.length(key).between(2, LONGEST), key) for key in (a_key, b_key))
    both = F.concat(a_key, b_key)
    legible = ~both.rlike("[*]") & ~is_damaged(both)
    return (
        F.when(a_key == b_key, "EXACT")
        .when(a_key == former_key, "FORMER")
        .when(could_be(a, b) | could_be(b, a), "RARE")
        .when(legible & (F.levenshtein(a, b) == 1), "ONE_EDIT")
    )
