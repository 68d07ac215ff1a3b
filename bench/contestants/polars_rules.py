"""How one delivered value is read, in Polars: each rule is a few steps, and all columns take a step together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl
from polars import Expr

from bench.contestants.by_rule import ByRule
from bench.contestants.polars_values import (
    birth_of_number,
    check_digit,
    free_text,
    identity_form,
    iso_of,
    moment_of,
    name_form,
    sound,
    there,
    unless,
)
from bench.contestants.texts import (
    ARCHIVE_NO,
    AROUND_IDENTIFIER,
    BEFORE_CLOCK,
    BEFORE_DIVISION,
    BLANKS,
    CLOCKED,
    DAY,
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
    NARROW,
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

Fields = dict[str, Expr]
Step = Callable[[Fields], Fields]


class Rules(ByRule):
    """The rules, as steps from columns to columns."""

    def text(self, c: dict[str, Any], table: dict[str, Any]) -> list[Step]:
        def value(f: Fields) -> Fields:
            cut = f["s"].str.ends_with("\ufffd")
            return {"value": there(pl.when(cut).then(f["s"].str.strip_chars_end("\ufffd" + BLANKS)).otherwise(f["s"]))}

        return [lambda f: {"s": free_text(f["x"])}, value]

    @staticmethod
    def _identifier(f: Fields) -> Fields:
        x = f["x"]
        clean = x.str.contains(IDENTIFIER)
        slow = sound(unless(clean, x)).str.replace_many(NARROW).str.replace_all(AROUND_IDENTIFIER, "")
        return {"s": pl.when(clean).then(x).otherwise(slow.str.to_uppercase())}

    def identifier(self, c: dict[str, Any], table: dict[str, Any]) -> list[Step]:
        return [self._identifier, lambda f: {"value": unless(f["s"].str.contains(SCIENTIFIC), there(f["s"]))}]

    def archive_no(self, c: dict[str, Any], table: dict[str, Any]) -> list[Step]:
        return [self._identifier, lambda f: {"value": unless(~f["s"].str.contains(ARCHIVE_NO), f["s"])}]

    def person_name(self, c: dict[str, Any], table: dict[str, Any]) -> list[Step]:
        return [lambda f: {"s": name_form(f["x"])}, lambda f: {"value": there(f["s"])}]

    def phone(self, c: dict[str, Any], table: dict[str, Any]) -> list[Step]:
        def form(f: Fields) -> Fields:
            x = f["x"]
            clean = x.str.contains(PHONE)
            slow = sound(unless(clean, x)).str.replace_many(NARROW).str.replace_all(IN_PHONE, "")
            slow = slow.str.replace(PREFIXED_PHONE, "$1").str.replace(ZERO_MOBILE, "$1")
            return {"s": there(pl.when(clean).then(x).otherwise(slow))}

        def value(f: Fields) -> Fields:
            s = f["s"]
            typed = s.is_in(self.spec["placeholders"]["phone"]) | s.str.contains(PHONE_PLACEHOLDER)
            landline = [unless(~s.str.contains(shape), "0514" + s.str.slice(-n)) for n, shape in LANDLINE.items()]
            return {"value": unless(typed, pl.coalesce(unless(~s.str.contains(MOBILE), s), *landline))}

        return [form, value]

    def identity(self, c: dict[str, Any], table: dict[str, Any]) -> list[Step]:
        def body(f: Fields) -> Fields:
            s = f["s"]
            old = pl.concat_str([s.str.slice(0, 6), pl.lit("19"), s.str.slice(6, 9)])
            shaped = s.str.contains(IDENTITY)
            return {
                "old": s.str.len_chars() == 15,
                "shaped": shaped,
                "body": unless(~shaped, pl.when(s.str.len_chars() == 15).then(old).otherwise(s.str.slice(0, 17))),
            }

        def computed(f: Fields) -> Fields:
            return {"birth": birth_of_number(f["body"]), "check": check_digit(f["body"])}

        def error(f: Fields) -> Fields:
            s, old, birth = f["s"], f["old"], f["birth"]
            foreigner = s.str.starts_with("9") & s.str.slice(1, 2).is_in(PROVINCES) & ~old
            province = s.str.slice(0, 2).is_in(HOME_PROVINCES) | foreigner
            wrong = ~old & (f["check"] != s.str.slice(17, 1))
            return {
                "error": pl.when(f["x"].is_not_null() & s.is_null()).then(pl.lit("E_CONTROL"))
                .when(s.is_null() | s.is_in(NOTHING)).then(pl.lit("E_NULL"))
                .when(s.str.contains(SCIENTIFIC)).then(pl.lit("E_SCI"))
                .when(s.str.contains(REPEATED) | s.is_in(self.spec["placeholders"]["identity"])).then(pl.lit("E_PLACEHOLDER"))
                .when(~s.str.len_chars().is_in([15, 18])).then(pl.lit("E_LEN"))
                .when(~f["shaped"]).then(pl.lit("E_CHARS"))
                .when(~province).then(pl.lit("E_DIVISION"))
                .when(birth.is_null() | (f["body"].str.slice(6, 4) == "0000")).then(pl.lit("E_DATE"))
                .when(old & s.str.slice(12, 3).is_between(pl.lit("996"), pl.lit("999"))).then(pl.lit("W_CENTURY"))
                .when(wrong & s.str.ends_with("000")).then(pl.lit("E_EXCEL"))
                .when(wrong).then(pl.lit("E_CHECK"))
                .when(birth > pl.col("_business_date")).then(pl.lit("E_FUTURE"))
            }  # fmt: skip

        def value(f: Fields) -> Fields:
            whole = pl.when(f["old"]).then(f["body"] + f["check"]).otherwise(f["s"])
            return {"value": unless(f["error"].is_not_null(), whole)}

        return [lambda f: {"s": identity_form(f["x"])}, body, computed, error, value]

    def code(self, c: dict[str, Any], table: dict[str, Any]) -> list[Step]:
        labels = self.spec["codes"][c["list"]]
        plain = sorted(set(labels.values()))

        def value(f: Fields) -> Fields:
            known = f["odd"].str.to_uppercase().replace_strict(labels, default=None, return_dtype=pl.String)
            return {"value": pl.when(f["x"].is_in(plain)).then(f["x"]).otherwise(known)}

        return [lambda f: {"odd": free_text(unless(f["x"].is_in(plain), f["x"]))}, value]

    def _in_range(self, iso: Expr) -> Expr:
        years = iso.str.slice(0, 4).is_between(pl.lit("1800"), pl.lit("2199"))
        return unless(~years | iso.is_in(self.spec["placeholders"]["date"]), iso)

    def date(self, c: dict[str, Any], table: dict[str, Any]) -> list[Step]:
        def day(f: Fields) -> Fields:
            s = f["odd"]
            without = pl.when(s.str.contains(CLOCKED)).then(s.str.extract(BEFORE_CLOCK, 1))
            return {"day": without.when(s.str.contains(DAY_AND_CLOCK)).then(s.str.slice(0, 8)).otherwise(s)}

        def value(f: Fields) -> Fields:
            iso = pl.when(f["x"].str.contains(DAY)).then(f["x"]).otherwise(iso_of(f["day"], table["format"] == "xlsx"))
            return {"value": self._in_range(iso).str.to_date("%Y-%m-%d", strict=False)}

        return [lambda f: {"odd": free_text(unless(f["x"].str.contains(DAY), f["x"]))}, day, value]

    def timestamp(self, c: dict[str, Any], table: dict[str, Any]) -> list[Step]:
        def parts(f: Fields) -> Fields:
            split = f["odd"].str.replace(RUN_TOGETHER, "$1 $2")
            half = f["odd"].str.extract(HALF, 1).str.to_uppercase().fill_null("")
            return {"half": half, "parts": split.str.replace(f" {{0,3}}{HALF} {{0,3}}", " ").str.extract_groups(STAMP)}

        def moment(f: Fields) -> Fields:
            day, hour, minute, second, fraction, zone = (f["parts"].struct.field(str(i)) for i, _ in enumerate(STAMP_PARTS, 1))
            h = hour.fill_null("00").str.zfill(2)
            afternoon, morning = f["half"].is_in(["下午", "PM"]), f["half"].is_in(["上午", "AM"])
            later = (h.cast(pl.Int64, strict=False) + 12).cast(pl.String)
            turned = (
                pl.when(h == "24").then(pl.lit("00"))
                .when(afternoon & h.is_between(pl.lit("01"), pl.lit("11"))).then(later)
                .when(morning & (h == "12")).then(pl.lit("00"))
                .when(morning & (h > "12")).then(None)
                .otherwise(h)
            )  # fmt: skip
            clock = pl.concat_str([turned, minute.fill_null("00"), second.fill_null("00")], separator=":")
            text = pl.concat_str([self._in_range(iso_of(day, False)), pl.lit(" "), clock, fraction.fill_null("")])
            found = text.str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="us", strict=False)
            ahead = zone.str.slice(1, 2).cast(pl.Int64, strict=False) * 3600 + zone.str.slice(-2).cast(pl.Int64, strict=False) * 60
            ahead = pl.when(zone == "Z").then(0).when(zone.str.starts_with("-")).then(-ahead).otherwise(ahead)
            shift = pl.when(zone.is_null()).then(0).otherwise(28_800 - ahead)
            return {"moment": found + pl.duration(seconds=shift, days=(h == "24").cast(pl.Int64))}

        def value(f: Fields) -> Fields:
            x = f["x"]
            usual = unless(~x.str.contains(USUAL) | self._in_range(x.str.slice(0, 10)).is_null(), x)
            usual = usual.str.to_datetime("%Y-%m-%d %H:%M:%S", time_unit="us", strict=False)
            slow = (
                pl.when(f["odd"].str.contains(MILLIS) & ~f["odd"].str.contains(DAY_AND_CLOCK))
                .then(moment_of(f["odd"]))
                .otherwise(f["moment"])
            )
            return {"value": pl.when(x.str.contains(USUAL)).then(usual).otherwise(slow)}

        return [lambda f: {"odd": free_text(unless(f["x"].str.contains(USUAL), f["x"]))}, parts, moment, value]

    def month(self, c: dict[str, Any], table: dict[str, Any]) -> list[Step]:
        def digits(f: Fields) -> Fields:
            parts = f["s"].str.extract_groups(MONTH)
            return {"digits": parts.struct.field("1") + parts.struct.field("2").str.zfill(2)}

        def value(f: Fields) -> Fields:
            m = f["digits"]
            wrong = ~m.str.slice(0, 4).is_between(pl.lit("1800"), pl.lit("2199")) | ~m.str.slice(4, 2).is_between(
                pl.lit("01"), pl.lit("12")
            )
            return {"value": unless(wrong | m.is_in(NO_MONTHS), m)}

        return [lambda f: {"s": free_text(f["x"])}, digits, value]

    def division(self, c: dict[str, Any], table: dict[str, Any]) -> list[Step]:
        known = self.spec["divisions"]

        def plain(x: Expr) -> Expr:
            return x.str.contains(r"^[0-9]{9}" + VILLAGE) & x.str.slice(0, 9).is_in(known["towns"])

        def code(f: Fields) -> Fields:
            s = f["odd"]
            padded = unless(~s.str.contains(DIVISION), s).str.pad_end(12, "0")
            name = unless(s.str.contains(r"^[0-9]+\z"), s).str.replace_all(BEFORE_DIVISION, "$1")
            return {"code": pl.coalesce(padded, name.replace_strict(known["names"], default=None, return_dtype=pl.String))}

        def today(f: Fields) -> Fields:
            moved = f["code"].str.slice(0, 6).replace_strict(known["successors"], default=None, return_dtype=pl.String)
            return {"today": moved + f["code"].str.slice(6, 6)}

        def value(f: Fields) -> Fields:
            now, then = f["code"], f["today"]
            county = now.str.slice(0, 6).is_in(known["counties"])
            slow = (
                pl.when(~now.str.contains(VILLAGE)).then(None)
                .when(now.str.slice(0, 9).is_in(known["towns"])).then(now)
                .when(county & now.str.ends_with("000000")).then(now)
                .when(then.str.slice(0, 9).is_in(known["towns"])).then(then)
                .when(then.is_not_null()).then(then.str.slice(0, 6) + "000000")
                .when(county).then(now.str.slice(0, 6) + "000000")
            )  # fmt: skip
            return {"value": pl.when(plain(f["x"])).then(f["x"]).otherwise(slow)}

        return [lambda f: {"odd": there(free_text(unless(plain(f["x"]), f["x"])))}, code, today, value]

    def number(self, c: dict[str, Any], table: dict[str, Any]) -> list[Step]:
        kind, whole, scale = _number_type(c["type"])

        def bare(f: Fields) -> Fields:
            odd = unless(f["s"].str.contains(PLAIN), f["s"])
            n = (
                pl.when(f["s"].str.contains(PLAIN))
                .then(f["s"])
                .otherwise(odd.str.replace(DECORATED, "$1").str.replace_all(",", "", literal=True))
            )
            return {"n": unless(~n.str.contains(PLAIN), n)}

        def exact(f: Fields) -> Fields:
            n = f["n"]
            fits = n.str.extract(r"^[+-]?0*([0-9]*)", 1).str.len_chars() <= whole
            fits &= n.str.extract(r"[.]([0-9]*)", 1).fill_null("").str.strip_chars_end("0").str.len_chars() <= scale
            text = unless(~fits, n).str.replace(r"[.]0*\z", "").str.replace(r"^[+]", "")
            return {"exact": text.cast(kind, strict=False)}

        def value(f: Fields) -> Fields:
            right = unless(~_between(f["exact"], c), f["exact"])
            if not c["units"]:
                return {"value": right}
            micro = (f["n"].cast(pl.Decimal(18, 6), strict=False) * 1_000_000).cast(pl.Int64)
            factor = round(next(iter(c["units"].values())) * 1_000_000)
            step = 10 ** (12 - scale)
            turned = (micro * factor + step // 2) // step
            cast = turned.cast(kind) if scale == 0 else (turned.cast(pl.Decimal(18, scale)) / 10**scale).cast(kind, strict=False)
            outside = ~_between(micro / 1_000_000, c) & right.is_null()
            return {"value": pl.coalesce(right, unless(~(outside & _between(cast, c)), cast))}

        return [lambda f: {"s": there(free_text(f["x"]))}, bare, exact, value]


def _between(value: Expr, c: dict[str, Any]) -> Expr:
    return value.cast(pl.Float64).is_between(c["min"], c["max"])


def _number_type(kind: str) -> tuple[Any, int, int]:
    """Polars' type, digits before and after the point."""
    if kind.startswith("decimal("):
        precision, scale = map(int, kind[8:-1].split(","))
        return pl.Decimal(precision, scale), precision - scale, scale
    return {"int": (pl.Int32, 10, 0), "bigint": (pl.Int64, 19, 0)}.get(kind, (pl.String, 0, 0))
