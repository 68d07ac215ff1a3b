"""The dirt of the departments' extracts: what goes wrong in a value, in a row, and a record of it.

Here: one small function per kind of dirt (codes of the dirt catalogue in the domain rules, B0) and the class that
spreads them at the rates of rates.yaml. Not here: dirt of whole files (drops.py) and late or repeated deliveries (city.py).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from simulator.basics import clock_text, rates, stream
from simulator.people import name_lists

FULL_WIDTH = str.maketrans("0123456789X", "０１２３４５６７８９Ｘ")
VARIANTS = str.maketrans("吕于", "呂於")
PLACEHOLDER_IDS = ("111111111111111111", "123456789012345678", "321002190001010000", "000000000000000000", "无")
SENTINELS = ("1900-01-01", "1899-12-30", "1970-01-01", "0001-01-01", "9999-12-31", "0000-00-00")
PHONES = (  # typed to get past a form, then numbers one office writes for many
    *("13800000000", "13000000000", "18800000000", "13800138000"),
    *(f"139000012{n}" for n in range(30, 38)),
)
OTHER_SEX = {"1": "2", "2": "1"}
IMPOSSIBLE = ("2018-02-30", "2017-13-05", "2018-04-31", "2019-02-29")
DIVISIONS = ("", "3210", "广陵区", "邗江区", "321012", "江都市")
LABELS: dict[str, dict[str, tuple[str, ...]]] = {
    "sex_code": {"1": ("男", "男性"), "2": ("女", "女性")},
    "ethnic_code": {
        "01": ("汉族", "汉", "1"),
        "03": ("回族", "3"),
        "11": ("满族",),
        "15": ("土家族",),
        "06": ("苗族", "6"),
        "05": ("维吾尔族", "5"),
    },
    "marital_code": {"10": ("未婚",), "20": ("已婚",), "30": ("丧偶",), "40": ("离婚",)},
    "education_code": {"20": ("本科", "大学本科"), "30": ("大专",), "60": ("高中",), "70": ("初中",), "80": ("小学",)},
    "cancel_reason": {"01": ("死亡", "1")},
    "way_code": {"1": ("门诊",), "2": ("家庭",), "3": ("电话",)},
    "class_code": {"1": ("控制满意",), "2": ("控制不满意",), "4": ("并发症",)},
    "card_type": {"A": ("普通",), "S": ("社保市民卡",), "C": ("老年卡",), "H": ("健康卡",)},
}
OLDER = {  # what an older version of a row says instead
    "health/archive": {"phone": "13800001234", "address": "江苏省扬州市广陵区文峰街道旧址3号"},
    "health/examination": {"sbp": "121", "dbp": "79"},
    "health/hypertension_followup": {"sbp": "133", "dbp": "84"},
    "health/death_certificate": {"home_addr": "地址待核"},
    "health/staff": {"title": "医师"},
    "citizen_card/card": {"status": "0"},
    "public_security/death_cancellation": {"police_station_code": "321003000000"},
}
SPOILS_IDENTITY = {"D05", "D07", "MISSING", "D06"}

Spoil = Callable[[Any, np.random.Generator], str]  # the value, None where a sentinel stands for nothing


def typing_error(value: str, rng: np.random.Generator) -> str:
    """Two neighbours among the digits 11 to 17 swapped, or one digit changed: the check character no longer fits."""
    at = int(rng.integers(10, 16))
    if rng.random() < 0.5 and value[at] != value[at + 1]:
        return value[:at] + value[at + 1] + value[at] + value[at + 2 :]
    return value[:at] + str((int(value[at]) + int(rng.integers(1, 10))) % 10) + value[at + 1 :]


def invisible(value: str, rng: np.random.Generator) -> str:
    """Full-width characters, zero-width and no-break spaces, blanks around."""
    kind = int(rng.integers(0, 4))
    if kind == 0:
        return value.translate(FULL_WIDTH) if any(c.isdigit() for c in value) else "\u3000" + value
    at = int(rng.integers(1, len(value)))
    return {1: value[:at] + "\u200b" + value[at:], 2: value + "\u00a0", 3: " " + value + " "}[kind]


def mixed_date(value: str, rng: np.random.Generator) -> str:
    """The same day as another program writes it; all forms are unambiguous."""
    y, m, d = (int(x) for x in value.split("-"))
    forms = [f"{y}{m:02}{d:02}", f"{y}-{m}-{d}", f"{y}/{m:02}/{d:02}", f"{y}.{m}.{d}", f"{y}年{m}月{d}日"]
    if y >= 1950:
        forms.append(f"{y % 100:02}-{m}-{d}")
    if y >= 2000:
        forms.append(str(int((np.datetime64(value) - np.datetime64("1970-01-01")).astype(int)) * 86_400_000 - 8 * 3_600_000))
    return forms[int(rng.integers(0, len(forms)))]


def excel_date(value: str, rng: np.random.Generator) -> str:
    if rng.random() < 0.4:
        return str(int((np.datetime64(value) - np.datetime64("1899-12-30")).astype(int)))
    y, m, d = value.split("-")
    return f"{y}/{int(m)}/{int(d)}"


def name_variant(value: str, rng: np.random.Generator) -> str:
    if "·" in value:
        return value.replace("·", "•．."[int(rng.integers(0, 3))])
    other = value.translate(VARIANTS)
    return other if other != value else value[0] + " \u3000"[int(rng.integers(0, 2))] + value[1:]


def excel_identity(value: str, rng: np.random.Generator) -> str:
    return (f"{value[0]}.{value[1:6]}E+17", value[:15] + "000")[int(rng.integers(0, 2))]


def day_before(value: str, rng: np.random.Generator) -> str:
    days = int(rng.integers(1, 4))
    return str(np.datetime64(value[:10]) - days) + value[10:]


def day_after(value: str, rng: np.random.Generator) -> str:
    return str(np.datetime64(value[:10]) + int(rng.integers(1, 4)))


def other_clock(value: str, rng: np.random.Generator) -> str:
    """The same moment in world time, or on a clock of twelve hours."""
    day, clock = value.split(" ")
    hour = int(clock[:2])
    if rng.random() < 0.5:
        return str(np.datetime64(f"{day}T{clock}") - np.timedelta64(8, "h")) + "Z"
    return f"{day} {'下午' if hour >= 12 else '上午'}{(hour - 1) % 12 + 1}{clock[2:]}"


UNITS: dict[str, Callable[[float], str]] = {  # column -> the value as another program measures it
    "height_cm": lambda v: f"{v / 100:.3f}",
    "sbp": lambda v: f"{v / 7.5:.1f}",
    "fpg": lambda v: f"{v * 18:.1f}",
}
LEAST = {"fpg": 3.5}  # below, milligrams could be millimoles


def masked(value: str, rng: np.random.Generator) -> str:
    return f"{value[:3]}****{value[-4:]}" if len(value) == 11 else f"{value[:6]}{'*' * 8}{value[-4:]}"


def one_of(choices: tuple[str, ...]) -> Spoil:
    return lambda value, rng: choices[int(rng.integers(0, len(choices)))]


SPOIL: dict[str, Spoil] = {
    "D01": lambda value, rng: value[:-1] + "?",
    "D02": invisible,
    "D03": lambda value, rng: value[:6] + value[8:17],
    "D04": lambda value, rng: value[:-1] + "x×хХ"[int(rng.integers(0, 4))],
    "D05": typing_error,
    "D06": excel_identity,
    "D06R": lambda value, rng: ("'" + value, value + ".0")[int(rng.integers(0, 2))],
    "D07": one_of(PLACEHOLDER_IDS),
    "D08": one_of(tuple(name_lists()["placeholders"])),
    "D09": one_of(PHONES),
    "D14": one_of(SENTINELS),
    "D15": mixed_date,
    "D15X": excel_date,
    "D17": lambda value, rng: OTHER_SEX[value],
    "D18": one_of(DIVISIONS),
    "D20": lambda value, rng: f"{float(value):,.2f}" + ("元", " 元")[int(rng.integers(0, 2))],
    "D24": lambda value, rng: value[:-1] + "\ufffd",
    "D27": lambda value, rng: value[:5] + "9" + value[6:-5] + "99999",
    "D30": name_variant,
    "D35": lambda value, rng: "-" + value,
    "D37": other_clock,
    "D39": masked,
    "D40": lambda value, rng: value + ("<br>", "&nbsp;", "<br/>")[int(rng.integers(0, 3))],
    "D40N": one_of(("\\N", "null", "NULL", "&nbsp;")),
    "IMPOSSIBLE": one_of(IMPOSSIBLE),
    "MISSING": one_of(("", "无", "不详")),
}
OF_TWO: dict[str, Callable[[Any, Any, np.random.Generator], tuple[Any, Any]]] = {
    "D10": lambda value, other, rng: (other, value),
    "D16": lambda value, other, rng: (day_before(other[:10], rng) + value[10:], other),  # before what it must follow
    "D16A": lambda value, other, rng: (day_after(other, rng), other),
}
"""Dirt of two columns of a row: the value and that of the rule's `other` column -> the new values of both."""
EMPTY_BEFORE = {"dead_date", "move_in_date"}  # a sentinel stands where nothing is known


