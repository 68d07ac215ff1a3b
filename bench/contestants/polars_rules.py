"""How one delivered value is read, in Polars: each rule is a few steps, all columns take a step together (`with_columns`).

A `when` computes both of its branches for every row, so the slow branch gets a column that is null wherever a value is clean already.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl
from polars import Expr

Fields = dict[str, Expr]
Step = Callable[[Fields], Fields]

WIDE = {chr(c): chr(c - 0xFEE0) for c in range(0xFF01, 0xFF5F)} | {"\u3000": " "}
GONE = dict.fromkeys([*map(chr, range(0x200B, 0x2010)), "\ufeff"], "")
NARROW = WIDE | {"\u00a0": " "} | GONE
BLANKS = " \t\r\n"
CONTROL = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x{9f}]"
ODD = r"[\x{ff01}-\x{ff5e}\x{3000}\x{a0}\x{200b}-\x{200f}\x{feff}&<\x{fffd}\x00-\x1f\x7f-\x{9f}]|^ | \z"
HTML = r"&[Nn][Bb][Ss][Pp];|<[Bb][Rr] */?>"
NOTHING = ["", "NULL", "\\N", "NONE", "NAN", "无", "不详", "未知", "暂无", "空", "-", "--", "—", "/", ".", "N/A"]
HAN = r"\x{3400}-\x{9fff}\x{f900}-\x{faff}\x{20000}-\x{3ffff}"
DAY, CLOCKED = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}\z", r"^[0-9]{4}[^\n]*[ T][0-9]{1,2}:"
WRITTEN = r"^([0-9]{4}|[0-9]{2})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?\z"
MILLIS = r"^-?[0-9]{13}\z"
USUAL = r"^[0-9]{4}-[0-9]{2}-[0-9]{2} (?:[01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2}\z"
STAMP = (
    r"^(?P<day>[^\n]*?[0-9日])(?:[T ] *(?P<hour>[0-9]{1,2}):?(?P<minute>[0-9]{2})"
    r"(?::?(?P<second>[0-9]{2})(?P<fraction>[.][0-9]{1,6})?[0-9]*)?"
    r" *(?P<zone>Z|[+-][0-9]{2}:?[0-9]{2})?)?\z"
)
PLAIN = r"^[+-]?(?:[0-9]+(?:[.][0-9]*)?|[.][0-9]+)\z"
DECORATED = r"^[¥￥]?([+-]?[0-9]{1,3}(?:,[0-9]{3})+(?:[.][0-9]+)?|[+-]?[0-9.]+) *元?\z"
MOBILE = r"^1(?:3[0-9]|4[5-9]|5[0-35-9]|6[2567]|7[0-35-8]|8[0-9]|9[0-35-9])[0-9]{8}\z"
PHONE_PLACEHOLDER = "|".join(
    [*(rf"{d}{{7}}\z" for d in range(10)), *("01234567", "12345678", "23456789", "98765432", "87654321", "76543210")]
)
REPEATED = "|".join(f"{d}{{10}}" for d in range(10)) + "|^(?:" + "|".join(f"{d}{{2,}}" for d in range(10)) + r")\z"
SCIENTIFIC = r"^[0-9]\.[0-9]+[Ee]\+?1[3-9]\z"
NAME_PLACEHOLDER = "测试|[Tt][Ee][Ss][Tt]|无名|未知|某|之[子女]|[0-9*xX]{2,}"
NAME_LOST = r"[*?□\x{fffd}\x{e000}-\x{f8ff}]"
VILLAGE = r"(?:000|00[1-9]|0[1-9][0-9]|[1-5][0-9]{2})\z"
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
PROVINCES = (
    "11", "12", "13", "14", "15", "21", "22", "23", "31", "32", "33", "34", "35", "36", "37", "41", "42", "43",
    "44", "45", "46", "50", "51", "52", "53", "54", "61", "62", "63", "64", "65", "71",
)  # fmt: skip


def unless(condition: Expr, value: Expr) -> Expr:
    """The value where the condition does not hold, else null."""
    return pl.when(condition.fill_null(True)).then(None).otherwise(value)


def sound(x: Expr) -> Expr:
    """Null where control characters are inside."""
    return unless(x.str.contains(CONTROL), x)


def free_text(x: Expr) -> Expr:
    odd = x.str.contains(ODD)
    clean = sound(unless(~odd, x)).str.replace_many(NARROW).str.replace_all(HTML, " ").str.strip_chars(BLANKS)
    return pl.when(odd).then(clean).otherwise(x)


def there(s: Expr) -> Expr:
    return unless(s.str.to_uppercase().is_in(NOTHING), s)


def identity_form(x: Expr) -> Expr:
    clean = x.str.contains(r"^(?:[0-9]{15}|[0-9]{17}[0-9X])\z")
    known = WIDE | dict.fromkeys("×хХΧⅩⅹ", "X") | GONE | dict.fromkeys(" \t\r\n-'\"\u00a0", "")
    slow = sound(unless(clean, x)).str.replace_many(known).str.to_uppercase().str.replace_all(r"\.0[ '\"-]*\z|[ '\"-]+", "")
    return pl.when(clean).then(x).otherwise(slow)


def name_form(x: Expr) -> Expr:
    clean = x.str.contains(r"^[\x{4e00}-\x{9fff}]+\z")
    spaced = free_text(unless(clean, x).str.replace_many(dict.fromkeys("•．・‧∙●⋅", "·"))).str.replace_all(r"[ \t\r\n]+", " ")
    han = pl.when(x.str.contains(f"[{HAN}]")).then(spaced.str.replace_many({".": "·", " ": ""})).otherwise(spaced)
    return pl.when(clean).then(x).otherwise(han)


def birth_of_number(number: Expr) -> Expr:
    return number.str.slice(6, 8).str.to_date("%Y%m%d", strict=False)


def check_digit(body: Expr) -> Expr:
    """The 18th character for 17 digits."""
    number = body.cast(pl.Int64, strict=False)
    total = sum((number // 10 ** (16 - i) % 10 * w for i, w in enumerate(WEIGHTS)), pl.lit(0))
    return (total % 11).replace_strict(dict(enumerate("10X98765432")), default=None, return_dtype=pl.String)


def same_name(own: Expr, anchor: Expr, former: Expr) -> Expr:
    """How two names agree: EXACT, FORMER, ONE_EDIT, NO_NAME; null when they contradict each other."""
    return (
        pl.when(own.is_null() | anchor.is_null()).then(pl.lit("NO_NAME"))
        .when(own == anchor).then(pl.lit("EXACT"))
        .when(own == former).then(pl.lit("FORMER"))
        .when(_one_edit(unless((own == anchor) | (own == former).fill_null(False), own), anchor)).then(pl.lit("ONE_EDIT"))
    )  # fmt: skip


def _one_edit(own: Expr, anchor: Expr) -> Expr:
    """Polars knows no distance of strings: the few pairs that are left go through Python."""
    doubtful = pl.concat_str(own, anchor).str.contains(NAME_LOST)
    lengths = own.str.len_chars().is_between(2, 100) & anchor.str.len_chars().is_between(2, 100)
    pair = pl.struct(unless(~lengths | doubtful, own).alias("a"), anchor.alias("b"))
    return pair.map_batches(_edits, return_dtype=pl.Boolean)


def _edits(pairs: pl.Series) -> pl.Series:
    frame = pairs.struct.unnest().with_row_index("i")
    asked = frame.drop_nulls()
    near = [i for i, a, b in asked.iter_rows() if _off_by_one(a, b)]
    return frame["i"].is_in(near)


def _off_by_one(a: str, b: str) -> bool:
    if abs(len(a) - len(b)) > 1:
        return False
    short, long = sorted((a, b), key=len)
    at = next((i for i, (x, y) in enumerate(zip(short, long, strict=False)) if x != y), len(short))
    return short[at + (len(a) == len(b)) :] == long[at + 1 :]


def _iso(day: Expr, excel: bool) -> Expr:
    parts = unless(~day.str.contains(WRITTEN), day).str.extract_groups(WRITTEN)
    year, month, date = (parts.struct.field(str(i)) for i in (1, 2, 3))
    year = pl.when(year.str.len_chars() == 4).then(year).when(year < "30").then("20" + year).otherwise("19" + year)
    written = pl.concat_str([year, month.str.zfill(2), date.str.zfill(2)], separator="-")
    iso = (
        pl.when(day.str.contains(DAY)).then(day)
        .when(day.str.contains(r"^[0-9]{8}\z")).then(day.str.replace(r"^(....)(..)(..)\z", "$1-$2-$3"))
        .when(written.is_not_null()).then(written)
        .when(day.str.contains(MILLIS)).then(_moment(day).dt.strftime("%Y-%m-%d"))
    )  # fmt: skip
    if excel:
        serial = unless(~day.str.contains(r"^[0-9]{5}(?:[.]0+)?\z"), day).str.slice(0, 5).cast(pl.Int64, strict=False)
        counted = (pl.lit("1899-12-30").str.to_date() + pl.duration(days=serial)).dt.strftime("%Y-%m-%d")
        iso = iso.when(serial.is_between(20_000, 60_000)).then(counted)
    return iso


def _moment(text: Expr) -> Expr:
    """Epoch milliseconds on the clock of the city."""
    millis = unless(~text.str.contains(MILLIS), text).cast(pl.Int64, strict=False)
    return ((millis + 28_800_000) * 1000).cast(pl.Datetime("us"))


class Rules:
    """The rules with what the specification says of them: rule -> steps; the last names `value`."""

    def __init__(self, spec: dict[str, Any]) -> None:
        self.spec = spec

    def steps(self, c: dict[str, Any], table: dict[str, Any]) -> list[Step]:
        rule = {"address": "text", "integer": "number", "decimal": "number"}.get(c["rule"], c["rule"])
        found: list[Step] = getattr(self, rule)(c, table)
        return found

    def text(self, c: dict[str, Any], table: dict[str, Any]) -> list[Step]:
        def value(f: Fields) -> Fields:
            cut = f["s"].str.ends_with("\ufffd")
            return {"value": there(pl.when(cut).then(f["s"].str.strip_chars_end("\ufffd" + BLANKS)).otherwise(f["s"]))}

        return [lambda f: {"s": free_text(f["x"])}, value]

    @staticmethod
    def _identifier(f: Fields) -> Fields:
        x = f["x"]
        clean = x.str.contains(r"^[0-9A-Z-]+\z")
        slow = sound(unless(clean, x)).str.replace_many(NARROW).str.replace_all(r"^[ \t\r\n]*['\"]|['\"][ \t\r\n]*\z|[ \t\r\n]", "")
        return {"s": pl.when(clean).then(x).otherwise(slow.str.to_uppercase())}

    def identifier(self, c: dict[str, Any], table: dict[str, Any]) -> list[Step]:
        return [self._identifier, lambda f: {"value": unless(f["s"].str.contains(SCIENTIFIC), there(f["s"]))}]

    def archive_no(self, c: dict[str, Any], table: dict[str, Any]) -> list[Step]:
        return [self._identifier, lambda f: {"value": unless(~f["s"].str.contains(r"^(?:[0-9]{17}|[0-9]{20})\z"), f["s"])}]

    def person_name(self, c: dict[str, Any], table: dict[str, Any]) -> list[Step]:
        return [lambda f: {"s": name_form(f["x"])}, lambda f: {"value": there(f["s"])}]

    def phone(self, c: dict[str, Any], table: dict[str, Any]) -> list[Step]:
        def form(f: Fields) -> Fields:
            x = f["x"]
            clean = x.str.contains(r"^1[0-9]{10}\z")
            slow = sound(unless(clean, x)).str.replace_many(NARROW).str.replace_all(r"[ \t\r\n()'\"—-]|\.0\z", "")
            slow = slow.str.replace(r"^(?:[+]86|0086|86)([0-9]{10,12})\z", "$1").str.replace(r"^0(1[0-9]{10})\z", "$1")
            return {"s": there(pl.when(clean).then(x).otherwise(slow))}

        def value(f: Fields) -> Fields:
            s = f["s"]
            typed = s.is_in(self.spec["placeholders"]["phone"]) | s.str.contains(PHONE_PLACEHOLDER)
            landline = [unless(~s.str.contains(rf"^(?:0?514)?[2-8][0-9]{{{n - 1}}}\z"), "0514" + s.str.slice(-n)) for n in (8, 7)]
            return {"value": unless(typed, pl.coalesce(unless(~s.str.contains(MOBILE), s), *landline))}

        return [form, value]

    def identity(self, c: dict[str, Any], table: dict[str, Any]) -> list[Step]:
        def body(f: Fields) -> Fields:
            s = f["s"]
            old = pl.concat_str([s.str.slice(0, 6), pl.lit("19"), s.str.slice(6, 9)])
            shaped = s.str.contains(r"^(?:[0-9]{17}[0-9X]|[0-9]{15})\z")
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
            province = s.str.slice(0, 2).is_in([*PROVINCES, "81", "82", "83"]) | foreigner
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
            without = pl.when(s.str.contains(CLOCKED)).then(s.str.extract(r"^(.*?[0-9日])[T ] *[0-9]{1,2}:", 1))
            return {"day": without.when(s.str.contains(r"^(?:[0-9]{12}|[0-9]{14})\z")).then(s.str.slice(0, 8)).otherwise(s)}

        def value(f: Fields) -> Fields:
            iso = pl.when(f["x"].str.contains(DAY)).then(f["x"]).otherwise(_iso(f["day"], table["format"] == "xlsx"))
            return {"value": self._in_range(iso).str.to_date("%Y-%m-%d", strict=False)}

        return [lambda f: {"odd": free_text(unless(f["x"].str.contains(DAY), f["x"]))}, day, value]

    def timestamp(self, c: dict[str, Any], table: dict[str, Any]) -> list[Step]:
        def parts(f: Fields) -> Fields:
            split = f["odd"].str.replace(r"^([0-9]{8})([0-9]{4}(?:[0-9]{2})?)\z", "$1 $2")
            half = f["odd"].str.extract("(上午|下午|[AaPp][Mm])", 1).str.to_uppercase().fill_null("")
            return {"half": half, "parts": split.str.replace(" {0,3}(上午|下午|[AaPp][Mm]) {0,3}", " ").str.extract_groups(STAMP)}

        def moment(f: Fields) -> Fields:
            day, hour, minute, second, fraction, zone = (
                f["parts"].struct.field(n) for n in ("day", "hour", "minute", "second", "fraction", "zone")
            )
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
            text = pl.concat_str([self._in_range(_iso(day, False)), pl.lit(" "), clock, fraction.fill_null("")])
            found = text.str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="us", strict=False)
            ahead = zone.str.slice(1, 2).cast(pl.Int64, strict=False) * 3600 + zone.str.slice(-2).cast(pl.Int64, strict=False) * 60
            ahead = pl.when(zone == "Z").then(0).when(zone.str.starts_with("-")).then(-ahead).otherwise(ahead)
            shift = pl.when(zone.is_null()).then(0).otherwise(28_800 - ahead)
            return {"moment": found + pl.duration(seconds=shift, days=(h == "24").cast(pl.Int64))}

        def value(f: Fields) -> Fields:
            x = f["x"]
            usual = unless(~x.str.contains(USUAL) | self._in_range(x.str.slice(0, 10)).is_null(), x)
            usual = usual.str.to_datetime("%Y-%m-%d %H:%M:%S", time_unit="us", strict=False)
            slow = pl.when(f["odd"].str.contains(MILLIS)).then(_moment(f["odd"])).otherwise(f["moment"])
            return {"value": pl.when(x.str.contains(USUAL)).then(usual).otherwise(slow)}

        return [lambda f: {"odd": free_text(unless(f["x"].str.contains(USUAL), f["x"]))}, parts, moment, value]

    def month(self, c: dict[str, Any], table: dict[str, Any]) -> list[Step]:
        def digits(f: Fields) -> Fields:
            parts = f["s"].str.extract_groups(r"^([0-9]{4})[-/.年]?([0-9]{1,2})月?\z")
            return {"digits": parts.struct.field("1") + parts.struct.field("2").str.zfill(2)}

        def value(f: Fields) -> Fields:
            m = f["digits"]
            wrong = ~m.str.slice(0, 4).is_between(pl.lit("1800"), pl.lit("2199")) | ~m.str.slice(4, 2).is_between(
                pl.lit("01"), pl.lit("12")
            )
            return {"value": unless(wrong | m.is_in(["000000", "190001", "197001", "999912"]), m)}

        return [lambda f: {"s": free_text(f["x"])}, digits, value]

    def division(self, c: dict[str, Any], table: dict[str, Any]) -> list[Step]:
        known = self.spec["divisions"]

        def plain(x: Expr) -> Expr:
            return x.str.contains(r"^[0-9]{9}" + VILLAGE) & x.str.slice(0, 9).is_in(known["towns"])

        def code(f: Fields) -> Fields:
            s = f["odd"]
            padded = unless(~s.str.contains(r"^(?:[0-9]{4}|[0-9]{6}|[0-9]{9}|[0-9]{12})\z"), s).str.pad_end(12, "0")
            name = unless(s.str.contains(r"^[0-9]+\z"), s).str.replace_all(r"^(?:江苏省|江苏)?(?:扬州市([^\n]))?| ", "$1")
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
