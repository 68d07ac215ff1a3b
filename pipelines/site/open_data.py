"""Open data: what of a release everybody may have, as CSV and Parquet, with a catalogue and a disclosure certificate.

Here: which datasets, their files, `datapackage.json` (Frictionless Data Package), `catalogue.jsonld` (DCAT-AP), `certificate.json`.
Not here: which counts are left out (`pipelines.site.suppression`), the page (`pipelines.site.render`).
Source: domain rules F2: L1 is open; statistics from ten persons on, without one of 85 % and more.

Open are the tables of the layers OPEN_LAYERS whose columns are all L1, the indicators of the pages, and the charts that say `open: true`.
Left out are the columns that name a delivered line, which nobody outside can open, and of a CSV geometries, which only programs read.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from assets.texts import Text
from contracts import Contract, Field
from pipelines.site.charts import Made
from pipelines.site.figures import Figure
from pipelines.site.names import certified, in_both
from pipelines.site.reading import Reading
from pipelines.site.seal import digest
from pipelines.site.suppression import DOMINANCE, LEAST, Fate

if TYPE_CHECKING:
    import pyarrow as pa

OPEN_LAYERS = ("reference", "base", "themes")
FOLDER = "open"
TYPES = {"string": "string", "integer": "integer", "number": "number", "boolean": "boolean", "date": "date", "timestamp": "datetime"}
"""Logical type of a contract -> type of a Frictionless table schema; other types are texts."""
INDICATORS = "indicators"
UNSAID = Text("", "")
"""The description of a column whose name says all."""
PARQUET = {"compression": "zstd", "compression_level": 19, "use_dictionary": False, "write_statistics": False, "store_schema": False}
"""The smallest files: zstd finds repeated values better than a dictionary does in a table of this size, and nobody skips parts of one."""
DELTA = "DELTA_BINARY_PACKED"
"""Parquet's encoding of integers, days and moments as differences."""
METHOD = (
    f"A count of 1 to {LEAST - 1}, and a sum to which one contributes {DOMINANCE:.0%} or more, is left out (small). Further cells are left "
    "out (secondary) until no cell that is left out can be recomputed from the cells and totals shown, and those of a row or column hide "
    "each other. The list does not say which are small: it would narrow them down. Differences between aggregates of different tables are "
    "not protected."
)


@dataclass(frozen=True)
class Column:
    """A column of a dataset. unit: as its contract writes it, "" without one."""

    name: str
    title: str
    type: str
    description: Text = UNSAID
    unit: str = ""


@dataclass(frozen=True)
class Hidden:
    """A cell that was left out of a dataset. Whether for its own sake or another's is not said: it would narrow it down."""

    dataset: str
    cell: str


