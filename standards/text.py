"""Normalisation of delivered text before any rule looks at it, and the result that every rule gives back.

Here: width, invisible characters, control characters, HTML debris, spreadsheet formulas, null tokens, the rules `text`, `address`
and `identifier`, and the small vocabulary (`Steps`, `flag`) the other rules are written in. Not here: what a value means.
Source: domain rules A0 (normalisation pipeline), D01, D02, D06, D24, D40; character references: the HTML standard, 13.2.5.

Patterns are read by Rust's and by Java's regular expressions alike: `\\z` for the end, `[^\\n]` for any character, spelled
out letters and digits instead of `(?i)`, `\\d`, `\\w`, `\\s` (docs/engines.md).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, reduce
from operator import and_

from pyspark.sql import Column
from pyspark.sql import functions as F

from standards.tables import looked_up, rows

FULL_WIDTH = "".join(map(chr, range(0xFF01, 0xFF5F))) + "\u3000"
HALF_WIDTH = "".join(map(chr, range(0x21, 0x7F))) + " "
SMALL_FORMS = "﹐﹑﹒﹔﹕﹖﹗﹙﹚﹛﹜﹟﹠﹡﹢﹣﹤﹥﹦﹨﹩﹪﹫￥･", ",、.;:?!(){}#&*+-<>=\\$%@¥・"
"""Small and half-width forms outside the block of full-width ASCII."""
BLANKS = "\u00a0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u202f\u205f\u2800"
LINES = "\u2028\u2029"
INVISIBLE = (
    "\u00ad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890-\u0891\u08e2\u115f-\u1160\u17b4-\u17b5\u180b-\u180f\u200b-\u200f"
    "\u202a-\u202e\u2060-\u2064\u2066-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U000110bd\U000110cd"
    "\U00013430-\U00013438\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e007f\U000e0100-\U000e01ef"
)
"""Unicode's format characters (Cf), variation selectors and fillers, as ranges of a class."""
FORMS = "\u2e80-\u2fd5\ue78d-\ue7c8\ue815-\ue864"
"""Radicals that stand for the character itself (PDF files), and GBK's private use (standards/character_forms.csv)."""
WIDTHS = f"\uff01-\uff5e\u3000\uffe5\uff65\ufe50-\ufe6b{FORMS}"
HAN = "[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
NULL_TOKENS = ("", "NULL", "\\N", "NONE", "NAN", "无", "不详", "未知", "暂无", "空", "-", "--", "—", "/", ".", "N/A")
LONGEST_TOKEN = max(len(token.encode()) for token in NULL_TOKENS)
CONTROL = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]"
LINE_BREAK = "<[Bb][Rr] */?>"
CHARACTER = "&(#[0-9]{1,7}(?:[+][0-9]{5})?|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z]{2,6}[23]?);"
"""A reference to a character by its number or name."""
PAIR = "&#(5[56][0-9]{3});&#(5[67][0-9]{3});"
"""One character of a higher plane as its two surrogates, each in a reference of its own, as Java programs write it."""
TEXT_FORMULA = r'^[ \t\r\n]*="([^"\n]*)"[ \t\r\n]*\z'
"""A text as a formula, which keeps Excel from changing it when it opens a CSV file."""
FAILED_FORMULA = r"^[ \t\r\n]*#(?:N/A|REF!|VALUE!|DIV/0!|NAME[?]|NUM!|NULL!|SPILL!|CALC!|FIELD!|BLOCKED!|GETTING_DATA)[ \t\r\n]*\z"
"""What Excel shows in place of a value that it could not compute."""
MARKED = "[&<]|^[ \t\r\n]*="
"""A text without a match is neither a formula nor holds HTML."""
UNTIDY = f'[\x00-\x1f\x7f-\xa0{BLANKS}{LINES}{INVISIBLE}\ufffd{WIDTHS}&<]|^[ #]|^="| \\z|[.]0 *\\z'
"""A value without a match is in normal form, as most values are, and is neither damaged nor a formula: one look is enough."""
TIDY_IDENTIFIER = "^[0-9A-Z_\u4e00-\u9fff-]*\\z"
SCIENTIFIC = r"^[0-9](?:[.][0-9]+[Ee][+-]?|[Ee][+])[0-9]{1,3}\z"
"""A code or a number of an identifier that a spreadsheet or a float has rounded: its digits are lost."""
FLOAT = r"^([0-9]{1,15})[.]0\z"
"""A code that was stored as a float. Up to 15 digits are exact in one; longer ones may be rounded."""
ROUNDED = r"^[0-9]{16,}[.]0\z"
WHITESPACE = " \t\r\n"
CUT = "\ufffd"
"""Stands for bytes that are no character."""
CUT_AT_END = f"{CUT}[{WHITESPACE}\u3000{BLANKS}{LINES}{INVISIBLE}]*\\z"
CLASS = 250
"""Characters of a class: to hold a character against a class, Java takes a stack frame for each of the class."""
PIECE, REFERENCE = "\x01", "\x02"
"""Between the pieces of a text with character references, and before those that are one."""


