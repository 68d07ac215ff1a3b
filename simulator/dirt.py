"""The dirt of the departments' extracts: what goes wrong in a value, in a row, and where it went wrong.

Here: the kinds of dirt (codes of domain rules D01 to D40), how a table declares its own (`Cell`, `Older`,
`Forgotten`), and spreading them. Not here: which table has which (`departments`), rows that no lake can take in (`rejects`), late and
repeated deliveries (`declare`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from simulator.basics import clock_text
from simulator.world.people import name_lists

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

Spoil = Callable[[Any, np.random.Generator], str]
"""The value (None where something stands for nothing) -> what is delivered instead."""
Note = Callable[..., None]
"""`note(rows, column, code, clean=None)`: remember dirt in a column of some rows; `clean`: what stood there before (None: nothing)."""


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


def masked(value: str, rng: np.random.Generator) -> str:
    return f"{value[:3]}****{value[-4:]}" if len(value) == 11 else f"{value[:6]}{'*' * 8}{value[-4:]}"


def other_position(lon: str, lat: str, rng: np.random.Generator) -> tuple[str, str]:
    """The same position swapped, in millionths of a degree, or in degrees, minutes, seconds."""
    kind = int(rng.integers(0, 3))
    if kind == 0:
        return lat, lon
    return _millionths_or_dms(float(lon), kind), _millionths_or_dms(float(lat), kind)


def _millionths_or_dms(degrees: float, kind: int) -> str:
    if kind == 1:
        return str(round(degrees * 1_000_000))
    seconds = round(degrees * 3600, 2)
    return f"{int(seconds // 3600)}°{int(seconds % 3600 // 60)}′{seconds % 60:.2f}″"


def wrong_digit(value: str, rng: np.random.Generator) -> str:
    """One digit of the number of an organisation or a vehicle changed, behind the eighth character: the check character no longer fits."""
    places = [i for i in range(8, len(value)) if value[i].isdigit()] or [len(value) - 1]
    at = places[int(rng.integers(0, len(places)))]
    digit = int(value[at]) if value[at].isdigit() else 0
    return value[:at] + str((digit + int(rng.integers(1, 10))) % 10) + value[at + 1 :]


def organisation_variant(value: str, rng: np.random.Generator) -> str:
    """The same organisation as another office writes it: form of company, blanks, brackets."""
    forms = {"有限责任公司": "有限公司", "有限公司": "有限责任公司"}
    found = next((form for form in forms if value.endswith(form)), None)
    kind = int(rng.integers(0, 3))
    if kind == 0 and found:
        return value.removesuffix(found) + forms[found]
    return value[:2] + (" ", "\u3000", "·")[kind] + value[2:]


def one_of(choices: tuple[str, ...]) -> Spoil:
    return lambda value, rng: choices[int(rng.integers(0, len(choices)))]


@dataclass(frozen=True)
class Kind:
    """A kind of dirt, in one column or in two.

    Attributes:
        spoil: the value of each column, and a random stream -> what is delivered instead of each.
        befalls: the values of the first column that it may befall.
        spares: hidden columns that mark rows which it leaves whole.
        needs: columns of the table that must have their clean values.
        loses: hidden column that marks the rows whose number or name is lost with it.
        noted: place of the columns under which it is remembered.
    """

    spoil: Callable[..., tuple[Any, ...]]
    befalls: Callable[[pd.Series], pd.Series] = pd.Series.notna
    spares: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    loses: str | None = None
    noted: tuple[int, ...] = (0,)


PROTECTED, KNOWN_DEAD = "_protected", "_known_dead"
"""Hidden columns that a table may have: rows that stay whole; rows of the dead who are found by number and name."""
BAD_ID, BAD_NAME = "_bad_id", "_bad_name"
"""Hidden columns that every table gets: the number, the name is lost."""


def one(
    spoil: Spoil, befalls: Callable[[pd.Series], pd.Series] = pd.Series.notna, spares: tuple[str, ...] = (), loses: str | None = None
) -> Kind:
    """A kind of dirt in one column. Parameters as of Kind."""
    return Kind(lambda value, rng: (spoil(value, rng),), befalls, spares, loses=loses)


def lost_number(spoil: Spoil) -> Kind:
    """A kind of dirt with which the identity number is lost."""
    return one(spoil, spares=(PROTECTED,), loses=BAD_ID)


def labels(of_code: Mapping[str, tuple[str, ...]]) -> Kind:
    """Labels, or codes without their leading zero, instead of codes (D22)."""
    return one(lambda value, rng: one_of(of_code[value])(value, rng), befalls=lambda values: values.isin(of_code))


def unit(convert: Callable[[float], str], least: float = 0) -> Kind:
    """The value as another program measures it (D19). least: below, it could be the value in either unit."""
    return one(lambda value, rng: convert(float(value)), befalls=lambda values: values.notna() & (values.astype(float) >= least))


def _longer(values: pd.Series) -> pd.Series:
    return values.str.len() > 1


def _of_the_last_century(values: pd.Series) -> pd.Series:
    return values.str[6:8] == "19"


POSITION = Kind(other_position, noted=(0, 1))
"""D21 in longitude and latitude."""
SENTINEL_FOR_NOTHING = one(one_of(SENTINELS), befalls=pd.Series.isna)
"""D14 in a column that is empty where nothing is known."""
KINDS: dict[str, Kind] = {
    "D01": one(lambda value, rng: value[:-1] + "?", _longer),
    "D02": one(invisible),
    "D03": one(lambda value, rng: value[:6] + value[8:17], _of_the_last_century),
    "D04": one(lambda value, rng: value[:-1] + "x×хХ"[int(rng.integers(0, 4))], lambda values: values.str[-1:] == "X"),
    "D05": lost_number(typing_error),
    "D06": lost_number(excel_identity),
    "D06R": one(lambda value, rng: ("'" + value, value + ".0")[int(rng.integers(0, 2))]),
    "D07": lost_number(one_of(PLACEHOLDER_IDS)),
    "D08": one(one_of(tuple(name_lists()["placeholders"])), spares=(PROTECTED, KNOWN_DEAD), loses=BAD_NAME),
    "D09": one(one_of(PHONES)),
    # only where the number shows which value belongs where
    "D10": Kind(lambda value, other, rng: (other, value), spares=(PROTECTED,), needs=("id_no",), noted=(1, 0)),
    "D14": one(one_of(SENTINELS)),
    "D15": one(mixed_date),
    "D15X": one(excel_date),
    # before what it must follow
    "D16": Kind(lambda value, other, rng: (day_before(other[:10], rng) + value[10:], other)),
    "D16A": Kind(lambda value, other, rng: (day_after(other, rng), other), noted=(1,)),
    "D17": one(lambda value, rng: OTHER_SEX[value]),
    "D18": one(one_of(DIVISIONS)),
    "D20": one(lambda value, rng: f"{float(value):,.2f}" + ("元", " 元")[int(rng.integers(0, 2))]),
    "D24": one(lambda value, rng: value[:-1] + "\ufffd"),
    "D27": one(lambda value, rng: value[:5] + "9" + value[6:-5] + "99999", spares=(PROTECTED,)),
    "D30": one(name_variant, _longer),
    "D32": one(organisation_variant, _longer),
    "D35": one(lambda value, rng: "-" + value),
    "D37": one(other_clock),
    "D39": one(masked),
    "D40": one(lambda value, rng: value + ("<br>", "&nbsp;", "<br/>")[int(rng.integers(0, 3))]),
    "D40N": one(one_of(("\\N", "null", "NULL", "&nbsp;")), befalls=pd.Series.isna),
    "IMPOSSIBLE": one(one_of(IMPOSSIBLE)),
    "MISSING": lost_number(one_of(("", "无", "不详"))),
}
"""By code; labels (D22) and units (D19) differ by column."""
WRONG_NUMBER = lost_number(wrong_digit)
"""D05 in the number of an organisation."""
NUMBER_LEFT_OUT = lost_number(one_of(("", "无", "不详")))
"""MISSING, where the number was not asked for."""
LABELS: dict[str, Kind] = {
    "sex_code": labels({"1": ("男", "男性"), "2": ("女", "女性")}),
    "ethnic_code": labels(
        {"01": ("汉族", "汉", "1"), "03": ("回族", "3"), "11": ("满族",), "15": ("土家族",), "06": ("苗族", "6"), "05": ("维吾尔族", "5")}
    ),
    "marital_code": labels({"10": ("未婚",), "20": ("已婚",), "30": ("丧偶",), "40": ("离婚",)}),
    "education_code": labels({"20": ("本科", "大学本科"), "30": ("大专",), "60": ("高中",), "70": ("初中",), "80": ("小学",)}),
}
"""D22 of the columns that many tables have."""


@dataclass(frozen=True)
class Cell:
    """Dirt in the values of a column: its code, the share of rows, the other column where it takes two, a kind of the table's own."""

    code: str
    column: str
    rate: float
    other: str | None = None
    kind: Kind | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        return (self.column,) if self.other is None else (self.column, self.other)

    @property
    def how(self) -> Kind | None:
        """The kind of dirt; None: there is none of the code, or for the column."""
        return self.kind or (LABELS.get(self.column) if self.code == "D22" else KINDS.get(self.code))


