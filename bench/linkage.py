"""`python -m bench.linkage demo`: how well the entities of a demo city are linked, held against its truth.

Here: the figures of one folder that `citylake demo --departments market_regulation,taxation,staffing,civil_affairs` made. Not here: how
long it took (`nights`), why two records are one (`citylake explain`).
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from resources.lake import Lake

LINKS, TRUTH = "base/legal_entity/source_link", "entity_record"
BY_CODE = ("USCC", "ORG", "JUDGED")
REGISTER = "market_regulation/entity"
RECORD = ["source_table", "source_key"]


@dataclass(frozen=True)
class Linkage:
    """records: in the truth. pairs: of records that the codes join; right_pairs: of one true entity.

    others: records without a code that the links go by, of entities that have one with it; linked: to such an entity; right: to the true
    one. mixed: entities with a branch and a parent in them.
    """

    records: int
    pairs: int
    right_pairs: int
    others: int
    linked: int
    right: int
    mixed: int

    def lines(self) -> list[str]:
        """The figures in words."""
        return [
            f"{self.records:,} records",
            f"by codes: precision {self.right_pairs / self.pairs:.4f} ({self.right_pairs:,} of {self.pairs:,} pairs)",
            f"without: precision {self.right / self.linked:.4f} ({self.right:,} of {self.linked:,}), "
            f"recall {self.right / self.others:.4f} ({self.right:,} of {self.others:,})",
            f"entities with a branch and a parent in them: {self.mixed}",
        ]


def judged(links: pd.DataFrame, truth: pd.DataFrame) -> Linkage:
    """Hold links against the truth.

    Args:
        links: rows of base/legal_entity/source_link.
        truth: columns source_table, source_key, true_entity.
    """
    rows = links.merge(truth, on=RECORD, how="inner")
    coded = rows[rows["match"].isin(BY_CODE)]
    of = coded.groupby("true_entity")["entity_uid"].agg(set)
    by_code, register = rows["match"].isin(BY_CODE), rows["source_table"].eq(REGISTER)
    others = rows[~by_code & ~register & rows["true_entity"].isin(of.index)]
    linked = others[others["entity_uid"].isin(set(coded["entity_uid"]))]
    right = sum(uid in of[whose] for uid, whose in zip(linked["entity_uid"], linked["true_entity"], strict=True))
    kinds = rows.dropna(subset=["entity_uid", "is_branch"]).groupby("entity_uid")["is_branch"].nunique()
    return Linkage(
        len(rows), _pairs(coded, ["entity_uid"]), _pairs(coded, ["entity_uid", "true_entity"]), len(others), len(linked), right,
        int((kinds > 1).sum()),
    )  # fmt: skip


def _pairs(rows: pd.DataFrame, by: list[str]) -> int:
    """How many pairs of rows agree in some columns."""
    sizes = rows.dropna(subset=by).groupby(by).size()
    return int((sizes * (sizes - 1) // 2).sum())


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench.linkage", description=__doc__)
    parser.add_argument("folder", type=Path, help="of `citylake demo`")
    folder = parser.parse_args().folder
    found = Lake(str(folder / "lake")).arrow(LINKS)
    if found is None:
        raise SystemExit(f"{folder} has no table {LINKS}: run `citylake demo` with the departments of legal entities")
    truth = pd.read_csv(folder / "truth" / f"{TRUTH}.csv", dtype=str)
    print("\n".join(judged(found.to_pandas(), truth).lines()))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
