"""XML extracts of interfaces and hotlines: one element per record, its children and attributes are the columns.

Here: finding the records, elements to text. Not here: what the values mean.

The records are all elements at one place of the tree: the elements that the contract names (`record`), else the first whose children
and attributes are, by half at least, columns of the contract. Names count without their namespace; an attribute of a column's element is
a column of its own, `name@attribute`. A column that is absent or nil is NULL, an empty element is an empty text, an element with elements
inside is their XML. `_row_no` is the number of the record. A document type is refused, so entities are never expanded or fetched.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
from lxml import etree

from contracts.model import Contract
from resources.errors import DeliveryRejected
from resources.readers import records
from resources.readers.batch import E_COLUMNS, Defect
from resources.readers.header import as_agreed, known, reject
from resources.readers.manifest import delivery_of
from resources.readers.streams import BOM, CHUNK, DataFile

INSTANCE = "{http://www.w3.org/2001/XMLSchema-instance}"
NIL = f"{INSTANCE}nil"
KNOWN_SHARE = 0.5


class _NotARecordError(ValueError):
    pass


def _name(tag: Any) -> str:
    return str(etree.QName(tag).localname)


def _attributes(element: Any) -> list[tuple[str, str]]:
    return [(_name(k), v) for k, v in element.attrib.items() if not k.startswith(INSTANCE)]


def _names(element: Any) -> list[str]:
    return [*(n for n, _ in _attributes(element)), *(_name(child.tag) for child in element)]


def _value(element: Any) -> str | None:
    if len(element):
        return str(etree.tostring(element, encoding="unicode", with_tail=False)).strip()
    return None if element.get(NIL) in ("true", "1") else element.text or ""


def _record(element: Any) -> dict[str, str | None]:
    """The columns of a record. Raises _NotARecordError for text between them and for a column given twice."""
    pairs: list[tuple[str, str | None]] = [*_attributes(element)]
    for child in element:
        pairs.append((_name(child.tag), _value(child)))
        pairs += [(f"{_name(child.tag)}@{n}", v) for n, v in _attributes(child)]
    record = dict(pairs)
    if len(record) < len(pairs) or any((t or "").strip() for t in (element.text, *(c.tail for c in element))):
        raise _NotARecordError
    return record


def _parsed(file: DataFile) -> Iterator[tuple[str, Any]]:
    """The start and end of every element, strictly decoded whatever encoding the file says of itself."""
    decoder = codecs.getincrementaldecoder(file.codec)("strict")
    parser = etree.XMLPullParser(
        ("start", "end"), encoding="utf-8", resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False,
        remove_comments=True, remove_pis=True,
    )  # fmt: skip
    with file.lines() as stream:
        first = True
        while octets := stream.read(CHUNK):
            try:
                text = decoder.decode(octets)
            except UnicodeDecodeError:
                raise file.wrong_encoding() from None
            try:
                parser.feed((text.removeprefix(BOM).lstrip() if first else text).encode())
            except etree.XMLSyntaxError as e:
                raise _wrong(f"the file is not XML in line {e.lineno}: {str(e.msg).split(', line ')[0]}", file.where) from None
            first = False
            yield from parser.read_events()
        try:
            decoder.decode(b"", final=True)
            parser.close()
        except (UnicodeDecodeError, etree.XMLSyntaxError) as e:
            if getattr(e, "code", None) == etree.ErrorTypes.ERR_INTERNAL_ERROR:
                raise _wrong("the file is not XML: it has an entity, such as &nbsp;, that XML does not define", file.where) from None
            what = "the file stops before the end of its XML"
            raise DeliveryRejected("DELIVERY_TRUNCATED", what, file.where, "Deliver the whole file again") from None
        yield from parser.read_events()


def _wrong(what: str, where: str) -> DeliveryRejected:
    return DeliveryRejected("DELIVERY_FORMAT", what, where, "Deliver well-formed XML without a document type")


def _is_record(element: Any, contract: Contract) -> bool:
    names = _names(element)
    return bool(names) and sum(n in known(contract) for n in as_agreed(names, contract)) >= KNOWN_SHARE * len(names)


def _records(contract: Contract, file: DataFile) -> Iterator[Any]:
    """The elements of the records, each released once the next is asked for."""
    agreed, place = delivery_of(contract).record, None
    path: list[str] = []
    passed: set[tuple[str, ...]] = set()
    """The places of elements before the first record."""
    for event, element in _parsed(file):
        if event == "start":
            if not path and element.getroottree().docinfo.doctype:
                raise _wrong("the file has a document type (DOCTYPE)", file.where)
            path.append(_name(element.tag))
            continue
        here = tuple(path)
        path.pop()
        if place is None and (here[-1] == agreed if agreed else _is_record(element, contract)):
            place = here
            if here in passed:
                raise reject(f"the first element {here[-1]!r} has not the contract's columns", file.where)
        if place is None:
            passed.add(here)
        elif len(here) <= len(place):
            if here == place:
                yield element
            element.clear(keep_tail=False)
            while element.getprevious() is not None:
                del element.getparent()[0]
    if place is None:
        named = f"named {agreed!r}" if agreed else "whose children are columns of the contract"
        raise reject(f"there is no element {named}", file.where)


def read(contract: Contract, file: DataFile) -> Iterator[pa.RecordBatch]:
    """Rows of the file; an element that is not one record becomes a defect row.

    Raises DeliveryRejected: DELIVERY_FORMAT, DELIVERY_HEADER, DELIVERY_ENCODING, DELIVERY_TRUNCATED, and what the stream raises.
    """
    return records.batches(contract, file, _read(contract, file), "record")


def _read(contract: Contract, file: DataFile) -> Iterator[records.Record | Defect]:
    for number, element in enumerate(_records(contract, file) if file.size else (), 1):
        try:
            yield number, _record(element)
        except _NotARecordError:
            yield Defect(number, E_COLUMNS, _value(element) or "")
