"""Organisations: their numbers, three kinds of which stand in one column, and their names.

Here: the unified social credit code (18 characters), the organisation code (9), the registration number (15, or 13 before
2007), a name to store and a key to compare. Not here: which organisation a number belongs to.
Source: GB 32100-2015, GB 11714-1997, GS 15-2006; domain rules A5-A7, D32, D33.
"""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from standards import names
from standards.checksums import ALPHANUMERIC, character, ranked, sum_of_ranks
from standards.identity import HMT, PROVINCES, check_of, halves, weighted
from standards.tables import looked_up, rows
from standards.text import (
    HAN,
    SCIENTIFIC,
    Row,
    Step,
    Steps,
    clean_by,
    codes_text,
    flag,
    free_text,
    identifier,
    identifier_fixes,
    is_absent,
    no_codes,
    tidy,
)
from standards.text import text_fixes as fixes

CREDIT_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
CREDIT_WEIGHTS = tuple(pow(3, i, 31) for i in range(17))
CREDIT_CLASS = r"^[1-9A-GNY][1-59][0-9]{6}[0-9A-HJ-NPQRTUWXY]{8}[0-9X][0-9A-HJ-NPQRTUWXY]\z"
CODE_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
CODE_CHECKS = "0X987654321"
"""By the sum modulo 11."""
CENTRAL = "100000"
CITIZEN = rf"^(?:{'|'.join(PROVINCES)})[0-9]{{4}}(?:19|20)[0-9]{{2}}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[0-9]{{3}}[0-9X]\z"
"""An identity number, which sole traders deliver in place of a credit code; one in 31 satisfies the credit code's check, too."""
KINDS = {18: "USCC", 9: "ORG", 15: "REG", 13: "REG"}
SHAPES = {18: f"^[{CREDIT_ALPHABET}]{{18}}\\z", 9: r"^[0-9A-Z]{8}[0-9X]\z", 15: r"^[0-9]{15}\z", 13: r"^[0-9]{13}\z"}
FORMER_TAX = r"^[0-9]{6}[0-9A-Z]{8}[0-9X]\z"
PERSONAL_TAX = CITIZEN.replace(r"[0-9X]\z", r"[0-9X][0-9]{1,2}\z")
BRANCH = "分公司|营业部|门店"
SAME_FORM = "有限责任公司", "有限公司"


def credit_sum(code: Column) -> Column:
    """The sum of the first 17 characters of a credit code by their weights (GB 32100)."""
    return sum_of_ranks(ranked(code, CREDIT_ALPHABET), CREDIT_WEIGHTS)


def credit_check(total: Column) -> Column:
    """The 18th character of a credit code for the sum of the 17 before it (GB 32100)."""
    return character(CREDIT_ALPHABET, F.pmod(31 - F.pmod(total, F.lit(31)), F.lit(31)))


def organisation_sum(code: Column) -> Column:
    """The sum of the first 8 characters of an organisation code by their weights (GB 11714)."""
    return sum_of_ranks(ranked(code, ALPHANUMERIC), CODE_WEIGHTS)


def organisation_check(total: Column) -> Column:
    """The 9th character of an organisation code for the sum of the 8 before it (GB 11714)."""
    return character(CODE_CHECKS, F.pmod(total, F.lit(11)))


def registration_product(product: Column, number: Column, places: range) -> Column:
    """The running product of ISO 7064 MOD 11,10 after the digits of a registration number at these places; it begins with 10 (GS 15)."""
    for i in places:
        product = F.pmod(2 * (F.pmod(product + (F.ascii(F.substring(number, i, 1)) - 49), F.lit(10)) + 1), F.lit(11))
    return product


def registration_check(product: Column) -> Column:
    """The 15th digit of a registration number for the product of the 14 before it (GS 15)."""
    return F.pmod(11 - product, F.lit(10)).cast("string")


def kind(number: Column) -> Column:
    """USCC, ORG or REG, what a number kept by the rule is; NULL for NULL."""
    length = F.length(number)
    return F.when(length == 18, "USCC").when(length == 9, "ORG").when(length.isin(13, 15), "REG")


def code_of(number: Column) -> Column:
    """The organisation code: itself, or places 9 to 17 of a credit code."""
    return F.when(kind(number) == "ORG", number).when(kind(number) == "USCC", F.substring(number, 9, 9))


