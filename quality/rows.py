"""Row rules: turn delivered strings into typed columns, and say of each row what is wrong with it.

Here: what a contract asks of one row. Not here: what needs more than one row (`assets.cleansed`), how a kind of
value is read (`standards`).

Codes stand in `_codes` as `column:CODE`. `F_` is a repair that was made, `W_` a warning, `E_` a value that could
not be kept (it is NULL, its raw value is in the raw table). The contract decides what an `E_` does to the row: in a
key or required column it holds the row back (`_bad`), elsewhere it stays on the row as a flag.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from contracts import Contract
from contracts import Field as Field
from quality import row_rules
from standards import divisions, names, numbers, organisations
from standards.rules import Options, parse
from standards.text import codes_text, no_codes

LINEAGE = ("_batch_id", "_business_date", "_source_file", "_row_no")
_PARSED = "_parsed_{}"
_MEANT, _MOVED = "_meant_{}", "_moved_{}"
_VALUE, _FOUND = "_value_{}", "_found_{}"
_CODES = "_codes_text"


def typed(contract: Contract, raw: DataFrame, *, test_divisions: bool) -> DataFrame:
    """Delivered strings -> the contract's columns, plus `_codes array<string>`, `_bad boolean`, `_row_hash string`, `_seq string`.

    raw: one string column per delivered column of the contract, and the columns of `raw/...` tables.
    `_row_hash` is equal for rows that are delivered equal; `_seq` orders the versions of one key, later is greater.
    In a whole list a row that lies in the future is equal to none of another day: what is said of it will not hold for ever.
    """
    assert contract.delivery is not None
    hashed = raw.withColumn("_row_hash", delivered_hash(contract))
    rules = {
        _PARSED.format(c.name): (
            c.rule or "text",
            _meant(contract, c),
            _options(contract, c, contract.delivery.format, test_divisions=test_divisions),
        )
        for c in contract.delivered
    }
    parsed = _across_values(contract, parse(_across_texts(contract, hashed), rules))
    values = parsed.select(
        *[_value(contract, c).alias(c.name) for c in contract.columns],
        _codes(contract).alias(_CODES),
        *LINEAGE,
        "_extract_ts",
        "_op",
        "_order",
        "_row_hash",
    )
    none = F.array().cast("array<string>")
    if contract.delivery.mode == "full":
        of_its_day = F.md5(F.concat_ws("|", "_row_hash", F.col("_business_date").cast("string")))
        values = values.withColumn("_row_hash", F.when(F.col(_CODES).contains("_FUTURE"), of_its_day).otherwise(F.col("_row_hash")))
    return values.select(
        *[c for c in values.columns if c != _CODES],
        F.when(F.col(_CODES) == "", none).otherwise(F.split(F.col(_CODES), ",")).alias("_codes"),
        _bad(contract).alias("_bad"),
        _sequence(contract).alias("_seq"),
    )


def delivered_hash(contract: Contract) -> Column:
    """A digest of all texts of a delivered row, 32 hex digits."""
    return F.md5(F.concat_ws("\x1f", *[F.coalesce(F.col(c.name), F.lit("\x00")) for c in contract.delivered]))


def _concerned(contract: Contract, makers: dict[str, row_rules.Maker]) -> tuple[str, ...]:
    """The columns that rules over several columns may change or flag."""
    return tuple(dict.fromkeys(c for r in contract.row_rules if r.rule in makers for c in r.columns))


def _meant(contract: Contract, c: Field) -> str:
    """Where the delivered text of a column stands that its rule reads."""
    return _MEANT.format(c.name) if c.name in _concerned(contract, row_rules.TEXTS) else c.name


def _across_texts(contract: Contract, frame: DataFrame) -> DataFrame:
    """What stands in another column than it was meant for is moved, beside the delivered columns."""
    columns = _concerned(contract, row_rules.TEXTS)
    if not columns:
        return frame
    ready = frame.withColumns({_MEANT.format(c): F.col(c) for c in columns} | {_MOVED.format(c): no_codes() for c in columns})
    return row_rules.apply(ready, contract, row_rules.TEXTS, {c: _MEANT.format(c) for c in columns}, {c: _MOVED.format(c) for c in columns})


def _across_values(contract: Contract, frame: DataFrame) -> DataFrame:
    """What was read, put right by the rules over several columns; their codes behind those of the column itself."""
    moved, columns = _concerned(contract, row_rules.TEXTS), _concerned(contract, row_rules.VALUES)
    parsed = {c: F.col(_PARSED.format(c)) for c in (*moved, *columns)}
    if not parsed:
        return frame
    value, codes = ({c: name.format(c) for c in columns} for name in (_VALUE, _FOUND))
    held = {value[c]: parsed[c].getField("value") for c in columns} | {codes[c]: no_codes() for c in columns}
    judged = row_rules.apply(frame.withColumns(held), contract, row_rules.VALUES, value, codes) if columns else frame
    changed = {}
    for c in parsed:
        first = [F.col(_MOVED.format(c))] if c in moved else []
        last = [F.col(codes[c])] if c in columns else []
        read = F.col(value[c]) if c in columns else parsed[c].getField("value")
        told = codes_text(*first, parsed[c].getField("codes"), *last)
        changed[_PARSED.format(c)] = parsed[c].withField("value", read).withField("codes", told)
    return judged.withColumns(changed)


def _options(contract: Contract, c: Field, file_format: str, *, test_divisions: bool) -> Options:
    return Options(
        business_date=F.col("_business_date"),
        code_list=c.code_list,
        code_map=dict(c.code_map),
        minimum=c.minimum,
        maximum=c.maximum,
        physical_type=c.physical_type,
        units=dict(c.other_units),
        qualified=any(_qualifies(d, c) for d in contract.columns),
        keyed=c.rule == "address" and any(d.derived_from[:1] == (c.name,) for d in contract.columns),
        registrar=c.registrar,
        test_divisions=test_divisions,
        excel=file_format == "xlsx",
        json=file_format == "jsonl",
    )


def _value(contract: Contract, c: Field) -> Column:
    """The column of the contract: a delivered one is its parsed value, a derived one follows from its source's rule."""
    if c.delivered:
        return F.col(_PARSED.format(c.name)).getField("value").cast(c.physical_type)
    source = contract.column(c.derived_from[0])
    parsed = F.col(_PARSED.format(source.name))
    if source.rule == "identity" and c.name == f"{source.name}_raw":
        return F.col(source.name)
    if source.rule == "identity":
        error = F.regexp_extract(F.coalesce(parsed.getField("codes"), F.lit("")), "(E_[A-Z0-9_]+|W_CENTURY)", 1)
        return F.when(parsed.getField("value").isNull(), F.when(error == "", F.lit("E_NULL")).otherwise(error))
    if source.rule == "person_name":
        return names.compare_key(parsed.getField("value"))
    if source.rule == "division":
        return divisions.county_of(parsed.getField("value"))
    if _qualifies(c, source):
        return numbers.qualifier(F.col(source.name))
    if source.rule == "address":
        return parsed.getField("level" if c.name.endswith("_level") else "key")
    if source.rule == "organisation_name":
        return organisations.compare_key(parsed.getField("value"))
    if source.rule == "organisation_no":
        number = parsed.getField("value")
        return organisations.kind(number) if c.name.endswith("_kind") else organisations.code_of(number)
    raise ValueError(f"{contract.name}: column {c.name} derives from {source.name}, whose rule {source.rule} derives nothing")


