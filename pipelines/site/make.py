"""Making the site of a release: what is on which page, then the seal.

Here: the pages one by one. Not here: computing what they show (the modules beside), how they look (`templates`, `static`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from assets.pages import Page, declared_pages
from assets.texts import Text
from pipelines.control.sites import Sites
from pipelines.site.catalogue import TableFacts, catalogue
from pipelines.site.charts import Made, make_chart
from pipelines.site.deliveries import Quarantine, SourceFacts, quarantine, refused, source_facts
from pipelines.site.figures import Figure, figures
from pipelines.site.maps import counties, waters
from pipelines.site.night import Night, night
from pipelines.site.open_data import about, write_open_data
from pipelines.site.reading import Reading
from pipelines.site.render import Site, drawn, owner, plain_chart, texts
from pipelines.site.seal import MANIFEST, seal
from pipelines.site.shared import lineage, site_facts
from resources.errors import CitylakeError
from resources.settings import Settings

INDEX, CATALOGUE, DELIVERIES, NIGHT, OPEN = "index.html", "catalogue.html", "deliveries.html", "night.html", "open-data.html"
SLOWEST = 15


@dataclass(frozen=True)
class MadeSite:
    """A site that was made."""

    folder: Path
    release: int
    pages: int
    files: int
    bytes: int
    root: str

    @property
    def index(self) -> Path:
        """The page where it begins."""
        return self.folder / INDEX


@dataclass(frozen=True)
class MadePage:
    """A declared page with its figures and charts; of a chart without its table only the declaration."""

    page: Page
    figures: tuple[Figure, ...]
    charts: tuple[tuple[Any, Made | None], ...]

    @property
    def divisions(self) -> list[Text]:
        """The divisions of its figures, the city first."""
        return list(dict.fromkeys(division for f in self.figures for places in f.periods.values() for division in places))

    @property
    def main(self) -> list[Figure]:
        """The figures that the city's page shows: on the basis that counts after the cleaning, where there is one."""
        found = [f for name in self.page.main for f in self.figures if f.indicator.id == name]
        return [f for f in found if f.basis == "clean" or not any(o.basis == "clean" and o.indicator == f.indicator for o in found)]


def make_site(settings: Settings, folder: Path, number: int | None = None, unwritten: Sequence[Mapping[str, Any]] = ()) -> MadeSite:
    """Write the site of a release into a folder, seal it, and record the seal in `operations/site`.

    Args:
        settings: of the installation.
        folder: an earlier site there is replaced.
        number: of the release; None: the newest.
        unwritten: rows of the profile that the run at work has not written down yet.

    Raises:
        CitylakeError: there is no such release, or the folder holds something else than a site.
        ContractError: a page.yaml is wrong.
    """
    reading, folder = Reading.of(settings, number, unwritten), folder.expanduser().resolve()
    with _in_place_of(folder) as target:
        made = _write(reading, target)
    Sites(reading.lake).record(made.release, made.root, made.files, made.bytes)
    return replace(made, folder=folder)


def _write(reading: Reading, target: Path) -> MadeSite:
    """Write the pages into an empty folder and seal them."""
    pages = [_made(p, reading) for p in declared_pages() if any(reading.has(table) for table in p.own_tables)]
    shapes = counties(reading)
    site = Site(
        target,
        {
            "release": reading.release,
            "before": reading.before,
            "menu": _menu(pages),
            "has_map": shapes is not None,
            "ui": reading.settings.ui_url,
        },
    )
    site.statics()
    if shapes is not None:
        site.script("data/map.js", "CITYLAKE_MAP", {"counties": shapes, "waters": waters(reading)})
    tables = catalogue(reading)
    site.script("data/site.js", "CITYLAKE_SITE", site_facts(reading, tables, _menu(pages)))
    site.script("data/lineage.js", "CITYLAKE_LINEAGE", lineage(tables))
    sources, quarantined, slept = source_facts(reading), quarantine(reading), night(reading)
    _city(site, reading, pages, quarantined, slept)
    for made in pages:
        _theme(site, reading, made)
    _deliveries(site, reading, sources, quarantined)
    _night(site, slept)
    _catalogue(site, reading, tables)
    charts = [made for page in pages for _, made in page.charts if made is not None]
    data = write_open_data(reading, charts, [f for page in pages for f in page.figures], target)
    site.page(OPEN, "open.html", open_data=data, about=about())
    root = seal(target, {"release": reading.release.number, "as_of": reading.release.as_of.isoformat()})
    sizes = [f.stat().st_size for f in target.rglob("*") if f.is_file()]
    return MadeSite(target, reading.release.number, sum(p.endswith(".html") for p in site.written), len(sizes), sum(sizes), root)


