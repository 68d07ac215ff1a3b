"""The site of a small lake: links, figures, languages, nobody's values, and the seal."""

from __future__ import annotations

import json
import random
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import shapely
import yaml
from lxml import html
from typer.testing import CliRunner

import assets
from assets.indicators import read_indicators
from assets.pages import Page, declared_pages
from assets.texts import Text
from contracts import load_all
from pipelines.cli.main import app
from pipelines.site import make, names, render
from pipelines.site.charts import make_chart
from pipelines.site.make import MadeSite, make_site
from pipelines.site.maps import waters
from pipelines.site.reading import Reading
from pipelines.site.seal import MANIFEST, digests, root_of
from resources.errors import CitylakeError
from resources.lake import Lake
from resources.settings import Settings
from tests.site.lakes import ARCHIVE, DELIVERED, INDICATOR, PLANTED, SERVICE, make_lake
from tests.site.test_pages import TITLE, read

LEFT_OUT = "＊"
CHINESE = re.compile("[\u4e00-\u9fff]")


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return make_lake(tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="module")
def site(lake: Settings, tmp_path_factory: pytest.TempPathFactory) -> MadeSite:
    return make_site(lake, tmp_path_factory.mktemp("made") / "site")


@pytest.fixture(scope="module")
def pages(site: MadeSite) -> dict[str, Any]:
    files = sorted(site.folder.rglob("*.html"))
    return {f.relative_to(site.folder).as_posix(): html.document_fromstring(f.read_text(encoding="utf-8")) for f in files}


def test_every_link_leads_to_a_file_and_a_place_in_it(site: MadeSite, pages: dict[str, Any]) -> None:
    followed = 0
    for name, page in pages.items():
        for element, _, link, _ in page.iterlinks():
            if link.startswith("https://"):
                assert element.get("rel", "").startswith("license"), f"{name} leads out of the folder: {link}"
                continue
            path, _, place = link.partition("#")
            target = (site.folder / name).parent / path if path else site.folder / name
            assert target.resolve().is_file(), f"{name}: {link}"
            if place and target.suffix == ".html":
                there = pages[target.resolve().relative_to(site.folder).as_posix()]
                assert there.xpath("//*[@id=$id]", id=place), f"{name}: {link}"
            followed += 1
    assert followed > 500


def test_a_page_runs_and_loads_nothing_but_its_own_files(pages: dict[str, Any]) -> None:
    for name, page in pages.items():
        (policy,) = page.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
        assert policy.startswith("default-src 'none'"), name
        assert "unsafe" not in policy
        assert not page.xpath("//script[not(@src)] | //style | //*[@style] | //iframe | //form"), name
        assert not [a for a in page.xpath("//@*") if a.attrname.startswith("on")], name
        assert not [s for s in page.xpath("//script/@src | //link/@href | //img/@src") if ":" in s], name


def test_the_pages_lead_to_dagster_where_its_address_is_set(lake: Settings, tmp_path: Path) -> None:
    made = make_site(lake.model_copy(update={"ui_url": "http://127.0.0.1:3000"}), tmp_path / "site")
    page = html.document_fromstring((made.folder / f"catalogue/{ARCHIVE.replace('/', '-')}.html").read_text(encoding="utf-8"))
    assert page.xpath("//a[starts-with(@href, 'http')]/@href") == [f"http://127.0.0.1:3000/assets/{ARCHIVE}"]


