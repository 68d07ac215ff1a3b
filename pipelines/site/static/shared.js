// What is the same on many pages, from data/site.js and data/lineage.js: the menu, the deliveries behind a table, the lineage of its columns.
"use strict";
(function () {
  const site = window.CITYLAKE_SITE, lineage = window.CITYLAKE_LINEAGE;
  const up = document.currentScript.getAttribute("src").replace("static/shared.js", "");
  const at = new Map(site.tables.map(([name], i) => [name, i]));
  const FEW = 9;

  function element(name, attributes, ...inner) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...inner);
    return made;
  }
  const both = ([zh, en]) => (zh === en ? [zh] : [element("span", { lang: "zh" }, zh), element("span", { lang: "en" }, en)]);
  const file = (name) => name.replaceAll("/", "-");
  // the name of a table may go on in the next line after a slash
  const path = (name) => element("code", {}, ...name.split("/").flatMap((part, i) => (i ? ["/", element("wbr", {}), part] : [part])));
  const listed = (parts) => parts.flatMap((part, i) => (i ? [", ", part] : [part]));
  function link(i) {
    const [name, zh] = site.tables[i];
    return zh === undefined ? path(name) : element("a", { href: `${up}catalogue/${file(name)}.html` }, path(name));
  }

  function menu(nav) {
    for (const [target, title] of site.menu) nav.append(element("a", { href: up + target }, ...both(title)), "\n");
  }
  function deliveries(place) {
    const found = site.deliveries[at.get(place.dataset.deliveries)];
    place.append(...listed(found.map((i) => {
      const [name, ...title] = site.tables[i];
      return element("a", { href: `${up}ledger/${file(name)}.html` }, ...both(title), " ", path(name.split("/").slice(1).join("/")));
    })));
  }

  // edges: table, column, table, column …; those of one table stand together
  function columns(edges) {
    const tables = new Map();
    for (let n = 0; n < edges.length; n += 2) tables.set(edges[n], [...(tables.get(edges[n]) || []), lineage.names[edges[n + 1]]]);
    const lines = [...tables].map(([i, names]) => {
      const [name, zh] = site.tables[i];
      const one = (column) => {
        const code = element("code", {}, column);
        return zh === undefined ? code : element("a", { href: `${file(name)}.html#${column}` }, code);
      };
      return [path(name), ": ", ...listed(names.map(one))];
    });
    const parts = lines.flatMap((line, i) => (i ? [element("br", {}), ...line] : line));
    return edges.length > 2 * FEW ? [element("details", {}, element("summary", {}, String(edges.length / 2)), ...parts)] : parts;
  }
  function tables(own) {
    const makes = lineage.made.flatMap((from, i) => (from.includes(own) ? [i] : []));
    for (const [place, found] of [["[data-made]", lineage.made[own]], ["[data-makes]", makes]]) {
      document.querySelector(place).append(...(found.length ? listed(found.map(link)) : ["–"]));
    }
    const down = new Map();
    lineage.from.forEach((lines, i) => {
      for (const [column, ...edges] of lines) {
        for (let n = 0; n < edges.length; n += 2) {
          if (edges[n] === own) down.set(edges[n + 1], [...(down.get(edges[n + 1]) || []), i, column]);
        }
      }
    });
    const from = new Map(lineage.from[own].map(([column, ...edges]) => [column, edges]));
    for (const row of document.querySelector("table.columns").tBodies[0].rows) {
      const column = lineage.names.indexOf(row.id);
      (row.cells[5] || row.insertCell()).prepend(...columns(from.get(column) || []));
      row.insertCell().append(...columns(down.get(column) || []));
    }
  }

  const nav = document.querySelector("nav");
  if (!nav.childElementCount) menu(nav);
  for (const place of document.querySelectorAll("[data-deliveries]")) deliveries(place);
  if (lineage) tables(at.get(document.querySelector("[data-table]").dataset.table));
})();