@dataclass(frozen=True)
class Older:
    """Older versions of some rows are delivered as well (D12): `column` says when, `values` what they say instead."""

    column: str
    rate: float
    values: Mapping[str, str]


@dataclass(frozen=True)
class Forgotten:
    """Some rows that have ended, as the column `ended` says, keep the status `before` (D29)."""

    column: str
    ended: str
    rate: float
    before: str


def spoil(rows: pd.DataFrame, cells: tuple[Cell, ...], rng: np.random.Generator, note: Note) -> pd.DataFrame:
    """Dirt in values, at most once in each. Sets _bad_id and _bad_name where the identity number or the name is lost."""
    clean, rows = rows, rows.copy()
    touched = {column: np.zeros(len(rows), dtype=bool) for column in rows}
    rows[BAD_ID], rows[BAD_NAME] = False, False
    for cell in cells:
        kind = cell.how
        assert kind is not None, cell
        hit = (rng.random(len(rows)) < cell.rate) & ~touched[cell.column] & kind.befalls(rows[cell.column]).to_numpy(dtype=bool)
        for column in [c for c in (*cell.columns[1:], *kind.needs) if c in rows]:
            hit &= ~touched[column] & rows[column].notna().to_numpy()
        for column in [c for c in kind.spares if c in rows]:
            hit &= ~rows[column].to_numpy(dtype=bool)
        values = [rows[column].to_numpy(dtype=object, copy=True) for column in cell.columns]
        spoilt = [kind.spoil(*found, rng) for found in zip(*(v[hit] for v in values), strict=True)]
        for place, (column, now) in enumerate(zip(cell.columns, values, strict=True)):
            now[hit] = [new[place] for new in spoilt]
            rows[column] = now
            touched[column] |= hit
        if kind.loses:
            rows.loc[hit, kind.loses] = True
        for column in (cell.columns[at] for at in kind.noted):
            note(clean[hit], column, cell.code, clean.loc[hit, column].to_numpy())
    return rows