Row = Mapping[str, Column]
Step = Callable[[Row], dict[str, Column]]
Steps = tuple[Step, ...]
"""A rule: each step sees `raw` and what the steps before it have named, and names more. The last one names `value` and `codes`.

Steps are what lets a frame compute every intermediate once (`rules.parse`).
"""


def flag(condition: Column, code: str) -> Column:
    """`code` where the condition holds, else NULL."""
    return F.when(condition, F.lit(code))


def no_codes() -> Column:
    return F.lit(None).cast("string")


def codes_text(*codes: Column) -> Column:
    """Codes, or several joined already, as one text `CODE,CODE` in their order, those that are NULL left out; NULL when nothing is left.

    A text, because engines take five times as long for lists of which nearly all are empty.
    """
    return F.nullif(F.concat_ws(",", *codes), F.lit(""))


@cache
def forms() -> tuple[str, str]:
    """Radicals and private-use characters and, in the same order, the characters they stand for."""
    table = rows("character_forms")
    return "".join(chr(int(r["form"], 16)) for r in table), "".join(chr(int(r["standard"], 16)) for r in table)


@cache
def references() -> dict[str, int]:
    """Name of a character reference -> its code point: those that occur in extracts, not all of HTML."""
    return {r["name"]: int(r["character"], 16) for r in rows("character_references")}


def referenced(text: Column) -> Column:
    """Text in which each character reference (`&#13507;`, `&#x34C3;`, `&lt;`) is its character, decoded once.

    A reference to no character, or to a control character, is U+FFFD; an unknown name stays as it is. The text, which holds no
    control characters, is cut into pieces at its references, which then begin with REFERENCE. A piece becomes a code point first, so
    that this is computed once.
    """

    def numbered(piece: Column) -> Column:
        high, low = (F.substring(piece, at, 5).try_cast("int") for at in (3, 9))
        code = (
            F.when(piece.contains("+"), (high - 0xD800) * 0x400 + (low - 0xDC00) + 0x10000)
            .when(F.substring(piece, 3, 1).isin("x", "X"), F.conv(F.substring(piece, 4, 6), 16, 10).try_cast("int"))
            .when(piece.contains("#"), F.substring(piece, 3, 7).try_cast("int"))
            .otherwise(looked_up(references(), F.substring(piece, 2, 9)))
        )
        known = F.coalesce(F.concat(F.lit(REFERENCE), code.cast("string")), F.concat(F.lit("&"), F.substring(piece, 2, 9), F.lit(";")))
        return F.when(piece.startswith(REFERENCE), known).otherwise(piece)

    def character(piece: Column) -> Column:
        code = F.substring(piece, 2, 9).try_cast("int")
        legal = code.isin(9, 10, 13) | code.between(0x20, 0x7E) | code.between(0xA0, 0xD7FF) | code.between(0xE000, 0x10FFFF)
        return F.when(~piece.startswith(REFERENCE), piece).when(legal, F.format_string("%c", code)).otherwise(F.lit(CUT))

    paired = F.regexp_replace(text, PAIR, "&#$1+$2;")
    pieces = F.split(F.regexp_replace(paired, CHARACTER, f"{PIECE}{REFERENCE}$1{PIECE}"), PIECE)
    return F.array_join(F.transform(F.transform(pieces, numbered), character), "")


def unmarked(raw: Column) -> Column:
    """Text without what a form or an export put in its place: Excel's text formula, line breaks of HTML, character references.

    A long expression: asked once for all columns of a frame (`rules.parse`), and only about texts that match MARKED.
    """
    text = F.regexp_replace(F.regexp_replace(raw, TEXT_FORMULA, "$1"), LINE_BREAK, " ")
    return F.when(raw.contains("&"), referenced(text)).otherwise(text)


