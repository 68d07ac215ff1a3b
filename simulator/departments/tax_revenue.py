"""Taxation: what taxpayers pay, voucher by voucher, and the invoices that they write (DBF)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from simulator.basics import day_text, decimals, numbers
from simulator.departments.taxation import TAXATION, TAXPAYER
from simulator.dirt import Cell, Kind, labels, one
from simulator.registers import Registers
from simulator.rejects import Number, Rejected
from simulator.world.economy import month_text

VAT, PROFIT_TAX, CITY_TAX = "10101", "10104", "10109"
SHARES = {VAT: 0.6, CITY_TAX: 0.05, PROFIT_TAX: 1.05}
"""Of an entity's taxes of a month; the tax on profits is paid for a quarter."""
REVERSED = 0.01
"""Share of the value-added tax that is taken back and paid anew."""
MONTH_FORMS: Kind = one(lambda value, rng: (f"{value[:4]}-{value[4:]}", f"{value[:4]}年{value[4:]}月")[int(rng.integers(0, 2))])
"""D15 in a month."""


def with_taxpayer(registers: Registers) -> pd.DataFrame:
    """The figures of the economy of entities with a tax registration, with its tax_reg_no."""
    known = registers.rows(TAXPAYER).groupby("_entity")["tax_reg_no"].first()
    figures = registers.world.economy
    rows = figures.assign(tax_reg_no=figures["entity_row"].map(known))
    return rows[rows["tax_reg_no"].notna()].reset_index(drop=True)


def _vouchers(paid: pd.DataFrame, kind: str, rng: np.random.Generator) -> pd.DataFrame:
    months = paid["month"].to_numpy().astype("datetime64[M]")
    first = (months - 1).astype("datetime64[D]")
    day = months.astype("datetime64[D]") + rng.integers(9, 24, len(paid))
    return pd.DataFrame(
        {
            "tax_reg_no": paid["tax_reg_no"], "tax_kind": kind, "period_from": day_text(first),
            "period_to": day_text(months.astype("datetime64[D]") - 1), "amount": np.round(paid["tax"].to_numpy() * SHARES[kind], 2),
            "refund_flag": "0", "reversal_of": None, "pay_date": day_text(day), "_night": paid["night"],
        }
    )  # fmt: skip


@TAXATION.table(
    "payment",
    dirt=(
        Cell("D15", "pay_date", 0.03),
        Cell("D20", "amount", 0.02),
        Cell("D22", "tax_kind", 0.03, kind=labels({VAT: ("增值税",), CITY_TAX: ("城建税",), PROFIT_TAX: ("企业所得税",)})),
    ),
    copies=0.005,
    rejected=(Rejected("MISSING", "tax_kind", 0.0005), Rejected("UNREADABLE", "update_time", 0.0005)),
    number=Number("voucher_no", 1),
)
def payments(registers: Registers) -> pd.DataFrame:
    """Vouchers of three taxes; a voucher that is taken back is named by the negative one of the same month."""
    figures, rng = with_taxpayer(registers), registers.world.stream("tax payments")
    paid = figures[figures["tax"] > 0]
    quarters = paid[paid["month"].dt.month % 3 == 0]
    rows = pd.concat([_vouchers(quarters if kind == PROFIT_TAX else paid, kind, rng) for kind in SHARES], ignore_index=True)
    rows["voucher_no"] = "V" + numbers(np.arange(len(rows)) + 1, 11)
    taken = rows[(rows["tax_kind"] == VAT) & (rng.random(len(rows)) < REVERSED)]
    again = taken.assign(voucher_no="V1" + taken["voucher_no"].str[2:])
    back = taken.assign(
        voucher_no="V2" + taken["voucher_no"].str[2:], amount=-taken["amount"], refund_flag="1", reversal_of=taken["voucher_no"]
    )
    rows = pd.concat([rows, back, again]).sort_values(["_night", "voucher_no"], ignore_index=True)
    return rows.assign(amount=decimals(rows["amount"].to_numpy(), 2), update_time=rows["pay_date"] + " 18:00:00")


@TAXATION.table("invoice_month", dirt=(Cell("D15M", "month", 0.03, kind=MONTH_FORMS), Cell("D20", "amount", 0.02)), copies=0.005)
def invoices(registers: Registers) -> pd.DataFrame:
    """What taxpayers that sell something have invoiced."""
    figures, rng = with_taxpayer(registers), registers.world.stream("invoices")
    sold = figures[figures["revenue"] > 0]
    amount = sold["revenue"].to_numpy() * rng.uniform(0.85, 1.1, len(sold))
    last = sold["month"].to_numpy().astype("datetime64[M]").astype("datetime64[D]") + 27
    return pd.DataFrame(
        {
            "tax_reg_no": sold["tax_reg_no"], "month": month_text(sold["month"]), "invoices": numbers(np.ceil(amount / 9_000)),
            "amount": decimals(amount, 2), "tax": decimals(amount * 0.06, 2), "update_time": day_text(last) + " 20:00:00",
            "_night": sold["night"],
        }
    )  # fmt: skip