def _qualifies(derived: Field, source: Field) -> bool:
    """The derived column says what stood beside the number."""
    return derived.derived_from[:1] == (source.name,) and derived.name == f"{source.name}_qualifier"


def _codes(contract: Contract) -> Column:
    """All codes of a row as one text `column:CODE,column:CODE`; a row that could not be read at all has only the reason of that."""
    parts = []
    for c in contract.delivered:
        parsed = F.col(_PARSED.format(c.name))
        codes = parsed.getField("codes")
        parts.append(F.concat(F.lit(f"{c.name}:"), F.replace(codes, F.lit(","), F.lit(f",{c.name}:"))))
        if c.required:
            missing = parsed.getField("value").isNull() & ~F.coalesce(codes.contains("E_"), F.lit(False))
            if c.name not in _identifying(contract):
                missing &= F.col("_op") != "D"
            parts.append(F.when(missing, F.lit(f"{c.name}:E_REQUIRED")))
    return F.coalesce(F.concat(F.lit("row:"), F.col("_defect")), F.concat_ws(",", *parts))


def _identifying(contract: Contract) -> tuple[str, ...]:
    """The columns a row cannot do without whatever it says: a delete may carry nothing else."""
    assert contract.delivery is not None
    return (*contract.key, *contract.delivery.sequence)


def _bad(contract: Contract) -> Column:
    """True when a code holds the row back: an error in a column whose contract says so, or an unreadable row."""
    holding = [c.name for c in contract.delivered if c.on_error == "quarantine"]
    of_deletes = [name for name in holding if name in _identifying(contract)]

    def held_by(columns: list[str]) -> Column:
        return F.col(_CODES).rlike("(^|,)(" + "|".join([*columns, "row"]) + "):E_")

    return F.when(F.col("_op") == "D", held_by(of_deletes)).otherwise(held_by(holding))


def _sequence(contract: Contract) -> Column:
    """What orders the versions of a key, later is greater; never arrival.

    Snapshots: the snapshot, then the source's own sequence. Others: the source's own sequence, then for equal ones the
    time at which the department made the extract; for changes then the row (B0: operation time, file, row). Two events
    under one key in one delivery stay undecided.
    """
    assert contract.delivery is not None
    own = [_ordered(contract.column(c)) for c in contract.delivery.sequence]
    if contract.delivery.mode == "full":
        parts = [snapshot(), *own]
    elif contract.delivery.format == "database":
        parts = [*own, F.col("_order")]
    elif contract.delivery.mode == "inc":
        parts = [*own, F.col("_extract_ts"), F.col("_order")]
    else:
        parts = [*own, F.col("_extract_ts")]
    return F.concat_ws("|", *[F.coalesce(p, F.lit("")) for p in parts])


def _ordered(c: Field) -> Column:
    """The column as text that sorts like its values. A time is `yyyyMMddHHmmss` of its own digits: to format it would be to
    move it, on engines that take a wall clock into the zone of the session first (02:30 did not exist on 1986-05-04)."""
    text = F.col(c.name).cast("string")
    return F.regexp_replace(F.substring(text, 1, 19), "[^0-9]", "") if c.logical_type == "timestamp" else text


def snapshot() -> Column:
    """The identity of a delivery in time, ordered: business date, then when it was extracted."""
    return F.concat_ws("|", F.col("_business_date").cast("string"), F.col("_extract_ts"))