def organisation_no_rule(registrar: bool = False) -> Steps:
    """Rule `organisation_no`: value string, a credit code, organisation code or registration number in its normal form.

    Errors, the first one found: E_SCI, E_PLACEHOLDER (all zeros), E_LEN, E_CHARS, E_CLASS, E_CHECK, E_PERSONAL (a person's identity
    number, which columns of organisations would publish). With a value: W_ORGCHECK (the organisation code inside
    a credit code fails its own check), W_DIVISION (no province). `registrar`: the source issues the codes itself, and a wrong
    check character is W_CHECK_LEGACY (Fujian 2015). Repairs: F_WIDTH, F_INVIS, F_TRIM, F_FORM (case, hyphens).
    """

    def judged(row: Row) -> dict[str, Column]:
        s = row["s"]
        length = F.length(s)
        fits = F.lit(False)
        for n, shape in SHAPES.items():
            fits |= (length == n) & s.rlike(shape)
        return {"length": length, "fits": fits, "sound": F.when(fits, s)}

    def apart(row: Row) -> dict[str, Column]:
        s, length = row["sound"], row["length"]
        left, right = halves(F.when(s.rlike(CITIZEN), s))
        return {
            "credit": F.when(length == 18, s),
            "code": F.when(length == 18, F.substring(s, 9, 9)).when(length == 9, s),
            "registration": F.when(length == 15, s),
            "product": F.when(length == 15, F.lit(10)),
            "left": left,
            "right": right,
        }

    def multiplied(places: range) -> Step:
        return lambda row: {"product": registration_product(row["product"], row["registration"], places)}

    def summed(row: Row) -> dict[str, Column]:
        return {
            "credit_sum": credit_sum(row["credit"]),
            "code_sum": organisation_sum(row["code"]),
            "citizen_sum": weighted(row["left"], row["right"]),
        }

    def checked(row: Row) -> dict[str, Column]:
        code_check = organisation_check(row["code_sum"])
        return {
            "check": F.coalesce(credit_check(row["credit_sum"]), code_check, registration_check(row["product"])),
            "inner": F.when(row["credit"].isNotNull(), code_check),
            "citizen": check_of(row["citizen_sum"]) == F.substring(row["sound"], 18, 1),
        }

    def answer(row: Row) -> dict[str, Column]:
        s, length, absent = row["s"], row["length"], is_absent(row["s"])
        legacy = (length == 18) & (row["check"] != F.substring(s, 18, 1)) & F.lit(registrar)
        wrong = (row["check"] != F.substring(s, length, F.lit(1))) & ~legacy
        error = (
            F.when(absent, F.lit(None).cast("string"))
            .when(s.rlike(SCIENTIFIC), "E_SCI")
            .when(s.rlike("^0+\\z"), "E_PLACEHOLDER")
            .when(~length.isin(*SHAPES), "E_LEN")
            .when(~row["fits"], "E_CHARS")
            .when((length == 18) & ~s.rlike(CREDIT_CLASS), "E_CLASS")
            .when(wrong, "E_CHECK")
            .when(row["citizen"], "E_PERSONAL")
        )
        place = F.when(length == 18, F.substring(s, 3, 6))
        warnings = codes_text(
            flag(legacy, "W_CHECK_LEGACY"),
            flag(row["inner"] != F.substring(s, 17, 1), "W_ORGCHECK"),
            flag((place != CENTRAL) & ~F.substring(place, 1, 2).isin(*(p for p in PROVINCES if p not in HMT)), "W_DIVISION"),
        )
        found = F.when(error.isNull(), warnings).otherwise(error)
        untouched = absent | ((s == row["raw"]) & error.isNull() & warnings.isNull())
        repaired = codes_text(*identifier_fixes(row["raw"]), flag(row["raw"].rlike("[a-z-]"), "F_FORM"))
        return {
            "value": F.when(error.isNull() & ~absent, s),
            "codes": F.when(untouched, no_codes()).otherwise(codes_text(repaired, found)),
        }

    products = (multiplied(range(first, min(first + 3, 15))) for first in range(1, 15, 3))
    return clean_by(lambda raw: F.translate(identifier(raw), "-", "")), judged, apart, *products, summed, checked, answer