@contextmanager
def _in_place_of(folder: Path) -> Iterator[Path]:
    """An empty folder beside, which takes the place of `folder` in the end: whoever reads an earlier site there finds it until then.

    Only an earlier site is replaced.
    """
    if folder.exists() and any(folder.iterdir()) and not (folder / MANIFEST).is_file():
        what = "the folder is not empty and holds no site"
        raise CitylakeError("SITE_FOLDER", what, str(folder), "Choose another one: --folder, or the setting `site`")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as beside:
        made, before = Path(beside, "made"), Path(beside, "before")
        made.mkdir()
        yield made
        if folder.exists():
            folder.rename(before)
        made.rename(folder)


def _made(page: Page, reading: Reading) -> MadePage:
    return MadePage(page, tuple(figures(page, reading)), tuple((chart, make_chart(chart, reading)) for chart in page.charts))


def _menu(pages: Sequence[MadePage]) -> list[tuple[str, Any]]:
    themes = [(f"{p.page.name}.html", p.page.title) for p in pages]
    own = [(DELIVERIES, "deliveries"), (NIGHT, "night"), (CATALOGUE, "catalogue"), (OPEN, "open")]
    return [(INDEX, texts()["city"]), *themes, *((path, texts()[key]) for path, key in own)]


def _of_figure(reading: Reading, figure: Figure) -> dict[str, Any]:
    """What answers for a figure besides itself."""
    return {"delivered": bool(reading.delivered(figure.table)), "version": reading.release.versions[figure.table]}


def _course(figure: Figure) -> dict[str, Any]:
    points = [Text(name, name) for name, _ in figure.course]
    name = Text(figure.indicator.zh, figure.indicator.en)
    return plain_chart("spark", name, points, {name: [None if v is None else float(v) for _, v in figure.course]})


def _city(site: Site, reading: Reading, pages: Sequence[MadePage], quarantined: Quarantine, slept: Night) -> None:
    data = {f"{p.page.name}-{f.indicator.id}-{f.basis}": _course(f) for p in pages for f in p.main}
    totals = [sum(of) for of in zip(*quarantined.departments.values(), strict=True)] if quarantined.departments else []
    came = sum(r["rows_in"] for r in slept.batches if r["table"].startswith("raw/"))
    site.page(
        INDEX, "city.html", data=data, pages=pages, came=came, standing=totals[-1] if totals else 0, slept=slept,
        answers=lambda f: _of_figure(reading, f),
    )  # fmt: skip


def _theme(site: Site, reading: Reading, made: MadePage) -> None:
    data: dict[str, Any] = {f"{made.page.name}-{f.indicator.id}-{f.basis}": _course(f) for f in made.figures}
    data |= {chart.id: picture for chart, found in made.charts if found is not None and (picture := drawn(found))}
    site.page(
        f"{made.page.name}.html", "theme.html", data=data, made=made, delivered=reading.delivered, batch_tables=reading.batch_tables,
        answers=lambda f: _of_figure(reading, f),
    )  # fmt: skip


def _deliveries(site: Site, reading: Reading, sources: Sequence[SourceFacts], found: Quarantine) -> None:
    nights = [Text(str(n), str(n)) for n in found.nights]
    owners = {c.domain: owner(c.owner_title) for c in reading.sources.values()}
    by_department = {owners.get(d, Text(d, d)): rows for d, rows in found.departments.items()}
    data = {"quarantine": plain_chart("bar" if len(nights) < 3 else "line", texts()["quarantine_by_department"], nights, by_department)}
    came = [(s, b) for s in sources for b in s.batches if b.as_of == reading.release.as_of]
    site.page(
        DELIVERIES, "deliveries.html", data=data if nights else None, sources=sources, came=came, refused=refused(reading),
        quarantine=found, by_department=by_department,
    )  # fmt: skip
    for source in sources:
        site.page(f"ledger/{source.contract.name.replace('/', '-')}.html", "ledger.html", source=source)


def _night(site: Site, slept: Night) -> None:
    slowest = slept.steps[:SLOWEST]
    data = {
        "by_table": plain_chart(
            "bar", texts()["time_by_table"], [Text(r["table"], r["table"]) for r in slowest],
            {texts()["seconds"]: [round(r["seconds_total"], 2) for r in slowest]},
        ),
        "by_part": plain_chart(
            "bar", texts()["time_by_part"], [texts()[f"part_{p}"] for p in slept.parts], {texts()["seconds"]: slept.parts.values()}
        ),
    }  # fmt: skip
    site.page(NIGHT, "night.html", data=data if slept.steps else None, slept=slept)


def _catalogue(site: Site, reading: Reading, tables: Sequence[TableFacts]) -> None:
    rules = {c.rule.name: c.rule for table in tables for c in table.columns if c.rule is not None}
    site.page(CATALOGUE, "catalogue.html", tables=tables, rules=[rule for _, rule in sorted(rules.items())])
    for table in tables:
        site.page(
            f"catalogue/{table.contract.name.replace('/', '-')}.html", "table.html", table=table,
            delivered=bool(reading.delivered(table.contract.name)), delivered_here=table.contract.name in reading.sources,
        )  # fmt: skip
