"""A small town whose records share few numbers, cards, documents and names, and nights in which some of them change."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from random import Random
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from tests.population.chain import SOURCES
from tests.population.cleansed import AS_OF, contract, frame, number
from tests.touch.firms import ENTERPRISES, enterprise
from tests.touch.licences import LICENCES as ABOUT_LICENCES
from tests.touch.licences import licence

Rows = dict[str, list[dict[str, Any]]]
Tables = dict[str, DataFrame]
NAMES = ("于甲乙", "于甲己", "丙丁戊", "庚辛壬", None)
DAYS = ("2018-12-30", "2018-12-31", "2019-01-01", "2019-06-01", "2019-12-20", "2019-12-31", "2020-01-01")
PHONES = ("13900000001", "13900000002", None)
MISTYPED = number(1)[:16] + "9" + number(1)[17:]
SINCE = AS_OF.replace(day=30)
SERVED = ("examination", "followup", "staff")
NUMBERS, LICENCES, OFFICES = ("e1", "e2", "e3", "e4"), ("D1", "D2", "D3"), ("O1", "O2")


class Town:
    """Records that share few numbers, cards, documents and names, so that everything meets everything."""

    def __init__(self, seed: int, names: tuple[str, ...] = SOURCES) -> None:
        self.random, self.made = Random(seed), 0
        self.rows: Rows = {name: [] for name in names}
        for name in names:
            for _ in range(self.random.randint(3, 9)):
                self.rows[name].append(self._row(name))

    def _row(self, name: str) -> dict[str, Any]:
        pick, self.made = self.random.choice, self.made + 1
        n = self.made
        id_no = pick([number(1), number(2), None])
        if name in ENTERPRISES:
            return {"_business_date": AS_OF, "_batch_id": pick(["b1", "b2"]), **enterprise(name, n, self.rows, id_no, pick)}
        if name in ABOUT_LICENCES:
            return {"_business_date": AS_OF, "_batch_id": pick(["b1", "b2"]), **licence(name, n, self.rows, pick)}
        passport = {"id_type": "03", "id_no_raw": pick(["E1234567", "E7654321"]), "id_no_error": "E_LEN", "birth_date": "1910-05-05"}
        document = pick([passport, {"id_no_raw": MISTYPED, "id_no_error": "E_CHECK", "birth_date": "1908-01-01"}])
        said = {"_business_date": AS_OF, "_batch_id": pick(["b1", "b2"]), **({} if name in SERVED else {"id_no": id_no})}
        card = pick(["C1", "C2", None])
        served = {
            "ehr_no": pick([*NUMBERS, "nobody's", None]), "doctor": pick(LICENCES), "input_user": pick(LICENCES),
            "input_time": "2019-12-20T09:00:00",
        }  # fmt: skip
        own: dict[str, Callable[[], dict[str, Any]]] = {
            "resident": lambda: {"person_no": f"r{n}", "former_name": pick(NAMES), "hukou_div": pick(["321003", None])},
            "cancellation": lambda: {"id_no": id_no or number(4), "cancel_date": f"{date(2019, 6, 1) + timedelta(n)}"},
            "pension": lambda: {"pay_month": "201911", "person_no": pick(["p1", "p2"]), "item": f"{n}"},
            "archive": lambda: {
                "ehr_no": pick(NUMBERS), "empi_id": f"a{n}", "status": pick(["0", "0", "1"]), "dead_flag": pick(["1", None]),
                "dead_date": pick(["2019-11-01", None]), "birth_date": "1908-01-01", "sex_code": pick(["1", "2"]), "phone": pick(PHONES),
                **({} if id_no else document),
            },
            "certificate": lambda: {"cert_no": f"d{n}", "death_datetime": "2019-11-02T04:00:00", **({} if id_no else document)},
            "visit": lambda: {
                "org_code": "o", "visit_no": f"v{n}", "visit_time": f"{pick(DAYS)}T08:00:00", "card_no": card, "dr_code": pick(LICENCES),
                **({} if id_no else document),
            },
            "card": lambda: {"card_no": f"C{n}", "social_card_no": pick(["C1", "C2"]), "status": "1", "phone": pick(PHONES)},
            "examination": lambda: {"exam_no": f"x{n}", "exam_date": pick(DAYS), **served, "org_code": pick(OFFICES)},
            "followup": lambda: {"fu_no": f"f{n}", "fu_date": pick(DAYS), **served},
            "staff": lambda: {
                "licence_no": f"D{len(self.rows[name]) + 1}", "org_code": pick(OFFICES), "leave_date": pick(["2019-06-01", None]),
            },
            "cremation": lambda: {"cremation_no": f"k{n}", "deceased_name": pick(NAMES), "cremation_date": "2019-11-03"},
        }  # fmt: skip
        name_column = {} if name in ("cremation", "examination", "followup") else {"name": pick(NAMES)}
        return {**said, **name_column, **own[name]()}

    def tables(self, spark: SparkSession) -> Tables:
        return {name: frame(spark, name, rows) for name, rows in self.rows.items()}

    def night(self) -> None:
        """Of some tables a record changes, or only its place; one goes, one comes."""
        for name in self.random.sample(sorted(self.rows), self.random.randint(1, 4)):
            rows, n = self.rows[name], self.random.randrange(len(self.rows[name]))
            what = self.random.choice(["changes", "moves", "goes", "comes"])
            if what == "changes":
                kept = [c for c in rows[n] if c in contract(name).key]
                rows[n] = {**self._row(name), **{c: rows[n][c] for c in kept}, "_batch_id": "b3"}
            elif what == "moves":
                rows[n] = {**rows[n], "_batch_id": "b3"}
            elif what == "goes":
                rows[n] = {**rows[n], "_gone": True}
                self.rows[name] = [r for r in rows if "_gone" not in r]
            else:
                rows.append(self._row(name))
