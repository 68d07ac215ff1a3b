"""Row rules: parse delivered strings into typed columns, and attach the codes of what is wrong with each row.

Here: what a contract asks of one row. Not here: what needs more than one row (`assets.cleansed`), how a kind of value is parsed
(`standards`).

`_codes` lists `column:CODE`. `F_` is a repair, `W_` a warning, `E_` a value that could not be kept (it is NULL, its raw value is in
the raw table). The contract decides what an `E_` does to the row: in a key or required column it quarantines the row (`_bad`),
elsewhere it stays on the row as a flag.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from contracts import Contract, Field, SourceContract
from contracts.model import Format, Mode, OnError
from contracts.registry import ROW_RULES
from quality import row_rules
from quality.lineage import LINEAGE
from standards.moments import digits
from standards.rules import RULES, Options, parse
from standards.text import codes_text, no_codes

_PARSED = "_parsed_{}"
_MEANT, _MOVED = "_meant_{}", "_moved_{}"
_VALUE, _FOUND = "_value_{}", "_found_{}"
_CODES = "_codes_text"


def typed(contract: SourceContract, raw: DataFrame, *, test_divisions: bool) -> DataFrame:
    """Parse delivered strings into the contract's columns, plus `_codes array<string>`, `_bad boolean`, `_row_hash string`, `_seq string`.

    `_row_hash` is equal for equal delivered rows; `_seq` orders the versions of one key, later is greater. In a snapshot the hash of a
    row with a date in the future includes the business date, because its codes change as the days pass.

    Args:
        contract: the table's contract.
        raw: one string column per delivered column of the contract, and the columns of `raw/...` tables.
        test_divisions: the county 321099 of test data counts as a county.
    """
    hashed = raw.withColumn("_row_hash", delivered_hash(contract))
    rules = {
        _PARSED.format(c.name): (
            c.rule or "text",
            _meant(contract, c),
            _options(contract, c, contract.delivery.format, test_divisions=test_divisions),
        )
        for c in contract.delivered
    }
    parsed = _multi_column_values(contract, parse(_multi_column_texts(contract, hashed), rules))
    about = (*LINEAGE, "_extract_ts", "_op", "_order", "_row_hash")
    values = parsed.select(*[_value(contract, c).alias(c.name) for c in contract.columns], _codes(contract).alias(_CODES), *about)
    none = F.array().cast("array<string>")
    if contract.delivery.mode == Mode.FULL:
        of_its_day = F.md5(F.concat_ws("|", "_row_hash", F.col("_business_date").cast("string")))
        values = values.withColumn("_row_hash", F.when(F.col(_CODES).contains("_FUTURE"), of_its_day).otherwise(F.col("_row_hash")))
    return values.select(
        *[c.name for c in contract.columns],
        *about,
        F.when(F.col(_CODES) == "", none).otherwise(F.split(F.col(_CODES), ",")).alias("_codes"),
        _bad(contract).alias("_bad"),
        _sequence(contract).alias("_seq"),
    )


def delivered_hash(contract: Contract) -> Column:
    """Return the digest of all delivered strings of a row, 32 hexadecimal digits."""
    return F.md5(F.concat_ws("\x1f", *[F.coalesce(F.col(c.name), F.lit("\x00")) for c in contract.delivered]))


def _concerned(contract: Contract, makers: dict[str, row_rules.Maker]) -> tuple[str, ...]:
    """Return the columns that multi-column rules may change or flag."""
    return tuple(dict.fromkeys(c for r in contract.row_rules if r.rule in makers for c in r.columns))


def _meant(contract: Contract, c: Field) -> str:
    """Return the frame's column with the delivered string that the rule of `c` parses."""
    return _MEANT.format(c.name) if c.name in _concerned(contract, row_rules.TEXTS) else c.name


def _multi_column_texts(contract: Contract, frame: DataFrame) -> DataFrame:
    """Move strings delivered in the wrong column, into copies of the delivered columns."""
    columns = _concerned(contract, row_rules.TEXTS)
    if not columns:
        return frame
    ready = frame.withColumns({_MEANT.format(c): F.col(c) for c in columns} | {_MOVED.format(c): no_codes() for c in columns})
    return row_rules.apply(ready, contract, row_rules.TEXTS, {c: _MEANT.format(c) for c in columns}, {c: _MOVED.format(c) for c in columns})