@dataclass(frozen=True)
class Dataset:
    """A dataset with its files.

    Attributes:
        source: the table it is from, at a version of the release.
        columns: of the Parquet file; the CSV has those of `binary` not.
        files: name -> (bytes, SHA-256).
    """

    name: str
    title: Text
    source: str
    version: int
    contract_version: str
    columns: tuple[Column, ...]
    rows: int
    kind: str
    binary: tuple[str, ...] = ()
    files: dict[str, tuple[int, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class OpenData:
    """Everything that a release publishes. too_large: open tables with more rows than a folder of files takes."""

    datasets: tuple[Dataset, ...]
    hidden: tuple[Hidden, ...]
    withheld: tuple[str, ...]
    too_large: tuple[str, ...]


@cache
def about() -> dict[str, Any]:
    """Return publisher, licence, limits: open_data.yaml."""
    found: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("open_data.yaml").read_text(encoding="utf-8"))
    return found


def write_open_data(reading: Reading, charts: Iterable[Made], figures: Iterable[Figure], folder: Path) -> OpenData:
    """Write the datasets of a release below a folder, with their descriptions.

    Args:
        reading: the release.
        charts: of all pages.
        figures: of all pages.
        folder: of the site.
    """
    target = folder / FOLDER
    target.mkdir(parents=True)
    datasets, hidden, withheld, too_large = [], list[Hidden](), list[str](), list[str]()
    for contract in _open_tables(reading):
        if reading.count(contract.name) > about()["most_rows"]:
            too_large.append(contract.name)
        elif (rows := reading.rows(contract.name, [c.name for c in _published(contract)])) is not None:
            datasets.append(_of_table(reading, contract, rows, target))
    for made in charts:
        if made.chart.open:
            if made.withheld:
                withheld.append(made.chart.id)
            else:
                datasets.append(_of_chart(reading, made, target))
                hidden += [Hidden(made.chart.id, f"{category} × {series}") for category, series in made.hidden]
    found = list(figures)
    if found:
        datasets.append(_of_figures(reading, found, target))
        hidden += [
            Hidden(INDICATORS, f"{f.indicator.id} {f.basis} {period} {certified(p.code, p.division)}")
            for f in found
            for period, places in f.periods.items()
            for p in places.values()
            if p.hidden is not Fate.SHOWN
        ]
    made_data = OpenData(tuple(datasets), tuple(hidden), tuple(withheld), tuple(too_large))
    _describe(reading, made_data, target)
    return made_data


def _open_tables(reading: Reading) -> list[Contract]:
    return [
        c
        for name, c in sorted(reading.contracts.items())
        if c.layer in OPEN_LAYERS and reading.has(name) and all(f.classification == "L1" for f in c.columns)
    ]


def _published(contract: Contract) -> list[Field]:
    """The columns of an open table but those that say which delivered line a row is from."""
    return [c for c in contract.columns if not c.name.startswith("_")]


def _of_table(reading: Reading, contract: Contract, rows: pa.Table, target: Path) -> Dataset:
    rows = rows.sort_by([(c, "ascending") for c in contract.key])
    columns = tuple(
        Column(c.name, c.title, TYPES.get(c.logical_type, "string"), in_both(c.description), c.unit) for c in _published(contract)
    )
    name = contract.name.replace("/", "-")
    title = Text(contract.title, contract.purpose.rstrip(".") or contract.title)
    return _written(reading, name, title, contract, columns, rows, target, "table")


def _of_chart(reading: Reading, made: Made, target: Path) -> Dataset:
    """The cells of a chart in long form, without those left out; so are totals."""
    import pyarrow as pa

    chart = made.chart
    first = chart.group[0] if chart.group else "rows_alike"
    heads = [first, f"{first}_title", *([chart.group[1], f"{chart.group[1]}_title"] if len(chart.group) > 1 else []), chart.measure.value]
    lines = []
    for i, category in enumerate(made.categories):
        for j, series in enumerate(made.series):
            if made.fate(i, j) is Fate.SHOWN:
                named = [made.series_keys[j], series.zh] if len(chart.group) > 1 else []
                lines.append([made.keys[i], category.zh, *named, made.shown(i, j)])
    rows = pa.Table.from_pylist([dict(zip(heads, line, strict=True)) for line in lines] or [dict.fromkeys(heads)])
    columns = tuple(Column(h, h, "number" if h == chart.measure.value else "string") for h in heads)
    return _written(reading, chart.id, chart.title, made.contract, columns, rows, target, "aggregate")


def _of_figures(reading: Reading, figures: Sequence[Figure], target: Path) -> Dataset:
    import pyarrow as pa

    heads = ("table", "indicator", "title", "basis", "period_kind", "period", "division", "numerator", "denominator", "value", "unit",
             "target", "rule_version")  # fmt: skip
    lines = [
        (f.table, f.indicator.id, f.indicator.zh, f.basis, f.period_kind, period, p.division.zh, p.numerator, p.denominator,
         None if p.value is None else float(p.value), f.indicator.unit, None if f.target is None else float(f.target), f.rule_version)
        for f in figures for period, places in f.periods.items() for p in places.values() if p.hidden is Fate.SHOWN
    ]  # fmt: skip
    rows = pa.Table.from_pylist([dict(zip(heads, line, strict=True)) for line in lines])
    kinds = {"numerator": "integer", "denominator": "integer", "value": "number", "target": "number"}
    columns = tuple(Column(h, h, kinds.get(h, "string")) for h in heads)
    return _written(reading, INDICATORS, Text("指标", "Indicators"), figures[0].contract, columns, rows, target, "aggregate")


def _written(
    reading: Reading, name: str, title: Text, contract: Contract, columns: tuple[Column, ...], rows: pa.Table, target: Path, kind: str
) -> Dataset:  # fmt: skip
    import pyarrow as pa
    import pyarrow.parquet as pq

    counted = {f.name: DELTA for f in rows.schema if pa.types.is_integer(f.type) or pa.types.is_temporal(f.type)}
    pq.write_table(rows, target / f"{name}.parquet", column_encoding=counted or None, **PARQUET)
    files, binary = [f"{name}.parquet"], tuple(f.name for f in rows.schema if pa.types.is_binary(f.type))
    if rows.num_rows <= about()["most_csv_rows"]:
        files.append(f"{name}.csv")
        plain = rows.drop_columns(list(binary))
        with (target / files[-1]).open("w", encoding="utf-8", newline="") as opened:
            writer = csv.writer(opened)
            writer.writerow(plain.column_names)
            writer.writerows([_csv(v) for v in r.values()] for r in plain.to_pylist())
    stated = {f: ((target / f).stat().st_size, digest(target / f)) for f in files}
    version = reading.release.versions[contract.name]
    return Dataset(name, title, contract.name, version, contract.version, columns, rows.num_rows, kind, binary, stated)


def _csv(value: Any) -> Any:
    """A value as CSV: arrays joined by |, times in ISO format."""
    if isinstance(value, list):
        return "|".join(str(v) for v in value)
    if isinstance(value, date | datetime | time):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


def _describe(reading: Reading, data: OpenData, target: Path) -> None:
    """Write datapackage.json, catalogue.jsonld and certificate.json."""
    release, said = reading.release, about()
    _json(target / "datapackage.json", {
        "profile": "tabular-data-package", "name": f"cloud-yangzhou-release-{release.number}", "title": said["title"]["zh"],
        "description": said["description"]["zh"], "version": str(release.number), "created": release.as_of.isoformat(),
        "licenses": [{"name": said["licence"]["id"], "title": said["licence"]["title"], "path": said["licence"]["url"]}],
        "contributors": [{"title": said["publisher"]["zh"], "role": "publisher"}],
        "resources": [_resource(d, file) for d in data.datasets for file in d.files],
    })  # fmt: skip
    _json(target / "catalogue.jsonld", _dcat(reading, data))
    _json(target / "certificate.json", {
        "release": release.number, "as_of": release.as_of.isoformat(), "least": LEAST, "dominance": DOMINANCE, "method": METHOD,
        "datasets": [d.name for d in data.datasets if d.kind == "aggregate"], "withheld": list(data.withheld),
        "suppressed": [{"dataset": h.dataset, "cell": h.cell} for h in data.hidden],
    })  # fmt: skip


def _resource(d: Dataset, file: str) -> dict[str, Any]:
    """One file of a dataset. A Parquet file has its columns' types in itself, so they are described once, unless the CSV lacks some."""
    size, sha = d.files[file]
    kind = file.rsplit(".", 1)[1]
    described = {"schema": {"fields": _fields(d, kind)}} if kind == "csv" or d.binary or len(d.files) == 1 else {}
    return {
        "name": file.replace(".", "-").lower(), "path": file, "title": d.title.zh, "format": kind, "bytes": size,
        "hash": f"sha256:{sha}", "encoding": "utf-8", **described,
        "sources": [{"title": f"{d.source} version {d.version}, contract {d.contract_version}"}],
    }  # fmt: skip


def _fields(d: Dataset, kind: str) -> list[dict[str, str]]:
    """The columns of a file; `unit` and `description_en` are properties beyond those of the standard, which allows them."""
    facts = [
        {
            "name": c.name,
            "title": c.title,
            "description": c.description.zh,
            "description_en": c.description.en if c.description.en != c.description.zh else "",
            "type": c.type,
            "unit": c.unit,
        }
        for c in d.columns
        if kind != "csv" or c.name not in d.binary
    ]
    return [{k: v for k, v in f.items() if v} for f in facts]


MEDIA = {
    "csv": "https://www.iana.org/assignments/media-types/text/csv",
    "parquet": "https://www.iana.org/assignments/media-types/application/vnd.apache.parquet",
}


DCT, DCAT, SPDX = "http://purl.org/dc/terms/", "http://www.w3.org/ns/dcat#", "http://spdx.org/rdf/terms#"
CONTEXT = {
    "dcat": DCAT, "dct": DCT, "foaf": "http://xmlns.com/foaf/0.1/", "spdx": SPDX, "xsd": "http://www.w3.org/2001/XMLSchema#",
    **{term: {"@id": iri, "@container": "@language"} for term, iri in (
        ("dct:title", f"{DCT}title"), ("dct:description", f"{DCT}description"), ("foaf:name", "http://xmlns.com/foaf/0.1/name"))},
    **{term: {"@id": iri, "@type": "@id"} for term, iri in (
        ("dct:publisher", f"{DCT}publisher"), ("dct:license", f"{DCT}license"), ("dct:spatial", f"{DCT}spatial"),
        ("dct:language", f"{DCT}language"), ("dcat:accessURL", f"{DCAT}accessURL"), ("dcat:downloadURL", f"{DCAT}downloadURL"),
        ("dcat:mediaType", f"{DCAT}mediaType"), ("spdx:algorithm", f"{SPDX}algorithm"))},
    "dct:issued": {"@id": f"{DCT}issued", "@type": "xsd:date"},
    "dcat:byteSize": {"@id": f"{DCAT}byteSize", "@type": "xsd:nonNegativeInteger"},
    "spdx:checksumValue": {"@id": f"{SPDX}checksumValue", "@type": "xsd:hexBinary"},
}  # fmt: skip
"""Of the JSON-LD: which values are addresses, of a language, or of a type, so that they need not say so one by one."""


def _dcat(reading: Reading, data: OpenData) -> dict[str, Any]:
    """The catalogue as DCAT-AP 3 in JSON-LD. Addresses are relative: the folder says where it is."""
    said, issued = about(), reading.release.as_of.isoformat()
    licence = said["licence"]["url"]
    return {
        "@context": CONTEXT, "@id": "catalogue.jsonld", "@type": "dcat:Catalog", "dct:title": said["title"],
        "dct:description": said["description"],
        "dct:publisher": {"@id": "#publisher", "@type": "foaf:Agent", "foaf:name": said["publisher"]},
        "dct:license": licence, "dct:issued": issued,
        "dct:language": [f"http://publications.europa.eu/resource/authority/language/{code}" for code in ("ZHO", "ENG")],
        "dcat:dataset": [
            {
                "@id": f"#{d.name}", "@type": "dcat:Dataset", "dct:identifier": d.name, "dct:title": vars(d.title),
                "dct:description": vars(d.title), "dct:publisher": "#publisher", "dct:issued": issued, "dct:spatial": said["place"],
                "dct:provenance": {"@type": "dct:ProvenanceStatement", "dct:description": {
                    "en": f"release {reading.release.number}, {d.source} version {d.version}, contract {d.contract_version}"}},
                "dcat:distribution": [
                    {
                        "@id": f"#{file}", "@type": "dcat:Distribution", "dcat:accessURL": file, "dcat:downloadURL": file,
                        "dct:license": licence, "dcat:mediaType": MEDIA[file.rsplit(".", 1)[1]], "dcat:byteSize": str(size),
                        "spdx:checksum": {"@type": "spdx:Checksum", "spdx:algorithm": "spdx:checksumAlgorithm_sha256",
                                          "spdx:checksumValue": sha},
                    }
                    for file, (size, sha) in d.files.items()
                ],
            }
            for d in data.datasets
        ],
    }  # fmt: skip


def _json(file: Path, content: Any) -> None:
    file.write_text(json.dumps(content, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")
