"""Archives under another form of their number, or under somebody else's: changes after the dirt has been spread.

Here: second archives with fifteen digits, archives under the number of another living person. Not here: numbers that are
wrong in themselves (`dirt`), invented archives (`archives`).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from simulator.departments.health import ARCHIVE
from simulator.registers import Registers

FIFTEEN_DIGITS, BORROWED = 0.2, 0.001
"""Share of second archives with the old form of the number; of archives with the valid number of another living person."""


def under_other_numbers(registers: Registers, archives: pd.DataFrame) -> pd.DataFrame:
    """The archives, some with fifteen digits or a borrowed number."""
    return _borrowed_numbers(registers, _fifteen_digits(registers, archives))


def _fifteen_digits(registers: Registers, archives: pd.DataFrame) -> pd.DataFrame:
    """Some second archives carry the old form of the number."""
    whole = archives["_copy"] & ~archives["_bad_id"] & (archives["id_no"].str.len() == 18) & (archives["id_no"].str[6:8] == "19")
    at = np.flatnonzero(whole & archives["id_no"].str.fullmatch("[0-9X]+"))
    at = at[:: max(1, round(1 / FIFTEEN_DIGITS))]
    number = archives["id_no"].to_numpy(dtype=object, copy=True)
    registers.note(ARCHIVE, archives.iloc[at], "id_no", "D03", number[at].copy())
    number[at] = [x[:6] + x[8:17] for x in number[at]]
    return archives.assign(id_no=number)


def _borrowed_numbers(registers: Registers, archives: pd.DataFrame) -> pd.DataFrame:
    """A few archives of the living carry the valid number of another living person, under their own name (rule F3 of the archives).

    The number is no longer their person's, so `_bad_id` is set; the rows hit have no other dirt in number or name, no second
    archive, and are not protected.
    """
    people, rng, at = registers.world.people, registers.world.stream("borrowed numbers"), archives["_person"].to_numpy()
    settled = (people["death"].isna() & people["moved_out"].isna() & (people["registered"] == 0)).to_numpy()
    untouched = (archives["id_no"] == people["id_no"].to_numpy()[at]) & (archives["name"] == people["name"].to_numpy()[at])
    plain = ~archives["_protected"] & untouched & settled[at] & (archives["status"] == "0") & (archives["_night"] == 0)
    alone = ~archives["_copy"] & ~archives["_person"].duplicated(keep=False)
    chosen = rng.permutation(np.flatnonzero(plain & alone))
    chosen = chosen[: max(2, round(BORROWED * len(archives)))]
    owners = _owners(people, at[chosen], rng.permutation(np.flatnonzero(settled)))
    number = archives["id_no"].to_numpy(dtype=object, copy=True)
    number[chosen] = people["id_no"].to_numpy()[owners]
    registers.note(ARCHIVE, archives.iloc[chosen], "id_no", "F3")
    return archives.assign(id_no=number, _bad_id=archives["_bad_id"] | archives.index.isin(archives.index[chosen]))


def _owners(people: pd.DataFrame, borrowers: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    """For each borrower a person of their own among the candidates whose names share no character with theirs."""
    names, former = people["name"].to_numpy(), people["former_name"].to_numpy()
    free, found = list(candidates), []
    for borrower in borrowers:
        place = next(i for i, c in enumerate(free) if not set(names[borrower]) & (set(names[c]) | set(former[c] or "")))
        found.append(free.pop(place))
    return np.array(found, dtype=int)
