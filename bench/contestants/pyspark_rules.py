"""How one delivered value is read, in PySpark: each rule is a few steps, and all columns take a step together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pyspark.sql import Column
from pyspark.sql import functions as F

from bench.contestants.by_rule import ByRule
from bench.contestants.pyspark_values import (
    birth_of_number,
    check_digit,
    free_text,
    identity_form,
    iso_of,
    looked_up,
    moment_of,
    name_form,
    narrow,
    there,
)
from bench.contestants.texts import (
    ARCHIVE_NO,
    AROUND_IDENTIFIER,
    BEFORE_CLOCK,
    BEFORE_DIVISION,
    BLANKS,
    CLOCKED,
    CONTROL,
    DAY_AND_CLOCK,
    DECORATED,
    DIVISION,
    HALF,
    HOME_PROVINCES,
    IDENTIFIER,
    IDENTITY,
    IN_PHONE,
    LANDLINE,
    MILLIS,
    MOBILE,
    MONTH,
    NO_MONTHS,
    NOTHING,
    PHONE,
    PHONE_PLACEHOLDER,
    PLAIN,
    PREFIXED_PHONE,
    PROVINCES,
    REPEATED,
    RUN_TOGETHER,
    SCIENTIFIC,
    STAMP,
    STAMP_PARTS,
    USUAL,
    VILLAGE,
    ZERO_MOBILE,
)

Fields = dict[str, Column]
Step = Callable[[Fields], Fields]


class Rules(ByRule):
    """The rules, as steps from columns to columns."""

    def text(self, c: dict[str, Any], table: dict[str, Any]) -> Sequence[Step]:
        def value(f: Fields) -> Fields:
            return {"value": there(F.when(f["s"].endswith("\ufffd"), F.rtrim(f["s"], F.lit("\ufffd" + BLANKS))).otherwise(f["s"]))}

        return [lambda f: {"s": free_text(f["x"])}, value]

    @staticmethod
    def _identifier(f: Fields) -> Fields:
        x = f["x"]
        slow = F.upper(F.regexp_replace(narrow(x), AROUND_IDENTIFIER, ""))
        return {"s": F.when(x.rlike(IDENTIFIER), x).when(~x.rlike(CONTROL), slow)}

    def identifier(self, c: dict[str, Any], table: dict[str, Any]) -> Sequence[Step]:
        return [self._identifier, lambda f: {"value": F.when(~f["s"].rlike(SCIENTIFIC), there(f["s"]))}]

    def archive_no(self, c: dict[str, Any], table: dict[str, Any]) -> Sequence[Step]:
        return [self._identifier, lambda f: {"value": F.when(f["s"].rlike(ARCHIVE_NO), f["s"])}]

    def person_name(self, c: dict[str, Any], table: dict[str, Any]) -> Sequence[Step]:
        return [lambda f: {"s": name_form(f["x"])}, lambda f: {"value": there(f["s"])}]

    def phone(self, c: dict[str, Any], table: dict[str, Any]) -> Sequence[Step]:
        def form(f: Fields) -> Fields:
            x = f["x"]
            slow = F.regexp_replace(narrow(x), IN_PHONE, "")
            slow = F.regexp_replace(slow, PREFIXED_PHONE, "$1")
            slow = F.regexp_replace(slow, ZERO_MOBILE, "$1")
            return {"s": F.when(x.rlike(PHONE), x).when(~x.rlike(CONTROL), there(slow))}

        def value(f: Fields) -> Fields:
            s = f["s"]
            typed = s.isin(*self.spec["placeholders"]["phone"]) | s.rlike(PHONE_PLACEHOLDER)
            number = F.when(typed, F.lit(None).cast("string")).when(s.rlike(MOBILE), s)
            for n, shape in LANDLINE.items():
                number = number.when(s.rlike(shape), F.concat(F.lit("0514"), F.substring(s, -n, n)))
            return {"value": number}

        return [form, value]

    def identity(self, c: dict[str, Any], table: dict[str, Any]) -> Sequence[Step]:
        def body(f: Fields) -> Fields:
            s = f["s"]
            old = F.concat(F.substring(s, 1, 6), F.lit("19"), F.substring(s, 7, 9))
            return {"old": F.length(s) == 15, "body": F.when(F.length(s) == 15, old).otherwise(F.substring(s, 1, 17))}

        def computed(f: Fields) -> Fields:
            return {"birth": birth_of_number(f["body"]), "check": check_digit(f["body"])}

        def error(f: Fields) -> Fields:
            s, old, birth = f["s"], f["old"], f["birth"]
            foreigner = s.startswith("9") & F.substring(s, 2, 2).isin(*PROVINCES) & ~old
            province = F.substring(s, 1, 2).isin(*HOME_PROVINCES) | foreigner
            wrong = ~old & (f["check"] != F.substring(s, 18, 1))
            return {
                "error": F.when(f["x"].isNotNull() & s.isNull(), "E_CONTROL")
                .when(s.isNull() | s.isin(*NOTHING), "E_NULL")
                .when(s.rlike(SCIENTIFIC), "E_SCI")
                .when(s.rlike(REPEATED) | s.isin(*self.spec["placeholders"]["identity"]), "E_PLACEHOLDER")
                .when(~F.length(s).isin(15, 18), "E_LEN")
                .when(~s.rlike(IDENTITY), "E_CHARS")
                .when(~province, "E_DIVISION")
                .when(birth.isNull() | (F.substring(f["body"], 7, 4) == "0000"), "E_DATE")
                .when(old & F.substring(s, 13, 3).between("996", "999"), "W_CENTURY")
                .when(wrong & s.endswith("000"), "E_EXCEL")
                .when(wrong, "E_CHECK")
                .when(birth > F.col("_business_date"), "E_FUTURE")
            }

        def value(f: Fields) -> Fields:
            return {"value": F.when(f["error"].isNull(), F.when(f["old"], F.concat(f["body"], f["check"])).otherwise(f["s"]))}

        return [lambda f: {"s": identity_form(f["x"])}, body, computed, error, value]

    def code(self, c: dict[str, Any], table: dict[str, Any]) -> Sequence[Step]:
        labels = self.spec["codes"][c["list"]]
        known = F.when(F.lit(False), F.lit(None).cast("string"))

        def value(f: Fields) -> Fields:
            s, found = F.upper(f["odd"]), known
            for code in sorted(set(labels.values())):
                found = found.when(s.isin(*[label for label, meant in labels.items() if meant == code]), code)
            return {"value": F.when(f["x"].isin(*set(labels.values())), f["x"]).otherwise(found)}

        return [lambda f: {"odd": free_text(f["x"])}, value]

    def _in_range(self, iso: Column) -> Column:
        return F.when(F.substring(iso, 1, 4).between("1800", "2199") & ~iso.isin(*self.spec["placeholders"]["date"]), iso)

    def date(self, c: dict[str, Any], table: dict[str, Any]) -> Sequence[Step]:
        def day(f: Fields) -> Fields:
            s = f["s"]
            without = F.when(s.rlike(CLOCKED), F.regexp_extract(s, BEFORE_CLOCK, 1))
            return {"day": without.when(s.rlike(DAY_AND_CLOCK), F.substring(s, 1, 8)).otherwise(s)}

        return [
            lambda f: {"s": free_text(f["x"])},
            day,
            lambda f: {"iso": iso_of(f["day"], table["format"] == "xlsx")},
            lambda f: {"value": self._in_range(f["iso"]).try_cast("date")},
        ]

    def timestamp(self, c: dict[str, Any], table: dict[str, Any]) -> Sequence[Step]:
        def parts(f: Fields) -> Fields:
            split = F.regexp_replace(F.when(~f["s"].rlike(USUAL), f["s"]), RUN_TOGETHER, "$1 $2")
            half = F.upper(F.regexp_extract(split, HALF, 1))
            return {"half": half, "text": F.regexp_replace(split, f" {{0,3}}{HALF} {{0,3}}", " ")}

        def groups(f: Fields) -> Fields:
            return {n: F.regexp_extract(f["text"], STAMP, i) for i, n in enumerate(STAMP_PARTS, 1)}

        def fields(f: Fields) -> Fields:
            h = F.when(f["hour"] == "", "00").otherwise(F.lpad(f["hour"], 2, "0"))
            return {"h": h, "iso": self._in_range(iso_of(f["day"], False))}

        def moment(f: Fields) -> Fields:
            h, afternoon, morning = f["h"], f["half"].isin("下午", "PM"), f["half"].isin("上午", "AM")
            turned = (
                F.when(h == "24", "00")
                .when(afternoon & h.between("01", "11"), (h.try_cast("int") + 12).cast("string"))
                .when(morning & (h == "12"), "00")
                .when(morning & (h > "12"), F.lit(None).cast("string"))
                .otherwise(h)
            )
            minute, second = (F.when(f[n] == "", "00").otherwise(f[n]) for n in ("minute", "second"))
            day = F.when(h == "24", F.date_add(f["iso"].try_cast("date"), 1).cast("string")).otherwise(f["iso"])
            text = F.concat(day, F.lit(" "), turned, F.lit(":"), minute, F.lit(":"), second, f["fraction"])
            zoned = F.concat(text, F.regexp_replace(f["zone"], r"([0-9]{2}):?([0-9]{2})\z", "$1:$2")).try_cast("timestamp").cast("string")
            return {"there": F.when(f["zone"] == "", text).otherwise(zoned)}

        def value(f: Fields) -> Fields:
            s = f["s"]
            usual = F.when(self._in_range(F.substring(s, 1, 10)).isNotNull(), s)
            epoch = s.rlike(MILLIS) & ~s.rlike(DAY_AND_CLOCK)
            return {"value": F.when(s.rlike(USUAL), usual).when(epoch, moment_of(s)).otherwise(f["there"]).try_cast("timestamp_ntz")}

        return [lambda f: {"s": free_text(f["x"])}, parts, groups, fields, moment, value]

    def month(self, c: dict[str, Any], table: dict[str, Any]) -> Sequence[Step]:
        def digits(f: Fields) -> Fields:
            s = f["s"]
            return {"m": F.when(s.rlike(MONTH), F.concat(F.regexp_extract(s, MONTH, 1), F.lpad(F.regexp_extract(s, MONTH, 2), 2, "0")))}

        def value(f: Fields) -> Fields:
            m = f["m"]
            right = F.substring(m, 1, 4).between("1800", "2199") & F.substring(m, 5, 2).between("01", "12")
            return {"value": F.when(right & ~m.isin(*NO_MONTHS), m)}

        return [lambda f: {"s": free_text(f["x"])}, digits, value]

    def division(self, c: dict[str, Any], table: dict[str, Any]) -> Sequence[Step]:
        known = self.spec["divisions"]

        def code(f: Fields) -> Fields:
            s = f["s"]
            name = F.regexp_replace(s, BEFORE_DIVISION, "$1")
            padded = F.when(s.rlike(DIVISION), F.rpad(s, 12, "0"))
            return {"code": padded.when(~s.rlike(r"^[0-9]+\z"), looked_up(known["names"], name))}

        def today(f: Fields) -> Fields:
            return {"today": F.concat(looked_up(known["successors"], F.substring(f["code"], 1, 6)), F.substring(f["code"], 7, 6))}

        def value(f: Fields) -> Fields:
            now, then = f["code"], f["today"]
            county = F.substring(now, 1, 6).isin(*known["counties"])
            return {
                "value": F.when(~now.rlike(VILLAGE), F.lit(None).cast("string"))
                .when(F.substring(now, 1, 9).isin(*known["towns"]), now)
                .when(county & now.endswith("000000"), now)
                .when(F.substring(then, 1, 9).isin(*known["towns"]), then)
                .when(then.isNotNull(), F.rpad(F.substring(then, 1, 6), 12, "0"))
                .when(county, F.rpad(F.substring(now, 1, 6), 12, "0"))
            }

        return [lambda f: {"s": there(free_text(f["x"]))}, code, today, value]

    def number(self, c: dict[str, Any], table: dict[str, Any]) -> Sequence[Step]:
        kind = c["type"]
        precision, scale = map(int, kind[8:-1].split(",")) if kind.startswith("decimal(") else (19 if kind == "bigint" else 10, 0)
        whole, limits = precision - scale, (c["min"], c["max"])

        def bare(f: Fields) -> Fields:
            s = f["s"]
            return {"n": F.when(s.rlike(PLAIN), s).otherwise(F.replace(F.regexp_replace(s, DECORATED, "$1"), F.lit(","), F.lit("")))}

        def exact(f: Fields) -> Fields:
            n = f["n"]
            fits = F.length(F.regexp_extract(n, r"^[+-]?0*([0-9]*)", 1)) <= whole
            fits &= F.length(F.rtrim(F.regexp_extract(n, r"[.]([0-9]*)", 1), F.lit("0"))) <= scale
            text = F.when(n.rlike(PLAIN) & fits, F.regexp_replace(n, r"[.]0*\z|^[+]", ""))
            return {"exact": text.try_cast(kind), "wide": F.when(n.rlike(PLAIN), n).try_cast("decimal(18,6)")}

        def value(f: Fields) -> Fields:
            right = F.when(f["exact"].between(*limits), f["exact"])
            for factor in c["units"].values():
                turned = F.round(f["wide"] * F.lit(str(factor)).cast("decimal(10,6)"), scale).try_cast(kind)
                right = F.coalesce(right, F.when(~f["wide"].between(*limits) & turned.between(*limits), turned))
            return {"value": right}

        return [lambda f: {"s": there(free_text(f["x"]))}, bare, exact, value]
