"""source_link in pandas: the records that speak of persons, and whose they are."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from bench.contestants.in_python import pseudonym
from bench.contestants.pandas_values import TEXT, constant, has, holds, once, picked, replaced, same_name
from bench.contestants.tables import (
    BY_NUMBER,
    CREMATION,
    DOCUMENT,
    DOCUMENTS,
    INTRODUCES,
    KEYS,
    LINK,
    LOCAL,
    OTHER_DOCUMENTS,
    OWN,
    PLACE,
    RARE,
    RESIDENT,
    SURE,
)
from bench.contestants.texts import NAME_LOST, NAME_MARK

Read = Callable[..., pd.DataFrame]
"""A table by its name, with the columns that are named after it or all."""
BESIDE = ["_source_file", "_row_no", "_batch_id", "_business_date"]
NUMBERS = ["number_0", "number_1", "number_2"]
"""A record's own numbers of its person."""


def key(rows: pd.DataFrame, source: str) -> pd.Series:
    """The key of a record as one text."""
    first, *others = (rows[c].astype(TEXT) for c in KEYS[source])
    for other in others:
        first = first + "|" + other
    return first


def pseudonyms(texts: pd.Series, secret: bytes) -> pd.Series:
    return once(texts, lambda known: {"of": known.map(pseudonym(secret), na_action="ignore").astype(TEXT)})["of"]


def is_open(archives: pd.DataFrame) -> pd.Series:
    """Archives in use: not closed by their status, nor by a date of closing."""
    return holds(archives["status"] == "0") & ~holds(archives["cancel_date"] <= archives["_business_date"])


def is_sure(link: pd.DataFrame) -> pd.Series:
    return link["match_reason"].isin(SURE) | ((link["match_reason"] == RARE) & link["match"].isin(BY_NUMBER))


def is_clear(scored: pd.DataFrame) -> pd.Series:
    """The best candidate of a record, far enough before the next one."""
    return (scored["place"] == 1) & (scored["margin"].fillna(1.0) >= 0.1)


def worth(name: pd.Series) -> pd.Series:
    """How good a name is: 0 whole, 1 with lost characters, 2 none."""
    return has(name, NAME_LOST).astype(int).mask(name.isna(), 2)


def comparable(key: pd.Series, lost: pd.Series) -> pd.Series:
    """The key of a name where there is something to compare. lost: whether characters of it are."""
    return key.mask(holds(lost) & ~_in_part(key))


def _in_part(key: pd.Series) -> pd.Series:
    return has(key, NAME_MARK) & ~has(key, "[*]") & holds(replaced(key, NAME_MARK, "") != "")


def _records(read: Read) -> pd.DataFrame:
    """One row per record that speaks of a person."""

    def lean(source: str) -> pd.DataFrame:
        name = "deceased_name" if source == CREMATION else "name"
        prefix, numbers = LOCAL.get(source, ("", []))
        former = ["former_name_key"] if source == RESIDENT else []
        document = ["id_no_raw", "id_type", "birth_date"] if source in DOCUMENTS else []
        columns = ["id_no", "id_no_error", name, f"{name}_key", f"_{name}_lost", f"_{name}_placeholder", *BESIDE]
        rows = read(f"cleansed/{source}", *dict.fromkeys([*KEYS[source], *columns, *numbers, *former, *document]))
        nothing = constant(None, rows)
        return pd.DataFrame(
            {
                "source_table": constant(source, rows),
                "source_key": key(rows, source),
                "id_no": rows["id_no"],
                "id_error": rows["id_no_error"],
                "name": rows[name],
                "name_key": comparable(rows[f"{name}_key"], rows[f"_{name}_lost"]),
                "former_name_key": rows["former_name_key"] if former else nothing,
                "document": _document(rows) if document else nothing,
                **dict.fromkeys(NUMBERS, nothing),
                **{f"number_{i}": prefix + rows[c] for i, c in enumerate(numbers)},
                "is_placeholder": rows[f"_{name}_placeholder"],
                "name_order": PLACE[source],
                "introduces": source in INTRODUCES,
                **rows[BESIDE],
            }
        )

    return pd.concat(map(lean, KEYS), ignore_index=True)


def _document(rows: pd.DataFrame) -> pd.Series:
    raw = rows["id_no_raw"]
    number = raw.str.upper().str.replace("[^0-9A-Z]", "", regex=True)
    usable = rows["id_no"].isna() & rows["id_type"].isin(OTHER_DOCUMENTS) & has(number, DOCUMENT) & ~has(raw, "[*＊]")
    usable &= rows["id_no_error"].fillna("") != "E_PLACEHOLDER"
    return (rows["id_type"] + ":" + number + ":" + rows["birth_date"].dt.strftime("%Y%m%d")).where(usable)