def taxpayer_kind(number: Column) -> Column:
    """USCC, TAX or ORG, what a number kept by the rule `taxpayer_no` is; NULL for NULL."""
    length = F.length(number)
    return F.when(length == 18, "USCC").when(length == 15, "TAX").when(length == 9, "ORG")


def taxpayer_code_of(number: Column) -> Column:
    """The organisation code: places 9 to 17 of a credit code, 7 to 15 of a former tax number, or itself."""
    return F.when(taxpayer_kind(number) == "TAX", F.substring(number, 7, 9)).otherwise(code_of(number))


def taxpayer_no_rule() -> Steps:
    """Rule `taxpayer_no`: value string, a credit code, an organisation code, or a tax number of the time before 2015, whose last nine
    characters are the organisation code.

    The number of an organisation in it is judged by the rule `organisation_no`. E_PERSONAL, too: 18 characters of a person with one or
    two digits behind, as sole traders had them (domain rules B8).
    """
    _, *steps, last = organisation_no_rule()

    def within(row: Row) -> dict[str, Column]:
        whole = F.translate(identifier(row["raw"]), "-", "")
        return {"whole": whole, "s": F.when(whole.rlike(FORMER_TAX), F.substring(whole, 7, 9)).otherwise(whole)}

    def answer(row: Row) -> dict[str, Column]:
        found, whole = last(row), row["whole"]
        foreign = F.length(whole).isin(13, 15) & (F.length(row["s"]) != 9)
        personal = whole.rlike(PERSONAL_TAX)
        error = F.when(personal, "E_PERSONAL").when(foreign, "E_LEN")
        return {
            "value": F.when(error.isNull() & found["value"].isNotNull(), whole),
            "codes": F.coalesce(error, found["codes"]),
        }

    return within, *steps, answer


def _joined(tidy: Column) -> Column:
    return F.when(tidy.rlike(HAN), F.translate(tidy, " \t\r\n", "")).otherwise(tidy)


def normalise(name: Column) -> Column:
    """The name to store: narrow, without blanks between Han characters' words."""
    return _joined(free_text(name))


def compare_key(name: Column) -> Column:
    """The key to compare organisations by: brackets, dots and blanks away, one word for a limited company, variant characters
    unified, upper case. Never shown, never stored alone."""
    one_form = F.replace(normalise(name), F.lit(SAME_FORM[0]), F.lit(SAME_FORM[1]))
    return F.upper(F.regexp_replace(names.unified(one_form), r"[ ()\[\]【】〔〕·•,，.]", ""))


def entity_kind(credit_code: Column, registration: Column) -> Column:
    """The kind of a legal entity (standards/credit_classes.csv), by the first two characters of its credit code; without one, by the
    first digit of the sequence in its registration number of 15 digits: 6 to 9 a sole trader, else an enterprise (domain rules A5, A7)."""
    kinds = {row["class"]: row["kind"] for row in rows("credit_classes")}
    by_registration = F.when(F.substring(registration, 7, 1).between("6", "9"), "SOLE_TRADER").otherwise("ENTERPRISE")
    coded = F.coalesce(looked_up(kinds, F.substring(credit_code, 1, 2)), F.lit("OTHER"))
    return F.when(credit_code.isNotNull(), coded).when(F.length(registration) == 15, by_registration).otherwise("OTHER")


def short_key(key: Column) -> Column:
    """A comparison key without the province and the city in front, for names that people compare (domain rules D4)."""
    return F.nullif(F.regexp_replace(key, "^(?:江苏省?)?(?:扬州市?)?", ""), F.lit(""))


def is_branch(name: Column) -> Column:
    """Whether a name is that of a branch, which is never merged with its parent (domain rules D4); NULL for NULL."""
    return name.rlike(BRANCH)


def organisation_name_rule() -> Steps:
    """Rule `organisation_name`: value string. Codes: F_WIDTH, F_INVIS, F_HTML, F_TRIM; F_NAME: blanks inside removed."""

    def answer(row: Row) -> dict[str, Column]:
        s, raw = row["s"], row["raw"]
        absent = is_absent(s)
        codes = codes_text(*fixes(raw), flag(s != row["tidy"], "F_NAME"))
        return {"value": F.when(~absent, s), "codes": F.when(absent | (s == raw), no_codes()).otherwise(codes)}

    return tidy, (lambda row: {"s": _joined(row["tidy"])}), answer
