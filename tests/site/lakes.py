"""Two nights of a small lake, made without an engine: health archives with planted personal values, and a calendar.

Here: the rows, and publishing them as a night does. Not here: what the site says of them (the tests).
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import shapely

from pipelines.control.ledger import Ledger
from pipelines.control.remarks import Remark, RemarkKind
from quality.balance import Account
from resources.lake import Lake
from resources.settings import Settings

Rows = list[dict[str, Any]]
NIGHTS = (date(2019, 12, 30), date(2019, 12, 31))
PLANTED = ("欧阳测试", "321002190802290125", "13900000001", "3210021908022", "FAKE-ADDRESS-1")
"""Personal values of the rows, none of which may stand anywhere in a site."""
ARCHIVE, DELIVERED, PERSON, SERVICE = "themes/health/archive", "cleansed/health/archive", "base/population/person", "themes/health/service"
SECTION, DIVISION, WATER = "themes/ecology/section_month", "base/geography/division", "base/geography/water"
RAW, HELD = "raw/health/archive", "quarantine/health/archive"
INDICATOR, CALENDAR = "themes/health/indicator", "reference/calendar/workday"
STATES = {"ACTIVE": 300, "DORMANT": 60, "DORMANT_NEVER": 45, "DUPLICATE": 30, "DECEASED": 25, "FAKE_CONFIRMED": 4, "CLOSED": 36}
COUNTIES = ("321002", "321003", "321012", "321023", "321081", "321084")
LINEAGE = {"_source_file": pa.string(), "_row_no": pa.int64(), "_batch_id": pa.string()}
KINDS = {
    ARCHIVE: {"ehr_no": pa.string(), "state": pa.string(), "county6": pa.string(), "rules": pa.list_(pa.string()), **LINEAGE},
    DELIVERED: {**dict.fromkeys(("ehr_no", "status", "name", "id_no", "phone", "_op"), pa.string()), **LINEAGE},
    PERSON: {name: pa.string() for name in ("person_uid", "name", "id_no", "county6")},
    SERVICE: {
        "service_no": pa.string(), "service_kind": pa.string(), "org_code": pa.string(), "doctor": pa.string(), "sbp": pa.int32(),
        "dbp": pa.int32(), "flags": pa.list_(pa.string()), **LINEAGE,
    },
    INDICATOR: {
        **dict.fromkeys(("indicator", "period_kind", "period", "div_code", "div_level", "basis"), pa.string()),
        **dict.fromkeys(("numerator", "denominator"), pa.int64()), "value": pa.decimal128(18, 2), "unit": pa.string(),
        "target": pa.decimal128(18, 2), "state": pa.string(), "rule_version": pa.string(),
    },
    CALENDAR: {"day": pa.date32(), "is_workday": pa.bool_(), "holiday": pa.string(), "notice": pa.string(), "workday_no": pa.int32(),
               "provisional": pa.bool_()},
    SECTION: {
        **dict.fromkeys(("section_code", "month", "water_body", "level", "county6", "state"), pa.string()), "target_class": pa.int32(),
        "water_class": pa.int32(), "target_met": pa.bool_(), "main_pollutants": pa.list_(pa.string()), "lon": pa.decimal128(18, 8),
        "lat": pa.decimal128(18, 8),
    },
    DIVISION: {**dict.fromkeys(("code", "level", "name"), pa.string()), "valid_to": pa.date32(), "geometry": pa.binary()},
    WATER: {
        **dict.fromkeys(("water_body", "name", "kind", "county6", "source_crs", "_source_file"), pa.string()), "geometry": pa.binary(),
        **dict.fromkeys(("west", "south", "east", "north", "area_m2", "length_m"), pa.float64()), "repaired": pa.bool_(),
        "_row_no": pa.int64(),
    },
    HELD: {"_business_date": pa.date32(), **LINEAGE, "codes": pa.list_(pa.string()), "raw": pa.string()},
    RAW: {"_source_file": pa.string(), "_row_no": pa.int64(), "姓名": pa.string()},
}  # fmt: skip


def make_lake(root: Path) -> Settings:
    """Make two releases. In the second a delivery is late."""
    settings = Settings(lake=f"{root}/lake", landing=f"{root}/landing", key_file=root / "key", home=root / "dagster")
    lake, ledger = Lake(settings.lake), Ledger(Lake(settings.lake))
    for night, day in enumerate(NIGHTS):
        batch, versions = f"{night}b" * 16, {}
        draw = random.Random(night)
        archives = list(_archives(draw, batch, day, more=night * 20))
        tables: dict[str, Rows] = {
            ARCHIVE: archives,
            DELIVERED: [_delivered(a, n) for n, a in enumerate(archives)],
            PERSON: [
                {"person_uid": f"u{n}", "name": PLANTED[0], "id_no": PLANTED[1], "county6": a["county6"]} for n, a in enumerate(archives)
            ],
            SERVICE: list(_services(draw, batch, day)),
            INDICATOR: list(_indicators(archives)),
            CALENDAR: list(_days()),
            SECTION: list(_sections()),
            DIVISION: list(_counties()),
            WATER: [
                {
                    "water_body": "WB1",
                    "_source_file": "water.csv",
                    "_row_no": 2,
                    "geometry": shapely.to_wkb(shapely.LineString([(119.0, 32.2), (120.4, 32.8)])),
                }
            ],
        }
        for table, rows in tables.items():
            versions[table] = _publish(lake, table, rows)
        file = f"archive_{day:%Y%m%d}.csv"
        raw = [{"_source_file": file, "_row_no": n + 2, "姓名": PLANTED[0]} for n in range(len(archives) + 2)]
        codes = [["id_no:E_ID_CHECKSUM", "W_SEEN"], ["status:E_CODE"]]
        lineage = {"_business_date": day, "_batch_id": batch, "_source_file": file}
        held = [{**lineage, "_row_no": n + 2, "codes": c, "raw": PLANTED[1]} for n, c in enumerate(codes)]
        versions[RAW] = _publish(lake, RAW, raw, {"_business_date": day.isoformat(), "_batch_id": batch})
        versions[HELD] = _publish(lake, HELD, held)
        accounts = [
            Account(RAW, batch, day, len(raw), len(raw)),
            Account(DELIVERED, batch, day, len(raw), len(archives), quarantined=2, codes={"status:E_CODE": 1}),
        ]
        ledger.record(accounts, run_id=f"run{night}", as_of=day, version=0, seconds=1.0)
        why = Remark(RemarkKind.LATE, "keeps the state of 2019-12-29; expected 2019-12-30", NIGHTS[0])
        ledger.release(as_of=day, run_id=f"run{night}", versions=versions, remarks={DELIVERED: why} if night else {})
    return settings


def _publish(lake: Lake, table: str, rows: Rows, partition: dict[str, str] | None = None) -> int:
    stage = lake.stage(table, "night")
    schema = pa.schema(list(KINDS[table].items()))
    stage.write_arrow(pa.Table.from_pylist(rows, schema=schema).to_reader())
    mode = "append" if partition else "overwrite"
    done = lake.publish(stage, base_version=lake.version(table), mode=mode, partition=partition, partition_by=tuple(partition or ()))
    return done.version


def _archives(draw: random.Random, batch: str, day: date, more: int) -> Iterator[dict[str, Any]]:
    states = [state for state, n in STATES.items() for _ in range(n + (more if state == "ACTIVE" else 0))]
    for n, state in enumerate(states):
        county = draw.choices(COUNTIES, (9, 8, 7, 6, 5, 0.2))[0]
        rules = ["U1", "X1"][: n % 3]
        yield {"ehr_no": f"3210021908022{n}", "state": state, "county6": county, "rules": rules,
               "_source_file": f"archive_{day:%Y%m%d}.csv", "_row_no": n + 2, "_batch_id": batch}  # fmt: skip


def _delivered(archive: dict[str, Any], n: int) -> dict[str, Any]:
    status = "1" if archive["state"] == "CLOSED" else "0"
    phone = PLANTED[2] if n % 7 == 0 else None if n % 5 == 0 else f"139{n:08}"
    return {
        "ehr_no": archive["ehr_no"],
        "status": status,
        "name": PLANTED[0],
        "id_no": PLANTED[1],
        "phone": phone,
        "_op": "D" if n == 3 else "U",
    }


def _sections() -> Iterator[dict[str, Any]]:
    """Three sections of one river; of one, measured in another month, nobody knows where it is."""
    for n, (where, found) in enumerate([(("119.2", "32.3"), 2), (("119.9", "32.6"), 6), ((None, None), 3)], 1):
        lon, lat = (None if d is None else Decimal(d) for d in where)
        yield {
            "section_code": f"SEC{n}", "month": "201901" if n == 3 else "201912", "water_body": "WB1", "level": "CITY",
            "county6": COUNTIES[n % 2], "state": "GOOD", "target_class": 3,
            "water_class": found, "target_met": found <= 3, "main_pollutants": ["nh3n"] if found > 3 else [],
            "lon": lon, "lat": lat,
        }  # fmt: skip


def _counties() -> Iterator[dict[str, Any]]:
    """Two counties side by side."""
    for n, code in enumerate(COUNTIES[:2]):
        box = shapely.to_wkb(shapely.box(119 + 0.7 * n, 32, 119.7 + 0.7 * n, 33))
        yield {"code": f"{code}000000", "level": "COUNTY", "name": f"County {n}", "valid_to": None, "geometry": box}


def _services(draw: random.Random, batch: str, day: date) -> Iterator[dict[str, Any]]:
    for n in range(400):
        flags = ["AFTER_DEATH"] if n % 10 == 0 else ["F8"] if n % 7 == 0 else []
        yield {
            "service_no": f"s{n}", "service_kind": "FOLLOWUP", "org_code": f"ORG{draw.choice('AAAAABBBC')}", "doctor": f"D{n % 3}",
            "sbp": 120 if n < 30 else 100 + n, "dbp": 80, "flags": flags, "_source_file": f"service_{day:%Y%m%d}.xlsx", "_row_no": n + 2,
            "_batch_id": batch,
        }  # fmt: skip


def _indicators(archives: Rows) -> Iterator[dict[str, Any]]:
    used, all_of = Counter(a["county6"] for a in archives if a["state"] == "ACTIVE"), Counter(a["county6"] for a in archives)
    places = [*sorted(all_of.items()), ("321000", sum(all_of.values()))]
    used["321000"] = sum(used.values())
    for basis in ("raw", "clean"):
        for code, n in places:
            value = Decimal(100 * used[code] / n).quantize(Decimal("0.01"))
            yield {
                "indicator": "usage_rate", "period_kind": "year", "period": "2019", "div_code": code,
                "div_level": "city" if code == "321000" else "county", "basis": basis, "numerator": used[code], "denominator": n,
                "value": value, "unit": "%", "target": Decimal(60), "state": "MET",
                "rule_version": "1.0.0",
            }  # fmt: skip


def _days() -> Iterable[dict[str, Any]]:
    for n in range(365):
        day = date(2019, 1, 1) + timedelta(days=n)
        yield {"day": day, "is_workday": day.weekday() < 5, "holiday": None, "notice": "测试", "workday_no": n, "provisional": False}