def _narrowed(text: Column) -> Column:
    odd, ordinary = forms()
    blanks = " " * len(BLANKS) + "\n" * len(LINES)
    return F.translate(
        F.regexp_replace(text, f"[{INVISIBLE}]", ""),
        f"{FULL_WIDTH}{SMALL_FORMS[0]}{odd}{BLANKS}{LINES}",
        f"{HALF_WIDTH}{SMALL_FORMS[1]}{ordinary}{blanks}",
    )


def narrow(raw: Column) -> Column:
    """Text with one form of each character: full-width and small forms to ASCII, every blank to a space, radicals and private use to
    the character they stand for, invisible characters removed. Compatibility ideographs stay: they may be a person's own."""
    return F.when(raw.rlike(f"[{INVISIBLE}{BLANKS}{LINES}{WIDTHS}]"), _narrowed(raw)).otherwise(raw)


def trimmed(value: Column) -> Column:
    return F.btrim(value, F.lit(WHITESPACE))


def _tidied(text: Column) -> Column:
    return trimmed(_narrowed(text))


def free_text(text: Column) -> Column:
    """Free text in normal form: narrow, trimmed; inner spaces stay."""
    return F.when(text.rlike(UNTIDY), _tidied(text)).otherwise(text)


def _typed(raw: Column) -> Column:
    """An identifier without what was added when it was typed or exported: white space, Excel's text mark; upper case."""
    return F.upper(F.regexp_replace(narrow(raw), r"^[ \t\r\n]*=?['\"]|['\"][ \t\r\n]*\z|[ \t\r\n]", ""))


def identifier(raw: Column) -> Column:
    """An identifier in normal form: narrow, no white space, no Excel text mark, upper case, no `.0` of a float; hyphens stay."""
    return F.when(raw.rlike(TIDY_IDENTIFIER), raw).otherwise(F.regexp_replace(_typed(raw), FLOAT, "$1"))


def one_of(characters: str) -> str:
    """Return the pattern of one of many characters, none of which means something in a class: classes of at most CLASS."""
    return "|".join(f"[{characters[i : i + CLASS]}]" for i in range(0, len(characters), CLASS))


def is_absent(clean: Column) -> Column:
    """Nothing was delivered: NULL, blank, or one of the words that stand for nothing."""
    return clean.isNull() | F.when(F.octet_length(clean) <= LONGEST_TOKEN, F.upper(clean).isin(*NULL_TOKENS)).otherwise(False)


def has_control(raw: Column) -> Column:
    """A control character other than tab and line break is inside: the value was damaged on its way."""
    return F.coalesce(raw.rlike(CONTROL), F.lit(False))


def text_fixes(raw: Column) -> tuple[Column, ...]:
    """F_WIDTH, F_INVIS, F_HTML, F_TRIM: which of the repairs of `free_text` changed the delivered value."""
    return (
        flag(raw.rlike(f"[{WIDTHS}]"), "F_WIDTH"),
        flag(raw.rlike(f"[{INVISIBLE}{BLANKS}{LINES}]"), "F_INVIS"),
        flag(raw.rlike(f"{CHARACTER}|{LINE_BREAK}"), "F_HTML"),
        flag(raw.rlike(rf"^[ \t\r\n]|[ \t\r\n]\z|{TEXT_FORMULA}"), "F_TRIM"),
    )


def identifier_fixes(raw: Column) -> tuple[Column, ...]:
    """F_WIDTH, F_INVIS, F_TRIM, F_DOT0 for the repairs of `identifier`; a change of case is none."""
    return (
        flag(raw.rlike(f"[{WIDTHS}]"), "F_WIDTH"),
        flag(raw.rlike(f"[{INVISIBLE}{BLANKS}{LINES}]"), "F_INVIS"),
        flag(raw.rlike("[ \t\r\n'\"]"), "F_TRIM"),
        flag(_typed(raw).rlike(FLOAT), "F_DOT0"),
    )


def code_fixes(row: Row) -> tuple[Column, ...]:
    """The codes of `text_fixes`, and F_DOT0, for the repairs of `cleaned_code`."""
    return *text_fixes(row["raw"]), flag(row["s"] != row["tidy"], "F_DOT0")


def clean_by(normal: Callable[[Column], Column]) -> Step:
    """The first step of a rule: `s`, the value in normal form."""
    return lambda row: {"s": normal(row["raw"])}