def _multi_column_values(contract: Contract, frame: DataFrame) -> DataFrame:
    """Apply the multi-column rules to parsed values; their codes follow those of the column's own rule."""
    moved, columns = _concerned(contract, row_rules.TEXTS), _concerned(contract, row_rules.VALUES)
    parsed = {c: F.col(_PARSED.format(c)) for c in (*moved, *columns)}
    if not parsed:
        return frame
    value, codes = ({c: name.format(c) for c in columns} for name in (_VALUE, _FOUND))
    ready = {value[c]: parsed[c].getField("value") for c in columns} | {codes[c]: no_codes() for c in columns}
    judged = row_rules.apply(frame.withColumns(ready), contract, row_rules.VALUES, value, codes) if columns else frame
    changed = {}
    for c in parsed:
        first = [F.col(_MOVED.format(c))] if c in moved else []
        last = [F.col(codes[c])] if c in columns else []
        read = F.col(value[c]) if c in columns else parsed[c].getField("value")
        found = codes_text(*first, parsed[c].getField("codes"), *last)
        changed[_PARSED.format(c)] = parsed[c].withField("value", read).withField("codes", found)
    return judged.withColumns(changed)


def _options(contract: Contract, c: Field, file_format: Format, *, test_divisions: bool) -> Options:
    return Options(
        business_date=F.col("_business_date"),
        code_list=c.code_list,
        code_map=dict(c.code_map),
        minimum=c.minimum,
        maximum=c.maximum,
        physical_type=c.physical_type,
        units=dict(c.other_units),
        companions=tuple(companions_of(contract, c).values()),
        registrar=c.registrar,
        date_format=c.date_format,
        digits=c.digits,
        crs=c.crs,
        test_divisions=test_divisions,
        excel=file_format in (Format.XLSX, Format.XLS),
        json=file_format == Format.JSONL,
    )


def _value(contract: Contract, c: Field) -> Column:
    """Return the value of a column: parsed when delivered, else derived by the rule of its source."""
    if c.delivered:
        return F.col(_PARSED.format(c.name)).getField("value").cast(c.physical_type)
    source = contract.column(c.derived_from[0])
    suffix = companions_of(contract, source)[c.name]
    return RULES[source.rule or ""].companions[suffix](F.col(source.name), F.col(_PARSED.format(source.name)))


def companions_of(contract: Contract, source: Field) -> dict[str, str]:
    """Return the contract's columns derived with the rule of `source`: column -> suffix of the companion."""
    named = {c.name(source.name): c.suffix for c in ROW_RULES[source.rule or ""].companions}
    return {d.name: named[d.name] for d in contract.columns if d.derived_from[:1] == (source.name,) and d.name in named}


def _codes(contract: SourceContract) -> Column:
    """Return all codes of a row as one text `column:CODE,column:CODE`; an unreadable row has only the code of its defect."""
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


def _identifying(contract: SourceContract) -> tuple[str, ...]:
    """Return the columns every row needs; a delete may carry nothing else."""
    return (*contract.key, *contract.delivery.sequence)


def _bad(contract: SourceContract) -> Column:
    """True when the row goes to quarantine: an error in a column with `onError: quarantine`, or an unreadable row."""
    strict = [c.name for c in contract.delivered if c.on_error == OnError.QUARANTINE]
    of_deletes = [name for name in strict if name in _identifying(contract)]

    def error_in(columns: list[str]) -> Column:
        return F.col(_CODES).rlike("(^|,)(" + "|".join([*columns, "row"]) + "):E_")

    return F.when(F.col("_op") == "D", error_in(of_deletes)).otherwise(error_in(strict))


def _sequence(contract: SourceContract) -> Column:
    """Return what orders the versions of a key, later is greater; never the time of arrival.

    Snapshots: the snapshot, then the source's own sequence. Others: the source's own sequence, then for equal ones the
    time at which the department made the extract; for changes then the row (domain rules B0: operation time, file, row). Two events
    under one key in one delivery stay undecided.
    """
    own = [_ordered(contract.column(c)) for c in contract.delivery.sequence]
    if contract.delivery.mode == Mode.FULL:
        parts = [snapshot(), *own]
    elif contract.delivery.format == Format.DATABASE:
        parts = [*own, F.col("_order")]
    elif contract.delivery.mode == Mode.INC:
        parts = [*own, F.col("_extract_ts"), F.col("_order")]
    else:
        parts = [*own, F.col("_extract_ts")]
    return F.concat_ws("|", *[F.coalesce(p, F.lit("")) for p in parts])


def _ordered(c: Field) -> Column:
    """Return the column as text that sorts like its values."""
    return digits(F.col(c.name)) if c.logical_type == "timestamp" else F.col(c.name).cast("string")


def snapshot() -> Column:
    """Return the ordered identity of a snapshot: business date, then time of extraction."""
    return F.concat_ws("|", F.col("_business_date").cast("string"), F.col("_extract_ts"))