def _may(code: str, column: str, values: pd.Series) -> np.ndarray:
    if code == "D14" and column in EMPTY_BEFORE:
        return values.isna().to_numpy()
    if code == "D40N":
        return values.isna().to_numpy()
    there = values.notna()
    if code == "D19":
        there &= values.astype(float) >= LEAST.get(column, 0)
    if code == "D03":
        there &= values.str[6:8] == "19"
    if code == "D04":
        there &= values.str[-1:] == "X"
    if code == "D22":
        there &= values.isin(LABELS[column])
    if code in ("D01", "D30"):
        there &= values.str.len() > 1
    return there.to_numpy(dtype=bool)


def _labelled(column: str, values: np.ndarray, rng: np.random.Generator) -> list[str]:
    """Labels, or codes without their leading zero, instead of codes."""
    return [one_of(LABELS[column][v])(v, rng) for v in values]


class Dirt:
    """Spreads dirt and remembers where. `log`: columns table, key, column, code, clean (what stood there before; None: nothing)."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._log: list[pd.DataFrame] = []

    def log(self) -> pd.DataFrame:
        return pd.concat(self._log, ignore_index=True)

    def note(self, table: str, keys: pd.Series, column: str, code: str, clean: Any = None) -> None:
        self._log.append(pd.DataFrame({"table": table, "key": keys.to_numpy(), "column": column, "code": code, "clean": clean}))

    def spoil(self, table: str, rows: pd.DataFrame, key: tuple[str, ...]) -> pd.DataFrame:
        """Dirt in values. Sets _bad_id and _bad_name where the identity number or the name is lost; leaves _protected rows whole."""
        rng, rows = stream(self._seed, f"dirt {table}"), rows.copy()
        protected = rows.get("_protected", pd.Series(False, index=rows.index)).to_numpy(dtype=bool)
        touched = {column: np.zeros(len(rows), dtype=bool) for column in rows}
        rows["_bad_id"], rows["_bad_name"] = False, False
        names = keys(rows, key)
        for rule in rates()["dirt"][table]:
            code, column = rule["code"], rule["column"]
            if code in ("D11", "D12", "D29"):
                continue
            hit = (rng.random(len(rows)) < rule["rate"]) & ~touched[column] & _may(code, column, rows[column])
            if code in SPOILS_IDENTITY or code in ("D08", "D10", "D27"):
                hit &= ~protected
            if code in OF_TWO:
                hit &= ~touched[rule["other"]] & rows[rule["other"]].notna().to_numpy()
            if code == "D10" and "id_no" in rows:  # only where the number shows which value belongs where
                hit &= ~touched["id_no"] & rows["id_no"].notna().to_numpy()
            if code == "D08" and "_known_dead" in rows:  # the dead are found by number and name: a lost name would hide them
                hit &= ~rows["_known_dead"].to_numpy(dtype=bool)
            at = np.flatnonzero(hit)
            values = rows[column].to_numpy(dtype=object, copy=True)
            clean = values[at].copy()
            if code in OF_TWO:
                other = rows[rule["other"]].to_numpy(dtype=object, copy=True)
                if code == "D10":
                    self.note(table, names[hit], rule["other"], code, other[at].copy())
                pairs = [OF_TWO[code](v, o, rng) for v, o in zip(values[at], other[at], strict=True)]
                values[at], other[at] = [v for v, _ in pairs], [o for _, o in pairs]
                rows[rule["other"]] = other
                touched[rule["other"]] |= hit
            elif code == "D19":
                values[at] = [UNITS[column](float(v)) for v in values[at]]
            else:
                values[at] = _labelled(column, values[at], rng) if code == "D22" else [SPOIL[code](v, rng) for v in values[at]]
            rows[column] = values
            touched[column] |= hit
            rows.loc[hit, "_bad_id"] |= code in SPOILS_IDENTITY
            rows.loc[hit, "_bad_name"] |= code == "D08"
            if code == "D07":
                rows["_placeholder_id"] = hit & (values != "无")
            self.note(table, names[hit], rule["other"] if code == "D16A" else column, code, clean)
        return rows

    def forgotten(self, table: str, rows: pd.DataFrame, key: tuple[str, ...]) -> pd.Series:
        """Which rows of those that have ended keep the status they had before (D29)."""
        rng = stream(self._seed, f"forgotten {table}")
        (rule,) = [r for r in rates()["dirt"][table] if r["code"] == "D29"]
        hit = rows[rule["other"]].notna() & (rng.random(len(rows)) < rule["rate"])
        self.note(table, keys(rows, key)[hit], rule["column"], "D29", rows.loc[hit, rule["column"]].to_numpy())
        return hit

    def repeat(self, table: str, rows: pd.DataFrame, key: tuple[str, ...]) -> pd.DataFrame:
        """The additional rows: older versions under the same key (D12) and exact copies (D11), with the index of their original."""
        rng, parts, names = stream(self._seed, f"repeat {table}"), [], keys(rows, key)
        for rule in rates()["dirt"][table]:
            if rule["code"] not in ("D11", "D12"):
                continue
            hit = rng.random(len(rows)) < rule["rate"]
            more = rows[hit].copy()
            if rule["code"] == "D12":
                more = self._older(more, rule["column"], OLDER[table], rng)
            parts.append(more)
            newest = rows.loc[hit, rule["column"]].to_numpy() if rule["code"] == "D12" else None
            self.note(table, names[hit], rule["column"], rule["code"], newest)
        return pd.concat(parts) if parts else rows.iloc[:0]

    @staticmethod
    def _older(rows: pd.DataFrame, column: str, values: dict[str, str], rng: np.random.Generator) -> pd.DataFrame:
        day = rows[column].str[:10].to_numpy().astype("datetime64[D]") - rng.integers(1, 60, len(rows))
        return rows.assign(**values, **{column: clock_text(day, rng.integers(30_000, 60_000, len(rows)))})


def keys(rows: pd.DataFrame, key: tuple[str, ...]) -> pd.Series:
    """The business key of every row as one text, its columns joined by '|'."""
    text = rows[key[0]].astype(object)
    for column in key[1:]:
        text = text + "|" + rows[column].astype(object)
    return text