def _when_untidy(row: Row, change: Callable[[Column], Column] = lambda text: text) -> Column:
    """The delivered value; in normal form and changed when `untidy` says that it may not be (`rules.parse`)."""
    return F.when(row["untidy"], change(_tidied(row["text"]))).otherwise(row["raw"])


def tidy(row: Row) -> dict[str, Column]:
    """The first step of a rule that changes free text further: `tidy`, the text in normal form."""
    return {"tidy": _when_untidy(row)}


def cleaned(row: Row) -> dict[str, Column]:
    """The first step of a rule: `s`, the text in normal form."""
    return {"s": _when_untidy(row)}


def _without_fraction(row: Row) -> dict[str, Column]:
    return {"s": F.when(row["untidy"], F.regexp_replace(row["tidy"], FLOAT, "$1")).otherwise(row["raw"])}


cleaned_code: Steps = (tidy, _without_fraction)
"""The first steps of a rule for codes: `s`, the text in normal form, in which `1.0`, a code that was stored as a float, is `1`."""


def with_absent(row: Row) -> dict[str, Column]:
    return {"absent": is_absent(row["s"])}


def text_rule() -> Steps:
    """Rules `text` and `address`: value string.

    Codes: F_WIDTH, F_INVIS, F_HTML, F_TRIM; W_TRUNC: cut in the middle of a character, whose remains are removed (domain rules D24).
    """

    def whole(row: Row) -> dict[str, Column]:
        return {"s": _when_untidy(row, lambda text: F.rtrim(text, F.lit(CUT + WHITESPACE)))}

    def answer(row: Row) -> dict[str, Column]:
        codes = codes_text(*text_fixes(row["raw"]), flag(row["raw"].rlike(CUT_AT_END), "W_TRUNC"))
        fixed = F.when((row["s"] == row["raw"]) | row["absent"], no_codes()).otherwise(codes)
        return {"value": F.when(~row["absent"], row["s"]), "codes": fixed}

    return whole, with_absent, answer


def identifier_rule() -> Steps:
    """Rule `identifier`: value string.

    E_SCI: a spreadsheet or a float has rounded the number. F_DOT0: the `.0` of a float removed. F_WIDTH, F_INVIS, F_TRIM.
    """

    def judged(row: Row) -> dict[str, Column]:
        return {"absent": is_absent(row["s"]), "lost": row["s"].rlike(f"{SCIENTIFIC}|{ROUNDED}")}

    def answer(row: Row) -> dict[str, Column]:
        fixed = codes_text(*identifier_fixes(row["raw"]), flag(row["lost"], "E_SCI"))
        untouched = ((row["s"] == row["raw"]) & ~row["lost"]) | row["absent"]
        return {"value": F.when(~row["absent"] & ~row["lost"], row["s"]), "codes": F.when(untouched, no_codes()).otherwise(fixed)}

    return clean_by(identifier), judged, answer


ESCAPED_IN_TWO_WAYS = "".join(map(chr, [0x0B, 0x0E, 0x0F, *range(0x1A, 0x20)]))
STAND_INS = "".join(chr(0xFDD0 + i) for i in range(len(ESCAPED_IN_TWO_WAYS)))
"""Noncharacters, which Unicode keeps out of text that is passed on."""


def json_object(columns: Mapping[str, Column]) -> Column:
    """String columns as one JSON object, NULLs left out; the same bytes on every engine (they disagree on `\\u000b`)."""
    json = F.to_json(F.struct(*(F.translate(c, ESCAPED_IN_TWO_WAYS, STAND_INS).alias(name) for name, c in columns.items())))
    for character, stand_in in zip(ESCAPED_IN_TWO_WAYS, STAND_INS, strict=True):
        json = F.replace(json, F.lit(stand_in), F.lit(f"\\u{ord(character):04x}"))
    return json


def digest(*values: Column) -> Column:
    """64 bits, a bigint, of values of any type that are all known, else NULL: the same for equal values, hardly ever for others.

    Moments are not to be made texts for it: that takes Sail eight times as long as the digest. Two digests of 32 bits: Sail 0.7.2
    breaks off over `xxhash64` of a column in which a file has one value only.
    """
    high, low = F.hash(*values).cast("bigint"), F.hash(F.lit("low"), *values).cast("bigint")
    return F.when(reduce(and_, [v.isNotNull() for v in values]), F.shiftleft(high, 32).bitwiseXOR(low))
