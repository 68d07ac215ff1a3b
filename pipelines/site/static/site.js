// The site's own script: language, table search and sort, and drawing charts with ECharts. It fetches nothing.
"use strict";
(function () {
  const root = document.documentElement;
  const charts = [];
  const english = () => root.dataset.language === "en";
  const say = (pair) => pair[english() ? 1 : 0];
  const colour = (name) => getComputedStyle(root).getPropertyValue(name).trim();
  const format = (value) => (value === null || value === undefined ? "＊" : value.toLocaleString("en-US", { maximumFractionDigits: 2 }));

  // ---- language: kept by the browser where it allows that
  function remembered() {
    try { return window.localStorage.getItem("language"); } catch { return null; }
  }
  function speak(language) {
    root.dataset.language = language;
    root.lang = language === "en" ? "en" : "zh-Hans";
    try { window.localStorage.setItem("language", language); } catch { /* a file opened without storage */ }
    for (const button of document.querySelectorAll("[data-language]")) {
      if (button !== root) button.setAttribute("aria-pressed", String(button.dataset.language === language));
    }
    for (const field of document.querySelectorAll("[data-zh]")) field.placeholder = field.dataset[language];
    draw();
  }

  // ---- tables
  function text(row, column) {
    const cell = row.cells[column];
    if (!cell) return "";
    const hidden = english() ? "zh" : "en";
    const copy = cell.cloneNode(true);
    for (const other of copy.querySelectorAll(`[lang="${hidden}"]`)) other.remove();
    return copy.textContent.trim();
  }
  function sort(head) {
    const table = head.closest("table"), column = head.cellIndex, body = table.tBodies[0];
    const down = head.getAttribute("aria-sort") === "ascending";
    for (const other of head.parentNode.cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const value = (row) => {
      const found = text(row, column), number = Number(found.replace(/,/g, "").replace(/%$/, ""));
      return found !== "" && !Number.isNaN(number) ? number : found;
    };
    const rows = [...body.rows].map((row) => [value(row), row]);
    rows.sort(([a], [b]) => (typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), "zh")));
    if (down) rows.reverse();
    body.append(...rows.map(([, row]) => row));
  }
  function search(field) {
    let next = field.nextElementSibling;
    while (next && !next.querySelector("table")) next = next.nextElementSibling;
    const wanted = field.value.trim().toLowerCase();
    for (const row of next ? next.querySelectorAll("tbody tr") : []) row.hidden = !row.textContent.toLowerCase().includes(wanted);
  }

  // ---- charts: a picture of the table under it
  const palette = () => ["--c1", "--c2", "--c3", "--c4", "--c5", "--c6", "--c7", "--c8"].map(colour);
  const axis = (more) => ({
    axisLine: { lineStyle: { color: colour("--soft") } }, axisTick: { show: false }, splitLine: { lineStyle: { color: colour("--line") } },
    axisLabel: { color: colour("--soft"), hideOverlap: true }, ...more,
  });
  function common(chart) {
    return {
      animation: false, color: palette(), textStyle: { color: colour("--ink"), fontFamily: getComputedStyle(document.body).fontFamily },
      tooltip: { renderMode: "richText", confine: true, valueFormatter: format, backgroundColor: colour("--panel"), borderColor: colour("--line"),
                 textStyle: { color: colour("--ink") } },
      legend: { show: chart.series.length > 1, type: "scroll", top: 0, textStyle: { color: colour("--ink") }, pageTextStyle: { color: colour("--soft") },
                pageIconColor: colour("--accent") },
      aria: { enabled: true },
    };
  }
  const names = (chart) => chart.categories.map(say);
  // of the name of a table the end says which it is
  const shortened = (name) => (name.length <= 24 ? name : name.includes("/") ? `…${name.slice(-23)}` : `${name.slice(0, 23)}…`);
  const kinds = {
    bar(chart) {
      const several = chart.series.length > 1;
      return {
        ...common(chart), grid: { left: 8, right: 56, top: several ? 36 : 8, bottom: 8, containLabel: true },
        xAxis: axis({ type: "value", minInterval: 1 }),
        yAxis: axis({ type: "category", data: names(chart), inverse: true, axisLabel: { color: colour("--ink"), formatter: shortened } }),
        series: chart.series.map((s) => ({
          type: "bar", name: say(s.name), data: s.values, stack: chart.stack ? "all" : undefined, barMaxWidth: 26,
          label: { show: !several, position: "right", color: colour("--ink"), formatter: (p) => format(p.value) },
        })),
      };
    },
    line(chart) {
      return {
        ...common(chart), tooltip: { ...common(chart).tooltip, trigger: "axis" },
        grid: { left: 8, right: 40, top: chart.series.length > 1 ? 36 : 16, bottom: 8, containLabel: true },
        xAxis: axis({ type: "category", data: names(chart), boundaryGap: false }), yAxis: axis({ type: "value", scale: true }),
        series: chart.series.map((s) => ({ type: "line", name: say(s.name), data: s.values, showSymbol: chart.categories.length < 40 })),
      };
    },
    spark(chart) {
      return {
        ...common(chart), legend: { show: false }, tooltip: { ...common(chart).tooltip, trigger: "axis" },
        grid: { left: 4, right: 4, top: 8, bottom: 8 }, xAxis: { type: "category", show: false, boundaryGap: false, data: names(chart) },
        yAxis: { type: "value", show: false, scale: true },
        series: chart.series.map((s) => ({ type: "line", data: s.values, symbolSize: 6, areaStyle: { opacity: 0.12 } })),
      };
    },
    calendar(chart) {
      const days = chart.keys, values = chart.series[0].values, known = values.filter((v) => v !== null);
      const years = [...new Set(days.map((d) => d.slice(0, 4)))].slice(-2);
      const label = { color: colour("--soft"), nameMap: english() ? "EN" : "ZH" };
      return {
        ...common(chart),
        visualMap: { min: Math.min(...known), max: Math.max(...known), text: [format(Math.max(...known)), format(Math.min(...known))], orient: "horizontal", left: "center", bottom: 0, textStyle: label,
                     inRange: { color: [colour("--c3"), colour("--c7"), colour("--c2"), colour("--c4")] } },
        calendar: years.map((year, i) => ({
          range: year, top: 24 + i * 170, left: 48, right: 12, cellSize: ["auto", 16], yearLabel: { color: colour("--soft") }, monthLabel: label, dayLabel: label,
          itemStyle: { color: colour("--panel"), borderColor: colour("--line") }, splitLine: { lineStyle: { color: colour("--soft") } },
        })),
        series: years.map((year, i) => ({
          type: "heatmap", coordinateSystem: "calendar", calendarIndex: i,
          data: days.map((d, n) => [d, values[n]]).filter(([d, v]) => d.startsWith(year) && v !== null),
        })),
      };
    },
    map(chart) {
      if (!window.CITYLAKE_MAP) return kinds.bar(chart);
      const counties = window.CITYLAKE_MAP.counties, known = new Set(counties.features.map((f) => f.properties.name));
      const values = chart.series[0].values, seen = values.filter((v, i) => v !== null && known.has(chart.keys[i]));
      if (!seen.length) return kinds.bar(chart);
      echarts.registerMap("counties", counties);
      const named = Object.fromEntries(counties.features.map((f) => [f.properties.name, say(f.properties.title)]));
      return {
        ...common(chart),
        visualMap: { min: 0, max: Math.max(...seen), text: [format(Math.max(...seen)), "0"], left: 0, bottom: 0, textStyle: { color: colour("--soft") }, inRange: { color: [colour("--tag"), colour("--c1")] } },
        series: [{
          type: "map", map: "counties", nameMap: named, roam: false, showLegendSymbol: false, data: values.map((value, i) => ({ name: named[chart.keys[i]], value: value === null ? NaN : value })),
          // the generic part of a name is left out, and a name that would lie on another: the tooltip and the table have them
          labelLayout: { hideOverlap: true },
          label: { show: true, formatter: (p) => p.name.replace(/ (District|County|City)$/, ""), color: colour("--ink"), textBorderColor: colour("--ground"), textBorderWidth: 3, fontSize: 11, width: 96, overflow: "break" }, itemStyle: { areaColor: colour("--panel"), borderColor: colour("--soft") },
          emphasis: { itemStyle: { areaColor: colour("--c2") }, label: { color: colour("--ink") } }, select: { disabled: true },
        }],
      };
    },
  };
  kinds.places = (chart) => {
    const map = window.CITYLAKE_MAP || { counties: null, waters: [] };
    if (map.counties) echarts.registerMap("counties", map.counties);
    const at = map.counties ? "geo" : "cartesian2d", degrees = axis({ type: "value", scale: true });
    return {
      ...common(chart), legend: { ...common(chart).legend, show: true },
      tooltip: { ...common(chart).tooltip, formatter: (p) => `${p.data.value[english() ? 3 : 2]}: ${p.seriesName}` },
      ...(map.counties
        ? { geo: { map: "counties", roam: false, silent: true, top: 32, bottom: 8, itemStyle: { areaColor: colour("--panel"), borderColor: colour("--line") } } }
        : { xAxis: degrees, yAxis: degrees, grid: { left: 8, right: 16, top: 36, bottom: 8, containLabel: true } }),
      series: [
        ...(map.counties ? [{ type: "lines", coordinateSystem: "geo", polyline: true, silent: true, data: map.waters.map((line) => ({ coords: line })),
                              lineStyle: { color: colour("--c1"), width: 1.5, opacity: 0.45 } }] : []),
        ...chart.series.map((s, i) => ({ type: "scatter", coordinateSystem: at, name: say(s.name), symbolSize: 12, data: s.points.map((p) => ({ value: p })),
                                         itemStyle: { color: palette()[s.colour ?? i % 8], borderColor: colour("--ground"), borderWidth: 1 } })),
      ],
    };
  };
  function draw() {
    for (const [picture, chart, drawn] of charts) drawn.setOption(kinds[chart.kind](chart), { notMerge: true });
  }
  const known = (chart) => chart.series[0].values.filter((v) => v !== null).length;
  // the table under a course: its points once more, for people who do not see the picture
  function course(table) {
    const chart = (window.CITYLAKE_CHARTS || {})[table.dataset.course], body = table.createTBody();
    chart.categories.forEach(([point], i) => {
      const row = body.insertRow(), head = document.createElement("th"), value = chart.series[0].values[i];
      head.append(point);
      row.append(head);
      row.insertCell().append(value === null ? "–" : value.toLocaleString("en-US", { minimumFractionDigits: 2 }));
      row.cells[1].className = "n";
    });
  }
  function begin() {
    for (const table of document.querySelectorAll("[data-course]")) course(table);
    for (const picture of document.querySelectorAll("[data-chart]")) {
      const chart = (window.CITYLAKE_CHARTS || {})[picture.dataset.chart];
      if (!chart || (chart.kind === "spark" && known(chart) < 2)) { picture.hidden = true; continue; }
      if (chart.kind === "calendar") picture.classList.add(chart.keys.at(0).slice(0, 4) === chart.keys.at(-1).slice(0, 4) ? "short" : "tall");
      else if (chart.kind === "places" || chart.categories.length > 10 || (chart.kind === "map" && window.CITYLAKE_MAP)) picture.classList.add("tall");
      else if (chart.kind === "bar" && chart.categories.length < 4) picture.classList.add("short");
      charts.push([picture, chart, echarts.init(picture)]);
    }
  }

  document.addEventListener("DOMContentLoaded", () => {
    for (const button of document.querySelectorAll("button[data-language]")) button.addEventListener("click", () => speak(button.dataset.language));
    for (const head of document.querySelectorAll(".sortable thead th")) {
      head.tabIndex = 0;
      head.addEventListener("click", () => sort(head));
      head.addEventListener("keydown", (key) => { if (key.key === "Enter" || key.key === " ") { key.preventDefault(); sort(head); } });
    }
    for (const field of document.querySelectorAll(".search")) field.addEventListener("input", () => search(field));
    for (const table of document.querySelectorAll(".scroll")) table.tabIndex = 0;
    if (window.echarts) begin();
    speak(remembered() ?? (navigator.languages.some((l) => l.startsWith("zh")) ? "zh" : "en"));
    // a picture that has no size for a moment, as while paper is laid out, is drawn when it has one again: a map cannot be fitted into nothing
    const redraw = () => {
      for (const [picture, , drawn] of charts) if (picture.clientWidth && picture.clientHeight) drawn.resize();
      draw();
    };
    window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
    window.matchMedia("print").addEventListener("change", redraw);
    window.addEventListener("resize", redraw);
    window.addEventListener("beforeprint", () => { for (const part of document.querySelectorAll("figure details")) part.open = true; redraw(); });
    window.addEventListener("afterprint", redraw);
  });
})();