def forgotten(rows: pd.DataFrame, rule: Forgotten, rng: np.random.Generator, note: Note) -> pd.Series:
    """Which of the rows that have ended keep the status they had before."""
    hit = rows[rule.ended].notna() & (rng.random(len(rows)) < rule.rate)
    note(rows[hit], rule.column, "D29", rows.loc[hit, rule.column].to_numpy())
    return hit


def repeated(rows: pd.DataFrame, older: Older | None, copies: float, rng: np.random.Generator, note: Note) -> pd.DataFrame:
    """The additional rows: older versions under the same key (D12) and exact copies (D11), with the index of their original."""
    parts = [rows.iloc[:0]]
    if older:
        hit = rng.random(len(rows)) < older.rate
        parts.append(_older(rows[hit], older, rng))
        note(rows[hit], older.column, "D12", rows.loc[hit, older.column].to_numpy())
    if copies:
        hit = rng.random(len(rows)) < copies
        parts.append(rows[hit])
        note(rows[hit], "*", "D11")
    return pd.concat(parts)


def _older(rows: pd.DataFrame, rule: Older, rng: np.random.Generator) -> pd.DataFrame:
    day = rows[rule.column].str[:10].to_numpy().astype("datetime64[D]") - rng.integers(1, 60, len(rows))
    return rows.assign(**rule.values, **{rule.column: clock_text(day, rng.integers(30_000, 60_000, len(rows)))})


def keys(rows: pd.DataFrame, key: tuple[str, ...]) -> pd.Series:
    """The business key of every row as one text, its columns joined by '|'."""
    text = rows[key[0]].astype(object)
    for column in key[1:]:
        text = text + "|" + rows[column].astype(object)
    return text
