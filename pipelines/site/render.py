"""Writing the pages: templates, texts in two languages, and the data of charts as scripts.

Here: Jinja's environment, what templates may call, the files of a page. Not here: what is on a page (`pipelines.site.make`).

A page has no inline script and no inline style, and fetches nothing: it works from a folder under a strict content security policy. Data
comes in a script of its own. Both languages are in the page, and its script hides one of them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from assets.pages import COLOURS, ChartKind
from assets.texts import Text
from contracts import Contract
from pipelines.site.charts import Made
from pipelines.site.names import EMPTY, in_both, in_words, spoken, titled, unit
from pipelines.site.suppression import Fate

HERE = Path(__file__).parent
MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d(?::\d\d)?))?")
"""A date, or a date and a time."""
NOT_NEEDED = re.compile(
    r"</t[dh]>\s*(?=<t[dh]\b|</tr>)|</tr>\s*(?=<tr\b|</t(?:body|head|foot)>)|</d[td]>\s*(?=<d[td]\b|</dl>)|</li>(?=<li\b|</ul>)"
)
"""End tags that HTML lets a page leave out (WHATWG HTML, 13.1.2.4): a tenth of the pages' bytes."""
STATIC = ("site.css", "site.js", "shared.js", "echarts.min.js", "echarts.LICENSE.txt", "echarts.NOTICE.txt")


@cache
def texts() -> dict[str, Text]:
    """Return every text of the templates by its key."""
    found = yaml.safe_load((HERE / "texts.yaml").read_text(encoding="utf-8"))
    return {key: Text(text["zh"], text["en"]) for key, text in found.items()}


def both(text: Text) -> Markup:
    """A text in both languages; once when they are equal."""
    if text.zh == text.en:
        return escape(text.zh)
    return Markup('<span lang="zh">{}</span><span lang="en">{}</span>').format(text.zh, text.en)


def t(key: str, **values: Any) -> Markup:
    """The text of a key in both languages. Raises KeyError for an unknown one."""
    text = texts()[key]
    return both(Text(text.zh.format(**values), text.en.format(**values)) if values else text)


def plain(key: str) -> str:
    """The text of a key in both languages one after the other, for titles and for readers of the screen."""
    return f"{texts()[key].zh} {texts()[key].en}"


def owner(title: str) -> Text:
    """The title of a department, `Health Commission (卫生健康委员会)`, in both languages."""
    english, _, chinese = title.removesuffix(")").rpartition(" (")
    return Text(chinese, english or title) if english else Text(title, title)


def cited(source: str) -> Text:
    """A source of a rule, `Regulations on Petitioning article 34 (信访工作条例第三十四条)`: its own title; in English both."""
    return Text(owner(source).zh, source)


@cache
def patterns() -> dict[re.Pattern[str], str]:
    """Return the sentences of reasons.yaml as patterns, with their Chinese."""
    return {re.compile(said): zh for said, zh in yaml.safe_load((HERE / "reasons.yaml").read_text(encoding="utf-8")).items()}


def reason(said: str) -> Text:
    """A sentence that the lake has recorded in English, in both languages where reasons.yaml or the table of what contracts say has it."""
    found = next(((zh, match) for pattern, zh in patterns().items() if (match := pattern.fullmatch(said))), None)
    return Text(found[0].format(*found[1].groups()), said) if found else in_both(said)


def named(contract: Contract) -> Text:
    """What a table is called in both languages; one that an installation has added by its own name in English."""
    return Text(contract.title, contract.title_en or in_words(contract.table))


