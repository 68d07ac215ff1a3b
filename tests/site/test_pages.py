"""page.yaml: what a theme may declare, and that everything else is refused with file, field and remedy."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest
import yaml

from assets.pages import Page, declared_pages, read_page, together
from contracts import ContractError, load_all
from pipelines.site import charts
from pipelines.site.figures import _personal

TITLE = {"zh": "题", "en": "Title"}
PAGE: dict[str, Any] = {
    "title": TITLE,
    "intro": TITLE,
    "indicators": "themes/health/indicator",
    "main": ["usage_rate"],
    "charts": {"states": {"title": TITLE, "table": "themes/health/archive", "kind": "bar", "group": ["state"]}},
}


def read(folder: Path, page: dict[str, Any]) -> Page:
    (folder / "page.yaml").write_text(yaml.safe_dump(page, allow_unicode=True), encoding="utf-8")
    return read_page(folder / "page.yaml", "themes/test")


def changed(path: str, value: Any) -> dict[str, Any]:
    """The page with one setting changed, or removed by None."""
    page = deepcopy(PAGE)
    *above, last = path.split(".")
    inner = page
    for name in above:
        inner = inner[name]
    inner[last] = value
    if value is None:
        del inner[last]
    return page


WRONG = {
    "an unknown setting": ("charts.states.size", 3, "unknown settings ['size']"),
    "a colour of a bar": ("charts.states.colour", "state", "has colour. Remove it"),
    "a language missing": ("title", {"zh": "题"}, "title: has no en"),
    "no such table": ("charts.states.table", "themes/health/archives", "'themes/health/archives' is not known"),
    "no such column": ("charts.states.group", ["states"], "'states' is not known"),
    "no such kind": ("charts.states.kind", "pie", "'pie' is not known"),
    "no such indicator": ("main", ["usage"], "'usage' is not known"),
    "indicators without their table": ("indicators", None, "has no table of them"),
    "a column for the filter": ("charts.states.where", {"stat": ["ACTIVE"]}, "'stat' is not known"),
    "no group": ("charts.states.group", None, "has no group"),
    "three groups": ("charts.states.group", ["state", "county6", "is_automatic"], "has 3 columns"),
    "two measures": ("charts.states.measure", {"sum": "event_count", "count": "rows"}, "Write one"),
    "the mean of a personal column": ("charts.states.measure", {"mean": "event_count"}, "event_count is personal"),
    "a ratio of nothing": ("charts.states.measure", {"ratio": "event_count"}, "Write one"),
    "a ratio of a personal column": (
        "charts.states.measure",
        {"ratio": "event_count", "of": "event_count", "over": "event_count"},
        "event_count is personal",
    ),
    "the sum of a text": ("charts.states.measure", {"sum": "mana_org"}, "'string' is not known"),
    "columns of a bar": ("charts.states.columns", ["state"], "has columns"),
    "a personal group without a list": ("charts.states.group", ["ehr_no"], "ehr_no is personal"),
}


@pytest.mark.parametrize(("path", "value", "said"), WRONG.values(), ids=WRONG)
def test_a_wrong_page_is_refused(path: str, value: Any, said: str, tmp_path: Path) -> None:
    with pytest.raises(ContractError) as refused:
        read(tmp_path, changed(path, value))
    assert said in str(refused.value)
    assert "page.yaml" in str(refused.value)


def test_a_list_shows_no_personal_column(tmp_path: Path) -> None:
    listed = {"title": TITLE, "table": "base/population/person", "kind": "list", "columns": ["county6", "name"]}
    with pytest.raises(ContractError, match="name is personal"):
        read(tmp_path, changed("charts.states", listed))


def test_places_have_a_position_that_is_not_personal_and_a_colour_among_their_columns(tmp_path: Path) -> None:
    placed = {"title": TITLE, "table": "themes/ecology/section_month", "kind": "places", "columns": ["section_code", "water_class"]}
    placed |= {"position": ["lon", "lat"], "colour": "water_class"}
    assert read(tmp_path, changed("charts.states", placed)).charts[0].position == ("lon", "lat")
    for wrong, said in (
        ({"position": ["lon"]}, "Give longitude and latitude"),
        ({"colour": "month"}, "'month' is not known"),
        ({"open": True}, "is of groups"),
        ({"colours": {"1": "pink"}}, "'pink' is not known"),
    ):
        with pytest.raises(ContractError, match=said):
            read(tmp_path, changed("charts.states", placed | wrong))
    with pytest.raises(ContractError, match="are of places only"):
        read(tmp_path, changed("charts.states", PAGE["charts"]["states"] | {"colours": {"1": "blue"}}))
    homes = {"table": "base/population/person", "columns": ["county6"], "colour": "county6", "position": ["county6", "address"]}
    with pytest.raises(ContractError, match="is personal"):
        read(tmp_path, changed("charts.states", placed | homes))


def test_no_chart_is_a_small_difference_from_another(tmp_path: Path) -> None:
    """All archives of a county less its doubtful ones are the others: shown are both sums, and not the small difference."""
    states = PAGE["charts"]["states"]
    doubtful = states | {"group": ["county6"], "where": {"state": ["DECEASED"]}}
    with pytest.raises(ContractError, match="gives counts away together with chart"):
        read(tmp_path, changed("charts.more", doubtful))
    assert len(read(tmp_path, changed("charts.more", states | {"group": ["county6", "state"]})).charts) == 2


def test_two_pages_do_not_publish_datasets_of_one_name(tmp_path: Path) -> None:
    pages = []
    for folder in (tmp_path / "one", tmp_path / "other"):
        folder.mkdir()
        pages.append(read(folder, changed("charts.states", PAGE["charts"]["states"] | {"open": True})))
    together(pages[:1])
    with pytest.raises(ContractError, match="is the name of an open chart in one, too"):
        together(pages)


def test_a_personal_column_may_be_grouped_by_a_declared_list(tmp_path: Path) -> None:
    chart = PAGE["charts"]["states"] | {"group": ["rules"], "labels": {"rules": {"U1": TITLE}}}
    assert read(tmp_path, changed("charts.states", chart)).charts[0].personal


def test_every_declared_page_is_read() -> None:
    assert "themes/health" in {page.domain for page in declared_pages()}


def test_an_array_that_is_the_only_column_of_its_chart_is_exploded() -> None:
    rows = pa.table({"flags": pa.array([["A", "B"], [], ["A"], None], pa.list_(pa.string()))})
    assert charts.exploded(rows, "flags").to_pydict() == {"flags": ["A", "B", "A"]}


def test_a_figure_is_personal_when_what_it_counts_is() -> None:
    contracts = load_all()
    traffic, reading = contracts["themes/traffic/indicator"], SimpleNamespace(contracts=contracts)
    assert _personal(traffic, ["cleansed/traffic_police/driver"], reading)  # type: ignore[arg-type]
    assert not _personal(traffic, ["themes/traffic/bus_trip", "cleansed/transport/bus"], reading)  # type: ignore[arg-type]
    assert _personal(traffic, ["themes/traffic/bus_trip", None], reading)  # type: ignore[arg-type]