def test_a_site_that_cannot_be_completed_leaves_the_one_before(lake: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk is full when the seal is written: the pages that are there stay, and nothing is left beside them."""
    before = make_site(lake, tmp_path / "site")

    def full(*_: Any) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(make, "seal", full)
    with pytest.raises(OSError, match="No space left"):
        make_site(lake, tmp_path / "site")
    assert [f.name for f in tmp_path.iterdir()] == ["site"]
    assert root_of(digests(tmp_path / "site")) == before.root


def rows_of(figure: Any) -> dict[str, list[str]]:
    """The table under a chart, by its first column in Chinese."""
    found = {}
    for row in figure.xpath(".//tbody/tr"):
        cells = [c.xpath("string(span[@lang='zh'])") or c.text_content().strip() for c in row.xpath("./th | ./td")]
        found[cells[0]] = cells[1:]
    return found


def test_cells_on_pages_are_those_of_the_tables(lake: Settings, pages: dict[str, Any]) -> None:
    """Counted anew with plain Python, without what made them."""
    tables = {t: (Lake(lake.lake).arrow(t) or pytest.fail(t)).to_pylist() for t in (ARCHIVE, DELIVERED, SERVICE)}
    page = pages["themes-health.html"]
    states = {"活档": "ACTIVE", "长期未使用": "DORMANT", "建档后从未使用": "DORMANT_NEVER", "死档": "DECEASED", "已注销": "CLOSED"}
    by_state = Counter(r["state"] for r in tables[ARCHIVE])
    by_status = Counter(r["status"] for r in tables[DELIVERED] if r["_op"] != "D")
    by_rule = Counter(rule for r in tables[ARCHIVE] for rule in r["rules"])
    late = Counter(r["org_code"] for r in tables[SERVICE] for flag in r["flags"] if flag == "AFTER_DEATH")
    expected = [
        *(("archives_by_state", zh, by_state[state]) for zh, state in states.items()),
        *(("archives_as_delivered", zh, by_status[status]) for zh, status in (("正常", "0"), ("已注销", "1"))),
        *(("rules_that_hit", zh, by_rule[rule]) for zh, rule in (("同一身份证多份档案", "U1"), ("死亡未注销", "X1"))),
        *(("doubtful_services", org, n) for org, n in late.items()),
    ]
    compared = 0
    for chart, row, n in random.Random(7).sample(expected, len(expected)):
        shown = rows_of(page.get_element_by_id(chart))[row][0]
        assert shown == LEFT_OUT or shown == f"{n:,}", f"{chart}, {row}: {shown}, not {n}"
        compared += shown != LEFT_OUT
    assert compared >= 8


def test_english_pages_name_counties_and_codes_in_english(site: MadeSite, pages: dict[str, Any]) -> None:
    said = {e.text_content() for page in pages.values() for e in page.xpath("//*[@lang='en']")}
    assert {"Guangling District", "Yangzhou City", "Normal", "Cancelled"} <= said
    scripts = [f.read_text(encoding="utf-8").partition(" = ")[2].rstrip(";\n") for f in sorted(site.folder.glob("data/*.js"))]
    said |= {english for script in scripts for english in seconds(json.loads(script))}
    assert "Hanjiang District" in said
    assert not [text for text in said if CHINESE.search(re.sub(r"\([^)]*\)", "", text))], "but for titles cited in brackets"


def test_every_indicator_says_in_both_languages_what_it_counts_in_which_unit_and_by_which_rule() -> None:
    tables = [read_indicators(file) for file in sorted(Path(next(iter(assets.__path__))).rglob("indicators.yaml"))]
    assert len(tables) >= 8
    for table in tables:
        assert all(CHINESE.search(said.zh) and not CHINESE.search(said.en) for said in table.counts.values()), table.counts
        for indicator in table.indicators.values():
            assert not CHINESE.search(render.unit(indicator.unit).en), f"{indicator.id}: add {indicator.unit} to units.yaml"
            said = render.cited(indicator.source)
            assert not CHINESE.search(said.en.partition(" (")[0]), (
                f"{indicator.id}: write an English title, then the source's own in brackets"
            )
            assert CHINESE.search(said.zh) or said.zh == said.en, indicator.id


def seconds(drawn: Any) -> Iterator[str]:
    """The English ones of all pairs of texts in what is drawn."""
    for value in drawn.values() if isinstance(drawn, dict) else drawn if isinstance(drawn, list) else ():
        yield from seconds(value)
    if isinstance(drawn, list) and len(drawn) == 2 and all(isinstance(text, str) for text in drawn):
        yield drawn[1]


def shared(site: MadeSite, name: str) -> dict[str, Any]:
    """What data/NAME.js says."""
    found: dict[str, Any] = json.loads((site.folder / f"data/{name}.js").read_text(encoding="utf-8").partition(" = ")[2].rstrip(";\n"))
    return found


def test_a_figure_answers_for_itself(lake: Settings, site: MadeSite, pages: dict[str, Any]) -> None:
    rows = (Lake(lake.lake).arrow(INDICATOR) or pytest.fail(INDICATOR)).to_pylist()
    city = next(r for r in rows if r["div_code"] == "321000" and r["basis"] == "clean")
    (card,) = [c for c in pages["index.html"].xpath("//article") if "档案使用率" in c.text_content()]
    text = card.text_content()
    for said in (f"{city['value']}", f"{city['numerator']:,}", f"{city['denominator']:,}", "1.0.0", "60.00", "国家基本公共卫生服务规范"):
        assert said in text
    assert re.search(r"\+\d\.\d\d", card.xpath("string(.//p[@class='change'])")), "more archives are in use than in the release before"
    assert "catalogue/themes-health-indicator.html#numerator" in card.xpath(".//dd/a/@href")
    assert card.xpath(".//dd/@data-deliveries") == [INDICATOR]
    tables, deliveries = (shared(site, "site")[name] for name in ("tables", "deliveries"))
    behind = {tables[i][0] for i in deliveries[[name for name, *_ in tables].index(INDICATOR)]}
    assert DELIVERED in behind
    assert "archive_20191231.csv" in pages[f"ledger/{DELIVERED.replace('/', '-')}.html"].text_content(), "from the city to a delivered file"


def test_a_category_names_a_delivered_line(pages: dict[str, Any]) -> None:
    (link,) = pages["themes-health.html"].get_element_by_id("archives_by_state").xpath(".//tr[contains(., '重复档案')]//a/@href")
    page, _, place = link.partition("#")
    row = pages[page].get_element_by_id(place)
    assert "archive_20191231.csv" in row.text_content()


def test_what_was_not_accepted_stands_above_the_deliveries_that_came(pages: dict[str, Any]) -> None:
    headings = [h.text_content() for h in pages["deliveries.html"].iterfind(".//h2")]
    assert [h[:2] for h in headings[:2]] == ["挂起", "当夜"], headings


def test_small_counts_stand_nowhere_on_the_page(pages: dict[str, Any]) -> None:
    page = pages["themes-health.html"]
    states = rows_of(page.get_element_by_id("archives_by_state"))
    assert states["确认假档"][0] == LEFT_OUT
    assert [cells[0] for cells in states.values()].count(LEFT_OUT) >= 2, "a second one goes with it"
    for figure in page.xpath("//figure[.//tfoot]"):
        for cell in figure.xpath(".//tbody//td[@class='n']"):
            shown = cell.text_content().strip()
            assert shown == LEFT_OUT or int(shown.replace(",", "")) not in range(1, 10), figure.get("id")


def test_no_personal_value_stands_in_any_file(site: MadeSite) -> None:
    for file in sorted(f for f in site.folder.rglob("*") if f.is_file()):
        content = str(pq.read_table(file).to_pylist()) if file.suffix == ".parquet" else file.read_text(encoding="utf-8")
        assert not [value for value in PLANTED if value in content], file


def test_open_data_describes_its_files(site: MadeSite) -> None:
    folder = site.folder / "open"
    package = json.loads((folder / "datapackage.json").read_text())
    resources = {r["path"]: r for r in package["resources"]}
    assert {"reference-calendar-workday.csv", "indicators.parquet", "archives_by_state.csv"} <= set(resources)
    assert not [r for r in resources if r.startswith(("base-population", "cleansed"))], "personal tables are not open"
    for path, stated in resources.items():
        assert stated["hash"] == f"sha256:{sha256((folder / path).read_bytes()).hexdigest()}"
    listed = {d["dct:identifier"]: d for d in json.loads((folder / "catalogue.jsonld").read_text())["dcat:dataset"]}
    named = {f["dcat:downloadURL"] for d in listed.values() for f in d["dcat:distribution"]}
    assert named == set(resources)
    states = (folder / "archives_by_state.csv").read_text(encoding="utf-8")
    assert "ACTIVE,活档,320" in states
    assert "FAKE_CONFIRMED" not in states
    certificate = json.loads((folder / "certificate.json").read_text())
    assert any(s["dataset"] == "archives_by_state" and s["cell"].startswith("FAKE_CONFIRMED") for s in certificate["suppressed"])


def test_open_data_name_no_delivered_line_and_keep_geometries_in_parquet(site: MadeSite) -> None:
    folder, name = site.folder / "open", "base-geography-water"
    parquet = pq.read_table(folder / f"{name}.parquet")
    assert not [c for c in parquet.column_names if c.startswith("_")]
    assert shapely.from_wkb(parquet["geometry"][0].as_py()).equals(shapely.LineString([(119.0, 32.2), (120.4, 32.8)]))
    head, row = (folder / f"{name}.csv").read_text(encoding="utf-8").splitlines()
    assert head.split(",") == [c for c in parquet.column_names if c != "geometry"]
    assert row.startswith("WB1,")
    fields = {r["format"]: [f["name"] for f in r["schema"]["fields"]] for r in _resources(folder) if r["path"].startswith(name)}
    assert fields == {"parquet": parquet.column_names, "csv": head.split(",")}
    days = {r["format"]: "schema" in r for r in _resources(folder) if r["path"].startswith("reference-calendar-workday")}
    assert days == {"parquet": False, "csv": True}, "columns are described once"
    (length,) = [
        f
        for r in _resources(folder)
        for f in r.get("schema", {}).get("fields", ())
        if (r["path"], f["name"]) == (f"{name}.csv", "length_m")
    ]
    assert length == {
        "name": "length_m", "title": "长度", "type": "number", "unit": "m",
        "description": "线的长度；面取其边界的长度", "description_en": "Of a line, of a polygon that of its border",
    }  # fmt: skip


def _resources(folder: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))["resources"]
    return found


def test_a_column_has_its_unit_and_an_array_its_values_in_both_languages() -> None:
    contract = load_all()["themes/traffic/bus_line_day"]
    assert names.head(contract, "speed_kmh") == Text("运营速度（公里/小时）", "Speed (km/h)")
    texts = {"GRID": Text("网格员上报", "Grid workers")}
    assert names.value_cell(["GRID", "SEA"], texts) == Text("网格员上报、SEA", "Grid workers, SEA")
    assert render.grouped("-480708.03") == "-480,708.03"


def test_the_catalogue_has_every_table_and_its_lineage(site: MadeSite, pages: dict[str, Any]) -> None:
    assert "死亡" in pages["catalogue/themes-health-archive.html"].text_content()
    assert "late" in pages["catalogue.html"].xpath("string(//tr[contains(., 'cleansed/health/archive')])")
    tables, found = shared(site, "site")["tables"], shared(site, "lineage")
    own = {"".join(code.itertext()) for code in pages["catalogue.html"].xpath("//tbody//td/a/code")}
    assert {name for name, *title in tables if title} == own
    names, edges = found["names"], set()
    for (table, *_), made, lines in zip(tables, found["made"], found["from"], strict=False):
        page = pages[f"catalogue/{table.replace('/', '-')}.html"]
        assert page.xpath("string(//@data-table)") == table
        assert all(tables[i][0] in own or tables[i][0].startswith("raw/") for i in made)
        for column, *origins in lines:
            assert page.xpath("//tr[@id=$id]", id=names[column]), f"{table}.{names[column]}"
            edges |= {(table, names[column], tables[t][0], names[c]) for t, c in zip(origins[::2], origins[1::2], strict=True)}
    assert (ARCHIVE, "county6", DELIVERED, "village_county") in edges
    assert (INDICATOR, "numerator", ARCHIVE, "person_uid") in edges
    for _, _, table, column in edges:
        if table in own:
            assert pages[f"catalogue/{table.replace('/', '-')}.html"].xpath("//tr[@id=$id]", id=column), f"{table}.{column}"


def test_columns_gates_and_rules_are_described_in_the_language_of_the_page(pages: dict[str, Any]) -> None:
    page = pages["catalogue/themes-traffic-bus_line_day.html"]
    assert spans(page.xpath("//tr[@id='metres']/td[1]")[0]) == [
        "行驶里程（米） 时钟和里程均可信的运行的",
        "Metres (m) Of runs whose clocks and distance can be right",
    ]
    trips = pages["catalogue/themes-traffic-bus_trip.html"]
    (gate,) = trips.xpath("//tr[contains(., 'only trips that ran are on time')]/td[2]")
    assert spans(gate) == ["只有实际执行的班次才计为准点", "only trips that ran are on time"]
    assert spans(pages["catalogue.html"].xpath("//section[@id='rules']//tr[contains(., 'free text')]/td[2]")[0]) == [
        "自由文本",
        "free text",
    ]
    delivered = pages["catalogue/cleansed-environment-air_hour.html"]
    assert spans(delivered.xpath("//tr[@id='_op']/td[1]")[0])[0] == "操作 U 为现存的行，D 为已删除的主键"
    written = [
        e.text_content() for p in pages.values() for e in p.xpath("//table[@class='columns']//small/ancestor::span[@lang='zh']/small")
    ]
    assert not [text for text in written if re.search("[a-z]{4,} [a-z]{3,} [a-z]{3,}", text)], "English on a Chinese page"


def test_a_value_is_said_in_both_languages_however_its_contract_says_it() -> None:
    assert names.spoken("已注销: closed in the delivery", "CLOSED") == Text("已注销", "Closed in the delivery")
    assert names.spoken("准点", "ON_TIME") == Text("准点", "On time")
    assert names.spoken("A single C: for review", "CANDIDATE") == Text("仅一条C级：待核查", "A single C: for review")


def test_what_an_installation_has_added_is_shown_as_it_is() -> None:
    assert names.spoken("Dug by hand: for review", "DUG") == Text("DUG", "Dug by hand: for review")
    assert names.in_both("Depth of the well") == Text("Depth of the well", "Depth of the well")
    assert names.unit("furlong") == Text("furlong", "furlong")
    assert render.reason("no well is deeper than its hole") == Text(*["no well is deeper than its hole"] * 2)


def spans(cell: Any) -> list[str]:
    """The Chinese and the English of a cell."""
    return [cell.xpath(f"string(.//span[@lang='{language}'])") for language in ("zh", "en")]


def test_the_same_release_makes_the_same_site(lake: Settings, site: MadeSite, tmp_path: Path) -> None:
    again = make_site(lake, tmp_path / "again", 2)
    assert (again.root, again.release) == (site.root, 2)
    before = make_site(lake, tmp_path / "again", 1)
    assert before.root != site.root
    assert "2019-12-31" not in (tmp_path / "again" / "index.html").read_text(encoding="utf-8"), "nothing that came after the release"


def test_what_was_changed_is_named(lake: Settings, site: MadeSite, tmp_path: Path) -> None:
    there = ("--lake", lake.lake)
    copy = tmp_path / "copy"
    shutil.copytree(site.folder, copy)

    def verified(*more: str) -> tuple[int, dict[str, Any]]:
        done = CliRunner().invoke(app, ["site", "--verify", str(copy), "--json", *more])
        return done.exit_code, json.loads(done.stdout)

    assert verified(*there) == (0, verified()[1] | {"recorded": True})
    page = (copy / "index.html").read_bytes()
    (copy / "index.html").write_bytes(page[:-2] + b"!" + page[-1:])
    (copy / "night.html").unlink()
    (copy / "more.html").write_text("x")
    code, found = verified()
    assert (code, found["changed"], found["missing"], found["added"]) == (1, ["index.html"], ["night.html"], ["more.html"])
    manifest = json.loads((copy / MANIFEST).read_text())
    files = digests(copy)
    (copy / MANIFEST).write_text(json.dumps({**manifest, "files": files, "root": root_of(files)}))
    assert verified()[0] == 0, "a manifest that was made anew holds by itself"
    code, found = verified(*there)
    assert (code, found["recorded"]) == (1, False), "but the lake has not recorded it"


def test_a_folder_with_something_else_is_left_alone(lake: Settings, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(CitylakeError, match="SITE_FOLDER"):
        make_site(lake, tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "mine"


CHARTS: dict[str, Any] = {
    "days": {"title": TITLE, "table": "reference/calendar/workday", "kind": "calendar", "group": ["day"], "measure": {"max": "workday_no"}},
    "last": {"title": TITLE, "table": "reference/calendar/workday", "kind": "list", "columns": ["day", "is_workday"], "order": ["-day"]},
    "newest": {"title": TITLE, "table": "reference/calendar/workday", "kind": "bar", "group": ["day"], "latest": "day"},
    "worked": {
        "title": TITLE,
        "table": "reference/calendar/workday",
        "kind": "bar",
        "group": ["is_workday"],
        "measure": {"mean": "workday_no"},
    },
    "top": {"title": TITLE, "table": "reference/calendar/workday", "kind": "bar", "group": ["holiday", "is_workday"], "top": 1},
    "periods": {"title": TITLE, "table": "themes/ecology/section_month", "kind": "bar", "group": ["month"]},
    "alike": {"title": TITLE, "table": "themes/health/service", "kind": "bar", "repeats": ["doctor", "sbp", "dbp"]},
    "sections": {
        "title": TITLE,
        "table": "themes/ecology/section_month",
        "kind": "places",
        "columns": ["section_code", "water_class"],
        "order": ["section_code"],
        "position": ["lon", "lat"],
        "colour": "water_class",
    },
}


def test_a_mean_of_decimals_has_its_own_decimals(lake: Settings, tmp_path: Path) -> None:
    chart = {"title": TITLE, "table": INDICATOR, "kind": "bar", "group": ["basis"], "measure": {"mean": "value"}}
    page: Page = read(tmp_path, {"title": TITLE, "intro": TITLE, "charts": {"mean": chart}})
    rows = (Lake(lake.lake).arrow(INDICATOR) or pytest.fail(INDICATOR)).to_pylist()
    made = make_chart(page.charts[0], Reading.of(lake, None))
    assert made is not None
    for basis, shown in zip(made.keys, made.values, strict=True):
        values = [float(r["value"]) for r in rows if r["basis"] == basis]
        assert shown[0] == pytest.approx(sum(values) / len(values), abs=1e-4)
        assert shown[0] != round(shown[0], 2), "the table's values have two decimals, their mean has more"


def test_a_rate_of_a_group_is_made_of_its_sums(lake: Settings, tmp_path: Path) -> None:
    measure = {"ratio": "value", "of": "numerator", "over": "denominator"}
    chart = {"title": TITLE, "table": INDICATOR, "kind": "bar", "group": ["basis"], "measure": measure}
    page: Page = read(tmp_path, {"title": TITLE, "intro": TITLE, "charts": {"rate": chart}})
    rows = (Lake(lake.lake).arrow(INDICATOR) or pytest.fail(INDICATOR)).to_pylist()
    made = make_chart(page.charts[0], Reading.of(lake, None))
    assert made is not None
    assert not made.additive
    for basis, shown in zip(made.keys, made.values, strict=True):
        above, below = (sum(r[c] for r in rows if r["basis"] == basis) for c in ("numerator", "denominator"))
        assert shown[0] == pytest.approx(above / below, abs=1e-4)


def test_every_kind_of_chart(lake: Settings, tmp_path: Path) -> None:
    page: Page = read(tmp_path, {"title": TITLE, "intro": TITLE, "charts": CHARTS})
    reading = Reading.of(lake, None)
    made = {c.id: make_chart(c, reading) for c in page.charts}
    days, last, newest, worked, top, periods, alike, sections = (made[name] or pytest.fail(name) for name in CHARTS)
    assert (days.keys[0], days.shown(0, 0), len(days.keys)) == ("2019-01-01", 0, 365)
    assert [v if isinstance(v, str) else v.zh for v in last.values[0]] == ["2019-12-31", "是"]
    assert newest.keys == ("2019-12-31",)
    assert [c.en for c in worked.categories] == ["no", "yes"]
    assert top.shown(-1, -1) == 365
    assert periods.keys == ("201901", "201912"), "in the order of time, not of size"
    assert alike.shown(3, 0) == 30, "three doctors with ten equal follow-ups each"
    assert sections.values == (("SEC1", 2), ("SEC2", 6), ("SEC3", 3))
    drawn = render.drawn(sections)
    assert drawn is not None
    assert [s["points"] for s in drawn["series"]] == [[[119.2, 32.3, "SEC1", "SEC1"]], [[119.9, 32.6, "SEC2", "SEC2"]]]
    own = render.drawn(replace(sections, chart=replace(sections.chart, colours={"6": "red", "2": "blue"})))
    assert own is not None
    assert [(s["name"], s["colour"]) for s in own["series"]] == [(["6", "6"], 3), (["2", "2"], 0)], "in the order of the colours"
    assert waters(reading) == [[[119.0, 32.2], [120.4, 32.8]]]


def test_texts_are_complete_and_used() -> None:
    texts = yaml.safe_load((render.HERE / "texts.yaml").read_text(encoding="utf-8"))
    code = "".join(f.read_text(encoding="utf-8") for f in [*render.HERE.glob("templates/*.html"), *render.HERE.glob("*.py")])
    assert all(set(t) == {"zh", "en"} for t in texts.values())
    assert not [key for key, t in texts.items() if bool(t["zh"]) != bool(t["en"])], "not in both languages"
    asked = set(re.findall(r"""\b(?:t|plain)\('([a-zA-Z_]+)'(?!\s*~)""", code))
    asked |= set(re.findall(r"""texts(?:\(\))?\[['"]([a-z_]+)['"]\]""", code))
    begun = set(re.findall(r"""\bt\('([a-z_]+_)'\s*~""", code))
    menu = {"city", "deliveries", "night", "catalogue", "open"}
    assert asked <= set(texts)
    templates = "".join(f.read_text(encoding="utf-8") for f in render.HERE.glob("templates/*.html"))
    assert not re.findall("[\u4e00-\u9fff]+", templates), "a text that is not in the table"
    assert not [k for k in texts if k not in asked | menu and not any(k.startswith(b) for b in begun)], "used nowhere"


def test_the_library_is_the_recorded_one() -> None:
    recorded = yaml.safe_load((render.HERE / "static" / "echarts.yaml").read_text())
    assert sha256((render.HERE / "static" / recorded["file"]).read_bytes()).hexdigest() == recorded["sha256"]


def test_the_health_page_is_declared_beside_its_theme() -> None:
    site_code = "".join(f.read_text(encoding="utf-8") for f in [*render.HERE.rglob("*.py"), *render.HERE.rglob("*.html")])
    said = set(re.findall(r"[a-z_/]+", re.sub(r'"""[\s\S]*?"""', "", site_code)))
    for page in declared_pages():
        layer, domain = page.domain.split("/")
        named = {page.domain, domain} if layer == "themes" else {page.domain}  # the licence of the open data is no domain
        assert not named & said, "the site names no theme"
