"""How a delivered column is read, in pandas: a function for each rule, from texts to values and what else is known of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from bench.contestants.by_rule import ByRule
from bench.contestants.pandas_values import (
    FLOAT,
    INT,
    MOMENT,
    OF_TEXT,
    TEXT,
    Fields,
    birth_of_number,
    changed,
    check_digit,
    cleaned,
    constant,
    dates,
    free_text,
    group,
    has,
    holds,
    identity_form,
    iso_of,
    looked_up,
    moment_of,
    name_form,
    name_key,
    picked,
    replaced,
    stamps,
    there,
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
    NAME_LOST,
    NAME_PLACEHOLDER,
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

ANY = "(?s:.*)"


class Rules(ByRule):
    """The rules, from a column `x` to columns; `value` is what was meant."""

    def text(self, x: pd.Series, c: dict[str, Any], table: dict[str, Any]) -> Fields:
        s = free_text(x)
        return {"value": there(changed(s, has(s, "\ufffd\\z"), lambda cut: cut.str.rstrip("\ufffd" + BLANKS)))}

    @staticmethod
    def _identifier(x: pd.Series) -> pd.Series:
        return cleaned(x, IDENTIFIER, lambda odd: replaced(odd.str.translate(OF_TEXT), AROUND_IDENTIFIER, "").str.upper())

    def identifier(self, x: pd.Series, c: dict[str, Any], table: dict[str, Any]) -> Fields:
        s = self._identifier(x)
        return {"value": there(s).mask(has(s, SCIENTIFIC))}

    def archive_no(self, x: pd.Series, c: dict[str, Any], table: dict[str, Any]) -> Fields:
        s = self._identifier(x)
        return {"value": s.where(has(s, ARCHIVE_NO))}

    def person_name(self, x: pd.Series, c: dict[str, Any], table: dict[str, Any]) -> Fields:
        s = there(name_form(x))
        typed = has(s, NAME_PLACEHOLDER) | s.isin(self.spec["placeholders"]["person_name"])
        return {"value": s, "key": name_key(s, self.spec["variants"]), "lost": has(s, NAME_LOST), "placeholder": typed}

    def phone(self, x: pd.Series, c: dict[str, Any], table: dict[str, Any]) -> Fields:
        def digits(odd: pd.Series) -> pd.Series:
            bare = replaced(odd.str.translate(OF_TEXT), IN_PHONE, "")
            return replaced(replaced(bare, PREFIXED_PHONE, r"\1"), ZERO_MOBILE, r"\1")

        s = there(cleaned(x, PHONE, digits))
        typed = s.isin(self.spec["placeholders"]["phone"]) | has(s, PHONE_PLACEHOLDER)
        landline = [(has(s, shape), "0514" + s.str.slice(-n)) for n, shape in LANDLINE.items()]
        return {"value": picked(constant(None, x), (typed, None), (has(s, MOBILE), s), *landline)}

    def identity(self, x: pd.Series, c: dict[str, Any], table: dict[str, Any]) -> Fields:
        s = identity_form(x)
        old, shaped = holds(s.str.len() == 15), has(s, IDENTITY)
        body = changed(s.where(shaped), old & shaped, lambda short: short.str.slice(0, 6) + "19" + short.str.slice(6)).str.slice(0, 17)
        birth, check = birth_of_number(body), check_digit(body)
        foreigner = s.str.startswith("9") & s.str.slice(1, 3).isin(PROVINCES) & ~old
        wrong = ~old & (check != s.str.slice(17, 18))
        error = picked(
            constant(None, x),
            (x.notna() & s.isna(), "E_CONTROL"),
            (s.isna() | s.isin(NOTHING), "E_NULL"),
            (has(s, SCIENTIFIC), "E_SCI"),
            (has(s, REPEATED) | s.isin(self.spec["placeholders"]["identity"]), "E_PLACEHOLDER"),
            (~s.str.len().isin([15, 18]), "E_LEN"),
            (~shaped, "E_CHARS"),
            (~(s.str.slice(0, 2).isin(HOME_PROVINCES) | foreigner), "E_DIVISION"),
            (birth.isna() | (body.str.slice(6, 10) == "0000"), "E_DATE"),
            (old & s.str.slice(12, 15).between("996", "999"), "W_CENTURY"),
            (wrong & s.str.endswith("000"), "E_EXCEL"),
            (wrong, "E_CHECK"),
        )
        return {"value": s.mask(old, body + check).mask(error.notna()), "error": error, "birth": birth, "old": old}

    def code(self, x: pd.Series, c: dict[str, Any], table: dict[str, Any]) -> Fields:
        labels = self.spec["codes"][c["list"]]
        return {"value": changed(x, ~x.isin(labels.values()), lambda odd: looked_up(free_text(odd).str.upper(), labels))}

    def _in_range(self, iso: pd.Series) -> pd.Series:
        return iso.where(holds(iso.str.slice(0, 4).between("1800", "2199")) & ~iso.isin(self.spec["placeholders"]["date"]))

    def date(self, x: pd.Series, c: dict[str, Any], table: dict[str, Any]) -> Fields:
        def iso(odd: pd.Series) -> pd.Series:
            s = free_text(odd)
            day = picked(s, (has(s, CLOCKED), group(s, BEFORE_CLOCK + ANY)), (has(s, DAY_AND_CLOCK), s.str.slice(0, 8)))
            return iso_of(day, table["format"] == "xlsx")

        days = self._in_range(changed(x, ~has(x, DAY), iso))
        return {"value": dates(days.str.replace("-", "", regex=False))}

    def timestamp(self, x: pd.Series, c: dict[str, Any], table: dict[str, Any]) -> Fields:
        usual = has(x, USUAL)
        moments = stamps(x.where(usual & self._in_range(x.str.slice(0, 10)).notna()))
        return {"value": moments.mask(~usual, self._moments(x[~usual])) if not usual.all() else moments}

    def _moments(self, x: pd.Series) -> pd.Series:
        s = free_text(x)
        half = group(s, f"^(?s:.*?){HALF}{ANY}").str.upper()
        text = replaced(replaced(s, RUN_TOGETHER, r"\1 \2"), f" {{0,3}}{HALF} {{0,3}}", " ")
        day, hour, minute, second, fraction, zone = (group(text, STAMP, i) for i, _ in enumerate(STAMP_PARTS, 1))
        h, minute, second = (part.mask(part == "", "00").str.pad(2, fillchar="0") for part in (hour, minute, second))
        afternoon, morning = half.isin(["下午", "PM"]), half.isin(["上午", "AM"])
        turned = picked(
            h,
            (h == "24", "00"),
            (afternoon & h.between("01", "11"), (h.astype(INT) + 12).astype(TEXT)),
            (morning & (h == "12"), "00"),
            (morning & (h > "12"), None),
        )
        found = stamps(self._in_range(iso_of(day, False)) + " " + turned + ":" + minute + ":" + second + fraction)
        named = zone.where(zone.str.len() > 1)
        ahead = named.str.slice(1, 3).astype(INT) * 3600 + named.str.slice(-2).astype(INT) * 60
        ahead = picked(constant(28_800, x, INT), (zone == "Z", 0), (zone.str.startswith("-"), -ahead), (named.notna(), ahead))
        late = 28_800 - ahead + constant(0, x, INT).mask(holds(h == "24"), 86_400)
        return picked((found.astype(INT) + late * 1_000_000).astype(MOMENT), (has(s, MILLIS) & ~has(s, DAY_AND_CLOCK), moment_of(s)))

    def month(self, x: pd.Series, c: dict[str, Any], table: dict[str, Any]) -> Fields:
        s = free_text(x)
        month = group(s, MONTH, 2).str.pad(2, fillchar="0")
        m = group(s, MONTH) + month
        right = m.str.slice(0, 4).between("1800", "2199") & month.between("01", "12") & ~m.isin(NO_MONTHS)
        return {"value": m.where(holds(right))}

    def division(self, x: pd.Series, c: dict[str, Any], table: dict[str, Any]) -> Fields:
        known = self.spec["divisions"]

        def of(odd: pd.Series) -> pd.Series:
            s = there(free_text(odd))
            name = replaced(s.mask(has(s, r"^[0-9]+\z")), BEFORE_DIVISION, r"\1")
            now = s.where(has(s, DIVISION)).str.pad(12, side="right", fillchar="0").fillna(looked_up(name, known["names"]))
            moved = looked_up(now.str.slice(0, 6), known["successors"])
            then, county = moved + now.str.slice(6), now.str.slice(0, 6).isin(known["counties"])
            return picked(
                constant(None, odd),
                (~has(now, VILLAGE), None),
                (now.str.slice(0, 9).isin(known["towns"]), now),
                (county & now.str.endswith("000000"), now),
                (then.str.slice(0, 9).isin(known["towns"]), then),
                (moved.notna(), moved + "000000"),
                (county, now.str.slice(0, 6) + "000000"),
            )

        return {"value": changed(x, ~(has(x, "^[0-9]{9}" + VILLAGE) & x.str.slice(0, 9).isin(known["towns"])), of)}

    def number(self, x: pd.Series, c: dict[str, Any], table: dict[str, Any]) -> Fields:
        kind, whole, scale = _number_type(c["type"])
        s = there(free_text(x))
        n = changed(s, ~has(s, PLAIN), lambda odd: replaced(odd, DECORATED, r"\1").str.replace(",", "", regex=False))
        n = n.where(has(n, PLAIN))
        before, after = replaced(n, rf"^[+-]?0*([0-9]*){ANY}", r"\1"), replaced(n, "^[^.]*[.]?", "").str.rstrip("0")
        exact = replaced(n.where(holds((before.str.len() <= whole) & (after.str.len() <= scale))), r"[.]0*\z|^[+]", "")
        exact = exact.where(has(exact, "[0-9]")).astype(kind if scale else INT)
        value = exact.where(_between(exact, c)).astype(kind)
        for factor in c["units"].values():
            micro = np.rint(n.astype(FLOAT) * 1_000_000)
            turned = (micro * round(factor * 1_000_000) + 10 ** (12 - scale) // 2) // 10 ** (12 - scale) / 10**scale
            other = holds(micro.notna()) & ~_between(micro / 1_000_000, c) & _between(turned, c)
            value = value.fillna(turned.where(other).astype(kind))
        return {"value": value}


def _between(value: pd.Series, c: dict[str, Any]) -> pd.Series:
    return holds(value.astype(FLOAT).between(c["min"], c["max"]))


def _number_type(kind: str) -> tuple[pd.ArrowDtype, int, int]:
    """Arrow's type, digits before and after the point."""
    if kind.startswith("decimal("):
        precision, scale = map(int, kind[8:-1].split(","))
        return pd.ArrowDtype(pa.decimal128(precision, scale)), precision - scale, scale
    return pd.ArrowDtype({"int": pa.int32(), "bigint": pa.int64()}[kind]), {"int": 10, "bigint": 18}[kind], 0