def number(value: Any) -> str:
    """A value of a cell: numbers with separators of thousands, nothing for None."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.2f}".rstrip("0").rstrip(".")
    return str(value)


def purpose(contract: Contract, what: str) -> Text:
    """What a table is for, and in English what makes it. what: the description of the function that makes it."""
    en = f"{contract.purpose} {what}".strip()
    return Text(contract.purpose_zh or en, en)


def grouped(value: str) -> str:
    """A decimal number, `480708.03`, with separators of thousands."""
    return f"{Decimal(value):,}"


def path_of(table: str) -> Markup:
    """The name of a table, which may go on in the next line after a slash, as it does not fit on a phone."""
    return Markup("/<wbr>").join(table.split("/"))


def cell(value: Any) -> Markup:
    """A value of a list: a text in both languages, or a number."""
    if isinstance(value, str) and (moment := MOMENT.fullmatch(value)):
        return Markup('<span class="d">{}</span>').format(" ".join(part for part in moment.groups() if part))
    return both(value) if isinstance(value, Text) else escape(number(value))


@dataclass
class Site:
    """The folder that is written. facts: what every page shows, such as its release and the pages of the menu."""

    folder: Path
    facts: Mapping[str, Any]
    written: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        loader = FileSystemLoader(HERE / "templates")
        self.jinja = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
        self.jinja.globals |= {"t": t, "both": both, "plain": plain, "texts": texts(), "Fate": Fate, **self.facts}
        self.jinja.filters |= {
            "n": number,
            "cell": cell,
            "owner": owner,
            "cited": cited,
            "unit": unit,
            "reason": reason,
            "named": named,
            "path": path_of,
            "spoken": spoken,
            "titled": titled,
            "in_both": in_both,
            "purpose": purpose,
            "grouped": grouped,
            "file": lambda table: table.replace("/", "-"),
        }

    def page(self, path: str, template: str, *, data: Mapping[str, Any] | None = None, **content: Any) -> None:
        """Write a page, and the data of its charts next to it.

        Args:
            path: of the page in the folder, such as `catalogue/base-population-death.html`.
            template: its name.
            data: chart -> what site.js draws; None or empty: no charts.
            content: what the template shows.
        """
        up = "../" * path.count("/")
        script = f"data/{path.removesuffix('.html').replace('/', '-')}.js" if data else None
        if script:
            self._write(script, f"window.CITYLAKE_CHARTS = {_script(data)};\n")
        self._write(path, NOT_NEEDED.sub("", self.jinja.get_template(template).render(up=up, path=path, script=script, **content)))

    def script(self, path: str, name: str, value: Any) -> None:
        """Write a value as a script that sets a global name."""
        self._write(path, f"window.{name} = {_script(value)};\n")

    def statics(self) -> None:
        """Copy style, script and library."""
        for name in STATIC:
            self._write(f"static/{name}", (HERE / "static" / name).read_text(encoding="utf-8"))

    def _write(self, path: str, content: str) -> None:
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, encoding="utf-8")
        self.written.append(path)


def _script(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).replace("</", "<\\/")


def drawn(made: Made) -> dict[str, Any] | None:
    """What site.js draws of a chart: kind, categories and series in both languages, values, None for a cell left out."""
    if made.withheld or made.chart.kind is ChartKind.LIST or not made.categories:
        return None
    if made.chart.kind is ChartKind.PLACES:
        return _places(made)
    return {
        "kind": made.chart.kind.value,
        "title": pair(made.chart.title),
        "keys": list(made.keys),
        "categories": [pair(c) for c in made.categories],
        "series": [
            {"name": pair(name), "values": [made.shown(i, j) for i in range(len(made.categories))]} for j, name in enumerate(made.series)
        ],
        "stack": len(made.series) > 1 and made.additive,
    }


def _places(made: Made) -> dict[str, Any]:
    """What site.js draws of places: points (longitude, latitude, name), one series for each value of the column that colours them."""
    column = made.chart.columns.index(made.chart.colour or "")
    placed = [(made.values[i], at) for i, at in enumerate(made.positions) if at is not None]
    texts = made.chart.labels.get(made.chart.colour or "", {})
    own = {str(texts.get(value, value)): COLOURS.index(name) for value, name in made.chart.colours.items()}
    order = {value: place for place, value in enumerate(own)}
    found = {row[column] for row, _ in placed if row[column] is not None}
    values = sorted(found, key=lambda v: (order.get(str(v), len(order)), isinstance(v, Text), str(v)))
    empty = [None] if any(row[column] is None for row, _ in placed) else []
    series = [
        {
            "name": pair(EMPTY if value is None else _as_text(value)),
            "colour": own.get(str(value)),
            "points": [[*at, *pair(_as_text(row[0]))] for row, at in placed if row[column] == value],
        }
        for value in (*values, *empty)
    ]
    return {"kind": ChartKind.PLACES.value, "title": pair(made.chart.title), "keys": [], "categories": [], "series": series}


def _as_text(value: Any) -> Text:
    return value if isinstance(value, Text) else Text(number(value), number(value))


def plain_chart(
    kind: str, title: Text, categories: Iterable[Text], series: Mapping[Text, Iterable[Any]], *, stack: bool = False
) -> dict[str, Any]:
    """What site.js draws of values that are nobody's.

    Args:
        kind: bar, line.
        title: for people who do not see it.
        categories: in order.
        series: name -> values by category.
        stack: put the series of a bar on one another.
    """
    lines = [{"name": pair(name), "values": list(values)} for name, values in series.items()]
    return {"kind": kind, "title": pair(title), "keys": [], "categories": [pair(c) for c in categories], "series": lines, "stack": stack}


def pair(text: Text) -> list[str]:
    """A text in both languages as scripts have it: Chinese, English."""
    return [text.zh, text.en]