def _anchors(rows: pd.DataFrame, number: str, name: str) -> pd.DataFrame:
    """Per number the name that counts. The smallest place decides nearly everything, so only what is left is sorted."""
    known = rows[rows[number].notna()]
    rank = worth(known["name_key"].mask(known["is_placeholder"])) * 1000 + known["name_order"]
    first = known[rank == rank.groupby(known[number], sort=False).transform("min")]
    twice = first.duplicated(number, keep=False)
    first = pd.concat([first[~twice], first[twice].sort_values("source_key").drop_duplicates(number)])
    return pd.DataFrame(
        {
            number: first[number],
            f"{name}_key": first["name_key"].mask(first["is_placeholder"]),
            f"{name}_former": first["former_name_key"],
        }
    )


def _identified(rows: pd.DataFrame) -> pd.DataFrame:
    """Records with a number: whose it is, and whether the names agree."""
    rows = rows[rows["id_no"].notna()].merge(_anchors(rows, "id_no", "anchor"), on="id_no")
    reason = same_name(rows["name_key"], rows["anchor_key"], rows["anchor_former"])
    own = (rows["source_table"] + ":" + rows["source_key"]).where(rows["source_table"].isin(OWN))
    match = picked(constant("M1B", rows), (reason == "EXACT", "M1"), (reason.isna(), "ID_NAME_CONFLICT"))
    return rows.assign(match_reason=reason, match=match, owner=("RID:" + rows["id_no"]).where(reason.notna(), own))


def _local_numbers(identified: pd.DataFrame) -> pd.DataFrame:
    """The sources' own numbers that mean one person, whose they are and what that person is called."""
    known = identified[identified["match"].isin(BY_NUMBER) & identified["introduces"]]
    told = known.melt(["owner", "anchor_key", "anchor_former"], NUMBERS, value_name="local_number").dropna(subset="local_number")
    told = told.drop_duplicates(["local_number", "owner"])
    names = {"owner": "local_owner", "anchor_key": "local_key", "anchor_former": "local_former"}
    return told[~told.duplicated("local_number", keep=False)].drop(columns="variable").rename(columns=names)


def _unidentified(rows: pd.DataFrame, local: pd.DataFrame) -> pd.DataFrame:
    """Records without a number: by another document, by a number of the source's own, or a person of its own."""
    documents = _anchors(rows[rows["introduces"]], "document", "document")
    rows = rows[rows["id_no"].isna()]
    rows = rows.assign(local_number=rows["number_0"].fillna(rows["number_1"]).fillna(rows["number_2"]))
    introduced = rows.loc[rows["introduces"] & rows["local_number"].notna(), ["source_table", "local_number", "source_key"]]
    first = introduced.sort_values("source_key").drop_duplicates(["source_table", "local_number"])
    rows = (
        rows.merge(documents.assign(known=True), on="document", how="left")
        .merge(local, on="local_number", how="left")
        .merge(first.rename(columns={"source_key": "first_key"}), on=["source_table", "local_number"], how="left")
    )
    mapped, own = rows["local_owner"].notna(), rows["source_table"] + ":" + rows["first_key"].fillna(rows["source_key"])
    how = same_name(rows["name_key"], rows["local_key"], rows["local_former"])
    how_document = same_name(rows["name_key"], rows["document_key"], rows["document_former"])
    match = picked(
        constant("NONE", rows),
        (rows["known"].notna(), "M2"),
        (mapped & how.notna(), "M3"),
        (rows["introduces"], "U"),
        (mapped, "ID_NAME_CONFLICT"),
    )
    kind = rows["local_number"].str.replace(":.*", "", regex=True).str.upper()
    reason = {"M2": how_document.fillna("DOCUMENT"), "M3": how, "ID_NAME_CONFLICT": kind}
    owner = {"M2": rows["document"], "M3": rows["local_owner"], "U": own}
    nothing = constant(None, rows)
    return rows.assign(
        match=match,
        match_reason=picked(nothing, *[(match == m, said) for m, said in reason.items()]),
        owner=picked(nothing, *[(match == m, said) for m, said in owner.items()]),
    )


def source_link(read: Read, secret: bytes) -> pd.DataFrame:
    """Which person each record speaks of."""
    rows = _records(read)
    identified = _identified(rows)
    matched = pd.concat([identified, _unidentified(rows, _local_numbers(identified))], ignore_index=True)
    return matched.assign(person_uid=pseudonyms(matched["owner"], secret).str.slice(0, 32))[LINK]
