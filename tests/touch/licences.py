"""Electronic licences that share few holders, types, series and certificates; rights to few units of land."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.legal_entity.chain import org, reg, uscc
from tests.population.cleansed import number

Row = dict[str, Any]
LICENCES = ("licence_type", "licence", "food", "drug", "right", "mortgage", "seizure")
TYPES = tuple(f"{uscc(40, '11100000')}00{n}" for n in (1, 2, 3))
ISSUERS = (uscc(41, "11321000"), uscc(42, "11321000"))
HOLDERS = (number(1), number(2), uscc(1), uscc(2), org(1), reg(1), None)
NAMES = ("于甲乙", "于甲己", "甲公司", "乙公司", None)
CERTIFICATES = ("JY1", "JY2", "SU1")
UNITS = ("321002001001GB00001F00000001", "321003001001GB00001F00000002", "U3")
CELLS = (
    ("于甲乙", number(1)), ("于甲乙,于甲己", f"{number(1)},{number(2).lower()}"), ("甲公司", uscc(1)), ("乙公司、于甲乙", uscc(2)),
    (None, None),
)  # fmt: skip
"""Names and numbers as they stand in one cell."""
DAYS = ("2018-12-31", "2019-06-01", "2019-12-01", "2019-12-30", "2019-12-31", "2020-01-01", None)


def licence_id(serial: str, version: int, kind: str = TYPES[0], issuer: str = ISSUERS[0]) -> str:
    """An identifier whose check character is no matter: cleansed rows are taken as judged."""
    return f"1.2.156.3005.2.{kind}.{issuer}.{serial}.{version:03d}.0"


def licence(name: str, n: int, rows: dict[str, list[Row]], pick: Callable[..., Any]) -> Row:
    """A row of one of LICENCES. n: a number of its own. rows: those there are. pick: one of some values."""
    known = [r["licence_id"] for r in rows.get("licence", [])] or [None]

    def free(column: str, wanted: tuple[str, ...]) -> str:
        taken = {r[column] for r in rows[name]}
        return next((key for key in wanted if key not in taken), f"X{n}")

    ended = {"licence_status": pick(["1", "2"]), "end_date": pick(DAYS), "entity_name": "甲公司", "issue_date": "2018-01-01"}
    kind, issuer, (who, numbers) = pick(TYPES), pick(ISSUERS), pick(CELLS)
    own: dict[str, Callable[[], Row]] = {
        "licence_type": lambda: {
            "type_code": free("type_code", TYPES[:2]), "type_name": f"证{n}", "holder_kind": pick(["PERSON", "ENTITY"]),
            "unique_type": pick(["1", "1", "0"]), "valid_to": pick(DAYS),
        },
        "licence": lambda: {
            "licence_id": licence_id(pick("AB"), n, kind, issuer), "type_code": pick([kind, TYPES[0]]),
            "certificate_no": pick(CERTIFICATES),
            "holder_kind": pick(["PERSON", "ENTITY"]), "holder_name": pick(NAMES), "holder_id_no": pick(HOLDERS), "issuer_uscc": issuer,
            "issue_date": pick(DAYS), "valid_from": pick(DAYS), "valid_to": pick([*DAYS, None, None]),
            "state": pick(["01", "01", "01", "04"]),
            "previous_licence_id": pick([None, None, pick(known)]), "signature_ok": pick(["1", "0"]), "use_count": pick([1, None]),
        },
        "food": lambda: {"licence_no": free("licence_no", CERTIFICATES[:2]), **ended},
        "drug": lambda: {"licence_no": free("licence_no", CERTIFICATES[2:]), **ended},
        "right": lambda: {
            "certificate_no": f"Q{n}", "unit_no": pick(UNITS), "holder_no": "1", "holder_name": who, "holder_id_no_raw": numbers,
            "right_type": "4", "right_state": pick("01"),
        },
        "mortgage": lambda: {
            "mortgage_no": f"M{n}", "unit_no": pick(UNITS), "register_date": pick(DAYS[:-1]), "released_date": pick(DAYS),
        },
        "seizure": lambda: {
            "entry_no": f"S{n}", "seizure_no": pick("CD"), "entry_kind": pick(["1", "1", "3", "4"]), "unit_no": pick(UNITS),
            "entry_date": pick(DAYS[:-1]), "from_date": pick(DAYS), "to_date": pick(DAYS),
        },
    }  # fmt: skip
    return own[name]()
