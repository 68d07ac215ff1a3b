"""Who owns land and houses: rights with their certificates, mortgages, seizures."""

from __future__ import annotations

import numpy as np
import pandas as pd

from simulator.basics import (
    AS_OF,
    FIRST_NIGHT,
    as_days,
    between,
    clock_text,
    day_text,
    decimals,
    night_of,
    numbers,
    office_seconds,
    only,
    pick,
)
from simulator.departments.natural_resources import NATURAL_RESOURCES
from simulator.dirt import BAD_ID, Cell, Kind, labels, one
from simulator.registers import Registers
from simulator.rejects import Number, Rejected

RIGHT, MORTGAGE = "natural_resources/real_right", "natural_resources/mortgage"
OWNERS, TOGETHER, IN_ONE_CELL, WITHOUT_NUMBER, OF_FIRMS = 0.6, 0.5, 0.7, 0.25, 0.3
"""Shares: of heads of households, those who own their home; of these, those with a second owner; of these, those in one cell; of old
certificates, those without an identity number; of companies, those that own premises."""
UNIFIED = np.datetime64("2015-03-01")
"""Since when there is one certificate for land and house."""
SEPARATORS = (",", "，", "、", ";")
COURTS = ("广陵区人民法院", "邗江区人民法院", "扬州市中级人民法院")
TYPED_X: Kind = one(lambda value, rng: value[:-1] + "x", befalls=lambda values: values.str.fullmatch("[0-9]{17}X", na=False))
"""D04 in a number that stands alone."""


def _numbered(rows: pd.DataFrame, county: np.ndarray, registered: np.ndarray) -> pd.DataFrame:
    """The rows with the numbers of certificate and unit."""
    place = np.arange(len(rows))
    old, year = registered < UNIFIED, np.char.add("", registered.astype("datetime64[Y]").astype(str)).astype(object)
    serial = numbers(place + 1, 7)
    certificate = np.where(old, "扬房权证字第" + serial + "号", "苏(" + year + ")扬州市不动产权第" + serial + "号")
    unit = county + "001001GB" + numbers(place // 40 + 1, 5) + "F" + numbers(place + 1, 8)
    return rows.assign(certificate_no=certificate.astype(object), unit_no=unit.astype(object), _registered=registered, _old=old)


def _rights(registers: Registers) -> pd.DataFrame:
    """One row per right: of a home with one owner or two, or of a company's premises; two owners in one cell or in rows of their own."""
    world = registers.world
    rng, people, firms = world.stream("real rights"), world.people, world.enterprises
    heads = people[people["head"] & (people["registered"] == 0) & (people["age"] > 25)]
    heads = heads[rng.random(len(heads)) < OWNERS]
    married = people[people["relation"] == "1"].reset_index().drop_duplicates("hukou_no").set_index("hukou_no")["index"]
    other = heads["hukou_no"].map(married).fillna(-1).astype(int).to_numpy()
    second = np.where(rng.random(len(heads)) < TOGETHER, other, -1)
    company = firms[(firms["kind"] == "company") & firms["uscc"].notna()]
    company = company[rng.random(len(company)) < OF_FIRMS]
    homes = pd.DataFrame({"_person": heads.index, "_second": second, "_entity": -1})
    premises = pd.DataFrame({"_person": -1, "_second": -1, "_entity": company.index})
    county = np.concatenate([heads["county6"].to_numpy(dtype=object), company["county6"].to_numpy(dtype=object)])
    low = np.concatenate(
        [np.full(len(heads), np.datetime64("2005-01-01")), np.maximum(as_days(company["born"].to_numpy()), np.datetime64("2005-01-01"))]
    )
    last = np.full(len(low), AS_OF)
    registered = between(rng, np.minimum(low + 30, last), last)
    rows = _numbered(pd.concat([homes, premises], ignore_index=True), county, registered)
    rows["_cell"] = (rows["_second"] >= 0) & (rng.random(len(rows)) < IN_ONE_CELL)
    rows["_numberless"] = rows["_old"] & (rows["_person"] >= 0) & (rng.random(len(rows)) < WITHOUT_NUMBER)
    return rows.assign(
        _address=np.concatenate([heads["address"].to_numpy(dtype=object), "江苏省扬州市文昌路" + numbers(company.index) + "号"])
    )


def _holder(registers: Registers, rows: pd.DataFrame, column: str) -> tuple[np.ndarray, np.ndarray]:
    """Name and number of the persons in a column, or of the entities."""
    people, firms = registers.world.people, registers.world.enterprises
    person, entity = np.maximum(rows[column].to_numpy(), 0), np.maximum(rows["_entity"].to_numpy(), 0)
    of_firm = (rows["_entity"] >= 0).to_numpy()
    name = np.where(of_firm, firms["name"].to_numpy(dtype=object)[entity], people["name"].to_numpy(dtype=object)[person])
    number = np.where(of_firm, firms["uscc"].to_numpy(dtype=object)[entity], people["id_no"].to_numpy(dtype=object)[person])
    return name.astype(object), only(~rows["_numberless"].to_numpy(dtype=bool), number.astype(object))


@NATURAL_RESOURCES.table(
    "real_right",
    dirt=(
        Cell("D04", "holder_id_no", 0.3, kind=TYPED_X),
        Cell("D22", "right_state", 0.1, kind=labels({"1": ("现势",), "0": ("历史",)})),
        Cell("D22", "right_type", 0.2, kind=labels({"4": ("房屋所有权",)})),
        Cell("D02", "address", 0.02),
    ),
    copies=0.01,
    rejected=(Rejected("UNKNOWN_CODE", "right_state", 0.001), Rejected("UNREADABLE", "update_time", 0.001)),
    number=Number("unit_no", 20),
)
def real_rights(registers: Registers) -> pd.DataFrame:
    """Certificates; a second owner stands in the same cell, or in a row of its own."""
    rights, rng = _rights(registers), registers.world.stream("real right rows")
    name, number = _holder(registers, rights, "_person")
    second_name, second_number = _holder(registers, rights, "_second")
    between_them = pick(rng, SEPARATORS, len(rights))
    cell = rights["_cell"].to_numpy(dtype=bool)
    both_numbers = np.where(
        pd.isna(number), None, np.where(pd.isna(number), "", number) + between_them + np.where(pd.isna(second_number), "", second_number)
    )
    first = rights.assign(
        holder_no="1",
        holder_name=np.where(cell, name + between_them + second_name, name),
        holder_id_no=np.where(cell, both_numbers, number),
    )
    apart = ((rights["_second"] >= 0) & ~rights["_cell"]).to_numpy()
    second = rights.assign(holder_no="2", holder_name=second_name, holder_id_no=second_number, _person=rights["_second"], _second=-1)[apart]
    rows = pd.concat([first, second]).sort_index(kind="stable").reset_index(drop=True)
    n, registered = len(rows), as_days(rows["_registered"].to_numpy())
    shared = (rows["_cell"] | rows["certificate_no"].duplicated(keep=False)).to_numpy(dtype=bool)
    office = office_seconds(rng, n)
    return rows.assign(
        right_type=np.where(rows["_entity"] >= 0, "3", "4").astype(object),
        holder_id_type=only(rows["holder_id_no"].notna().to_numpy(), np.where(rows["_entity"] >= 0, "21", "01").astype(object)),
        share_kind=np.where(shared, "1", "0").astype(object),
        share=only(shared, "50%"),
        address=rows["_address"].to_numpy(dtype=object),
        area_m2=decimals(rng.uniform(45, 240, n), 2),
        land_use=np.where(rows["_entity"] >= 0, "工业", "住宅").astype(object),
        price=decimals(rng.lognormal(4.2, 0.5, n), 2),
        register_time=clock_text(registered, office),
        right_state=only(rng.random(n) < 0.95, "1", "0"),
        update_time=clock_text(registered, office),
        _night=np.clip(night_of(registered), 0, 2),
    )


@NATURAL_RESOURCES.table(
    "mortgage",
    dirt=(Cell("D15", "register_date", 0.05), Cell("D20", "secured_amount", 0.05)),
    copies=0.01,
    rejected=(Rejected("IMPOSSIBLE", "register_date", 0.001),),
    number=Number("mortgage_no", 8),
)
def mortgages(registers: Registers) -> pd.DataFrame:
    """A mortgage on every fourth home; half of them are released."""
    rights, rng = registers.rows(RIGHT), registers.world.stream("mortgages")
    rights = rights[(rights["_person"] >= 0) & (rights["holder_no"] == "1")].iloc[::4]
    n, since = len(rights), np.minimum(as_days(rights["_registered"].to_numpy()) + 10, FIRST_NIGHT)
    years = rng.integers(1, 20, n) * 365
    released = np.where((rng.random(n) < 0.5) & (since + years < FIRST_NIGHT), since + years, np.datetime64("NaT", "D"))
    clean = ~rights[BAD_ID].to_numpy(dtype=bool)
    return pd.DataFrame(
        {
            "mortgage_no": "苏抵押证明第" + numbers(np.arange(n) + 1, 8) + "号",
            "certificate_no": rights["certificate_no"].to_numpy(dtype=object),
            "unit_no": rights["unit_no"].to_numpy(dtype=object),
            "mortgagee_name": pick(rng, ["扬州农村商业银行", "江苏银行扬州分行"], n),
            "mortgagee_no": None,
            "mortgagor_name": rights["holder_name"].to_numpy(dtype=object),
            "mortgagor_no": only(clean, rights["holder_id_no"].to_numpy(dtype=object)),
            "secured_amount": decimals(rng.lognormal(3.8, 0.4, n), 2),
            "from_date": day_text(since),
            "to_date": day_text(since + years),
            "register_date": day_text(since),
            "released_date": day_text(released),
            "update_time": clock_text(np.fmax(since, released), office_seconds(rng, n)),
            "_night": 0,
        }
    )


@NATURAL_RESOURCES.table("seizure", dirt=(Cell("D15", "entry_date", 0.05),), copies=0.01)
def seizures(registers: Registers) -> pd.DataFrame:
    """A seizure of every thirtieth unit, some of them released, one in the last nights."""
    rights, rng = registers.rows(RIGHT), registers.world.stream("seizures")
    rights = rights[rights["holder_no"] == "1"].iloc[::30]
    n, place = len(rights), np.arange(len(rights))
    day = between(rng, np.maximum(as_days(rights["_registered"].to_numpy()), np.datetime64("2018-01-01")), np.full(n, FIRST_NIGHT))
    entered = pd.DataFrame(
        {
            "seizure_no": "CF" + numbers(place + 1, 7),
            "entry_kind": "1",
            "certificate_no": rights["certificate_no"].to_numpy(dtype=object),
            "unit_no": rights["unit_no"].to_numpy(dtype=object),
            "court": pick(rng, COURTS, n),
            "document_no": "(2019)苏10执" + numbers(place + 100) + "号",
            "from_date": day_text(day),
            "to_date": day_text(day + 3 * 365),
            "entry_date": day_text(day),
            "_night": 0,
        }
    )
    ended = entered.iloc[::3].assign(entry_kind="4", from_date=None, to_date=None, entry_date="2019-12-30", _night=1)
    rows = pd.concat([entered, ended], ignore_index=True)
    return rows.assign(entry_no="DJ" + numbers(np.arange(len(rows)) + 1, 8))


@NATURAL_RESOURCES.finding("co-owners in one cell", "base/licence/right_party", "parties", "2")
def in_one_cell(registers: Registers) -> pd.Series:
    """Each of the two owners of a row that has both in one cell."""
    rows = registers.delivered(RIGHT)
    rows = rows[rows["_cell"].astype(bool)]
    key = rows["certificate_no"] + "|" + rows["unit_no"] + "|" + rows["holder_no"]
    return pd.concat([key + "|1", key + "|2"])
