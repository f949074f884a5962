// The timeline's filters, brush and raw records, and small comforts elsewhere. The page reads without it.
// Text from logs only ever becomes the text of a node: nothing here parses markup.
"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const data = JSON.parse(byId("events").textContent);
  const { texts, raw, shapes, titles } = data;
  const SEVERITY = ["critical", "high", "medium", "low", "informational"];
  const SVG = "http://www.w3.org/2000/svg";
  const ROW = 31;
  const total = data.time.length;
  // A column that says the same of all events came as one number.
  const columns = Object.fromEntries(Object.entries(data.columns).map(([name, keys]) => [name, Array.isArray(keys) ? keys : new Array(total).fill(keys)]));
  const number = (n) => n.toLocaleString("en-US");

  // The same characters that the page's writer makes visible.
  const HIDDEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb\u{e0000}-\u{e0fff}]/gu;
  const visible = (text) => text.replace(HIDDEN, (c) => `[U+${c.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}]`);
  const cell = (name, i) => texts[columns[name][i]];
  const origin = (i) => data.records[i].length ? `${cell("file", i)}, record ${data.records[i].join(", ")}` : "";
  const sentence = (i) => cell("message", i) || ["operation", "result", "result_code", "reason", "user", "src_ip", "app", "target"]
    .map((name) => cell(name, i)).filter((text, at, all) => text && text !== "0" && all.indexOf(text) === at).join(" · ");
  const clock = (micros) => micros === null ? "" : new Date(micros / 1000).toISOString().replace("T", " ").slice(0, 19);

  const make = (tag, attributes, ...children) => {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) node.setAttribute(name, value);
    node.append(...children);
    return node;
  };
  const draw = (tag, attributes) => {
    const node = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    return node;
  };
  const bdi = (text) => make("bdi", null, visible(text));
  const mark = (severity) => {
    const svg = draw("svg", { class: "mark", "aria-hidden": "true" });
    svg.append(draw("use", { href: `#m-${severity}` }));
    return svg;
  };
  const reference = (position, title) => {
    const label = `F${position + 1}`;
    if (!byId(label)) return document.createTextNode(label + " ");
    const link = make("a", { class: "ref", href: `#${label}` }, label);
    if (title) link.append(" ", bdi(titles[position]));
    return link;
  };

  document.documentElement.classList.add("live");

  // --- the list ---------------------------------------------------------------------------------------------
  const viewport = byId("viewport"), body = byId("rows"), table = byId("events-table"), detail = byId("detail");
  const state = { rows: [], sort: 0, down: false, selected: -1, window: null };

  const COLUMNS = [
    ["Time (UTC)", (i) => clock(data.time[i]), (i) => data.time[i] ?? Infinity],
    ["Severity", (i) => SEVERITY[data.severity[i]], (i) => data.severity[i]],
    ["Findings", (i) => data.findings[i].map((f) => `F${f + 1}`).join(" "), (i) => data.findings[i][0] ?? Infinity],
    ["Event", (i) => cell("operation", i) || cell("message", i)],
    ["Result", (i) => [cell("result", i), cell("result_code", i)].filter((t) => t && t !== "0").join(" ")],
    ["Account", (i) => cell("user", i)],
    ["Address", (i) => cell("src_ip", i)],
    ["Application", (i) => cell("app", i)],
    ["Target", (i) => cell("target", i)],
    ["Source", origin],
  ];

  const line = (position) => {
    const i = state.rows[position];
    const row = make("tr", { "data-at": position, "aria-rowindex": position + 2, "aria-selected": String(i === state.selected) });
    COLUMNS.forEach(([name, value], column) => {
      const td = make("td");
      if (column === 0) td.append(make("time", null, value(i)));
      else if (column === 1) td.append(make("span", { class: `sev c-${value(i)}` }, mark(value(i)), value(i)));
      else if (column === 2) data.findings[i].slice(0, 4).forEach((f) => td.append(reference(f)));
      else { td.append(bdi(value(i).slice(0, 300))); td.title = visible(value(i).slice(0, 600)); }
      row.append(td);
    });
    return row;
  };
  const gap = (height) => {
    const row = make("tr", { class: "gap", "aria-hidden": "true" }, make("td"));
    row.firstChild.style.height = `${height}px`;
    return row;
  };
  let drawn = "";
  const paint = (force) => {
    const first = Math.max(0, Math.floor(viewport.scrollTop / ROW) - 10);
    const last = Math.min(state.rows.length, first + Math.ceil(viewport.clientHeight / ROW) + 24);
    if (!force && drawn === `${first}-${last}`) return;
    drawn = `${first}-${last}`;
    const rows = [gap(first * ROW)];
    for (let position = first; position < last; position++) rows.push(line(position));
    rows.push(gap((state.rows.length - last) * ROW));
    body.replaceChildren(...rows);
  };

  // --- filters ----------------------------------------------------------------------------------------------
  const fields = ["user", "src_ip", "app", "technique"];
  const keysOf = (name) => columns[name === "technique" ? "techniques" : name];
  // A time as a person types it: a date, or a date and a time, in UTC.
  const typed = (id, end) => {
    const found = /^\s*(\d{4}-\d\d-\d\d)(?:[ T]+(\d\d?):(\d\d)(?::(\d\d))?)?\s*Z?\s*$/.exec(byId(id).value);
    if (!found) return null;
    const [, day, hour, minute, second] = found;
    const time = Date.parse(`${day}T${(hour || (end ? "23" : "00")).padStart(2, "0")}:${minute || (end ? "59" : "00")}:${second || (end ? "59" : "00")}Z`);
    return Number.isNaN(time) ? null : time * 1000 + (end ? 999999 : 0);
  };
  const lower = texts.map((text) => text.toLowerCase());
  const columnKeys = Object.values(columns);
  const filter = () => {
    const wanted = byId("f-text").value.trim().toLowerCase();
    // Each text is looked at once, however many events share it.
    const hits = wanted && lower.map((text) => text.includes(wanted));
    const level = byId("f-severity").value;
    const finding = byId("f-finding").value.trim().replace(/^f/i, "");
    const exact = fields.map((name) => {
      const text = byId(`f-${name}`).value.trim().toLowerCase();
      return text && [keysOf(name), lower.map((candidate) => candidate.includes(text))];
    }).filter(Boolean);
    const rule = byId("f-rule").value;
    const incident = byId("f-incident") ? byId("f-incident").value : "";
    const members = incident === "" ? null : new Set(data.incidents[Number(incident)]);
    const [begin, end] = [typed("f-from", false), typed("f-to", true)];
    const rows = [];
    for (let i = 0; i < total; i++) {
      if (level !== "" && data.severity[i] > Number(level)) continue;
      if (finding && !data.findings[i].includes(Number(finding) - 1)) continue;
      if (state.window && !(data.time[i] >= state.window[0] && data.time[i] <= state.window[1])) continue;
      if (begin !== null && !(data.time[i] !== null && data.time[i] >= begin)) continue;
      if (end !== null && !(data.time[i] !== null && data.time[i] <= end)) continue;
      if (rule !== "" && !data.findings[i].some((f) => data.rules[f] === Number(rule))) continue;
      if (members && !data.findings[i].some((f) => members.has(f))) continue;
      if (exact.some(([keys, found]) => !found[keys[i]])) continue;
      if (hits && !columnKeys.some((keys) => hits[keys[i]])) continue;
      rows.push(i);
    }
    const by = COLUMNS[state.sort][2] || COLUMNS[state.sort][1];
    if (state.sort !== 0 || state.down) {
      const keys = new Map(rows.map((i) => [i, by(i)]));
      const order = (a, b) => (keys.get(a) < keys.get(b) ? -1 : keys.get(a) > keys.get(b) ? 1 : a - b);
      rows.sort(state.down ? (a, b) => order(b, a) : order);
    }
    state.rows = rows;
    table.setAttribute("aria-rowcount", rows.length + 1);
    const between = state.window ? `, between ${clock(state.window[0])} and ${clock(state.window[1])}` : "";
    byId("shown").textContent = `${number(rows.length)} of ${number(total)} events${between}. Choose a row for its record.`;
    viewport.scrollTop = 0;
    paint(true);
  };
  let waiting = 0;
  const soon = () => { clearTimeout(waiting); waiting = setTimeout(filter, 120); };
  byId("filters").hidden = false;
  byId("filters").addEventListener("input", soon);
  byId("filters").addEventListener("submit", (event) => event.preventDefault());
  byId("f-clear").addEventListener("click", () => {
    byId("filters").reset();
    state.window = null;
    showWindow();
    filter();
  });
  for (const name of fields) {
    const counts = new Map();
    const parts = name === "technique" ? (key) => texts[key].split(" ") : (key) => [texts[key]];
    for (const key of keysOf(name)) for (const part of parts(key)) counts.set(part, (counts.get(part) || 0) + 1);
    counts.delete("");
    const most = [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).slice(0, 200);
    byId(`l-${name}`).append(...most.map(([text]) => make("option", { value: text.slice(0, 200) })));
  }

  // --- sorting ----------------------------------------------------------------------------------------------
  [...table.querySelectorAll("thead th")].forEach((head, column) => {
    const button = make("button", { type: "button" }, head.textContent);
    head.replaceChildren(button);
    if (column === 0) head.setAttribute("aria-sort", "ascending");
    button.addEventListener("click", () => {
      state.down = state.sort === column && !state.down;
      state.sort = column;
      table.querySelectorAll("th[aria-sort]").forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", state.down ? "descending" : "ascending");
      filter();
    });
  });

  // --- one event --------------------------------------------------------------------------------------------
  const pairs = (caption, list) => {
    const rows = list.map(([name, value]) =>
      make("tr", null, make("th", { scope: "row" }, visible(name)), make("td", null, bdi(value))));
    const node = make("table", { class: "fields" }, make("caption", null, caption), make("tbody", null, ...rows));
    return node;
  };
  const show = (i, focus) => {
    state.selected = i;
    paint(true);
    const parts = [make("h3", null, `${clock(data.time[i])} UTC`), make("p", null, bdi(sentence(i)))];
    const findings = make("p", null);
    data.findings[i].slice(0, 30).forEach((f) => { findings.append(reference(f, true), " "); });
    parts.push(findings, make("p", { class: "origin" }, bdi(origin(i)), make("span", { class: "hash" }, `SHA-256 ${cell("sha256", i)}`)));
    if (raw[i]) {
      for (const row of raw[i]) {
        const [table, ...names] = shapes[row[0]];
        parts.push(pairs(texts[table], names.map((name, at) => [texts[name], texts[row[at + 1]]])));
      }
    } else {
      const list = Object.keys(columns).filter((name) => columns[name][i]).map((name) => [name, cell(name, i)]);
      parts.push(pairs("What the timeline knows; the whole record stands in the file named above", list));
    }
    const record = make("button", { type: "button" }, "Copy this event");
    record.addEventListener("click", () => {
      const rows = (raw[i] || []).map((row) => Object.fromEntries(shapes[row[0]].slice(1).map((name, at) => [texts[name], texts[row[at + 1]]])));
      copy(JSON.stringify({ time: clock(data.time[i]), source: origin(i), sha256: cell("sha256", i), message: sentence(i), rows }, null, 2), "The event was copied.");
    });
    parts.push(make("p", null, record));
    detail.replaceChildren(...parts);
    detail.hidden = false;
    if (focus) { detail.focus({ preventScroll: true }); detail.scrollIntoView({ block: "nearest" }); }
  };
  body.addEventListener("click", (event) => {
    if (event.target.closest("a")) return;
    const row = event.target.closest("tr[data-at]");
    if (row) show(state.rows[Number(row.dataset.at)], true);
  });
  viewport.addEventListener("scroll", () => paint(false), { passive: true });
  viewport.addEventListener("keydown", (event) => {
    const at = state.rows.indexOf(state.selected);
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.target !== viewport || (!step && event.key !== "Enter")) return;
    event.preventDefault();
    if (event.key === "Enter") { if (at >= 0) show(state.selected, true); return; }
    const next = Math.min(state.rows.length - 1, Math.max(0, at + step));
    if (next < 0) return;
    const top = next * ROW;
    if (top < viewport.scrollTop) viewport.scrollTop = top;
    if (top + 3 * ROW > viewport.scrollTop + viewport.clientHeight) viewport.scrollTop = top + 3 * ROW - viewport.clientHeight;
    show(state.rows[next], false);
  });

  // --- time: a histogram to brush over ----------------------------------------------------------------------
  const known = data.time.filter((time) => time !== null);
  const [from, to] = [known[0], known[known.length - 1]];
  const BINS = 180, WIDE = 1000, TALL = 70;
  let pane = null;
  const showWindow = () => {
    if (!pane) return;
    pane.setAttribute("visibility", state.window ? "visible" : "hidden");
    if (!state.window) return;
    const x = (time) => ((time - from) / (to - from)) * WIDE;
    pane.setAttribute("x", x(state.window[0]));
    pane.setAttribute("width", Math.max(1, x(state.window[1]) - x(state.window[0])));
  };
  if (known.length > 1 && to > from) {
    const bins = Array.from({ length: BINS }, () => [0, 0, 0, 0, 0]);
    data.time.forEach((time, i) => {
      if (time !== null) bins[Math.min(BINS - 1, Math.floor(((time - from) / (to - from)) * BINS))][data.severity[i]]++;
    });
    const most = Math.max(...bins.map((bin) => bin.reduce((a, b) => a + b)));
    const svg = draw("svg", { viewBox: `0 0 ${WIDE} ${TALL}`, preserveAspectRatio: "none", "aria-hidden": "true" });
    bins.forEach((bin, at) => {
      let top = TALL;
      bin.forEach((n, severity) => {
        if (!n) return;
        // The root of the share: one event beside a thousand is still seen.
        const height = (n / bin.reduce((a, b) => a + b)) * Math.sqrt(bin.reduce((a, b) => a + b) / most) * (TALL - 4);
        top -= height;
        svg.append(draw("rect", { class: `f-${SEVERITY[severity]}`, x: (at * WIDE) / BINS, y: top, width: (WIDE / BINS) * 0.8, height }));
      });
    });
    svg.append(draw("line", { class: "base", x1: 0, x2: WIDE, y1: TALL, y2: TALL }));
    pane = draw("rect", { class: "window", y: 0, height: TALL, visibility: "hidden" });
    svg.append(pane);
    const box = byId("brush");
    box.append(svg, make("p", { class: "soft shown" }, `${clock(from)} to ${clock(to)}. Drag to choose a span of time, click to choose all.`));
    box.hidden = false;
    const at = (event) => {
      const area = svg.getBoundingClientRect();
      const share = (event.clientX - area.left) / area.width;
      // The outermost pixels mean the very ends: the first and the last event are hard to hit otherwise.
      return share < 0.006 ? from : share > 0.994 ? to : from + share * (to - from);
    };
    let start = null;
    svg.addEventListener("pointerdown", (event) => { start = at(event); svg.setPointerCapture(event.pointerId); });
    svg.addEventListener("pointermove", (event) => {
      if (start === null) return;
      state.window = [start, at(event)].sort((a, b) => a - b);
      showWindow();
    });
    svg.addEventListener("pointerup", (event) => {
      if (start === null) return;
      const end = at(event);
      state.window = Math.abs(end - start) < (to - from) / 400 ? null : [start, end].sort((a, b) => a - b);
      start = null;
      showWindow();
      filter();
    });
  }

  // --- export -----------------------------------------------------------------------------------------------
  const quoted = (text) => {
    let value = visible(text.replace(/\r\n|\r|\n/g, "\\n"));
    if (/^[=+\-@\t\uff1d\uff0b\uff0d\uff20]/.test(value)) value = "'" + value;
    return `"${value.replace(/"/g, '""')}"`;
  };
  const say = (text) => { byId("shown").textContent = text; };
  const copy = (text, done) => {
    const plain = () => {
      const area = make("textarea", { "aria-hidden": "true", class: "vh" });
      area.value = text;
      document.body.append(area);
      area.select();
      const copied = document.execCommand("copy");
      area.remove();
      say(copied ? done : "The browser does not let the page copy; save the rows as CSV instead.");
    };
    if (navigator.clipboard && window.isSecureContext) navigator.clipboard.writeText(text).then(() => say(done), plain);
    else plain();
  };
  byId("f-copy").addEventListener("click", () => {
    const cells = (i) => COLUMNS.map(([, value]) => visible(value(i).replace(/[\r\n\t]+/g, " ")));
    const rows = state.rows.slice(0, 20000);
    const lines = [COLUMNS.map(([name]) => name), ...rows.map(cells)];
    // A spreadsheet that the text is put into would compute a cell that looks like a formula.
    const safe = (value) => (/^[=+\-@\uff1d\uff0b\uff0d\uff20]/.test(value) ? `'${value}` : value);
    copy(lines.map((line) => line.map(safe).join("\t")).join("\n"), `${number(rows.length)} of ${number(state.rows.length)} rows copied.`);
  });
  byId("f-export").addEventListener("click", () => {
    const names = Object.keys(columns);
    const lines = [["datetime", "level", "findings", "records", ...names].map(quoted).join(",")];
    for (const i of state.rows) {
      const time = data.time[i] === null ? "" : new Date(data.time[i] / 1000).toISOString();
      const labels = data.findings[i].map((f) => `F${f + 1}`).join(" ");
      lines.push([time, SEVERITY[data.severity[i]], labels, data.records[i].join(" "), ...names.map((name) => cell(name, i))].map(quoted).join(","));
    }
    const link = make("a", { download: "timeline-selection.csv", href: URL.createObjectURL(new Blob([lines.join("\r\n") + "\r\n"], { type: "text/csv" })) });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  });

  // --- print, links into closed parts, contents ---------------------------------------------------------------
  let closed = [];
  window.addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll("details:not([open], .record, .rule, .twin)")].filter((node) => !node.closest(".dossier"));
    closed.forEach((node) => { node.open = true; });
    const rows = state.rows.slice(0, 1000).map((_, position) => line(position));
    body.replaceChildren(...rows);
    if (state.rows.length > 1000) {
      body.append(make("tr", null, make("td", { colspan: COLUMNS.length }, `First 1,000 of ${number(state.rows.length)} rows; all stand in timeline.csv.`)));
    }
  });
  window.addEventListener("afterprint", () => { closed.forEach((node) => { node.open = false; }); paint(true); });
  const entries = new Map([...document.querySelectorAll(".toc a")].map((link) => [link.hash.slice(1), link]));
  if ("IntersectionObserver" in window) {
    const watch = new IntersectionObserver((seen) => {
      for (const { target, isIntersecting } of seen) {
        if (!isIntersecting) continue;
        entries.forEach((link, id) => {
          link.classList.toggle("here", id === target.id);
          if (id === target.id) link.setAttribute("aria-current", "true"); else link.removeAttribute("aria-current");
        });
      }
    }, { rootMargin: "-10% 0px -80% 0px" });
    entries.forEach((_, id) => { const section = byId(id); if (section) watch.observe(section); });
  }

  // --- entities -----------------------------------------------------------------------------------------------
  // A link to an entity opens it.
  const reveal = () => {
    const target = /^#E\d+$/.test(location.hash) && byId(location.hash.slice(1));
    const inside = target && target.querySelector("details");
    if (!inside) return;
    inside.open = true;
    target.scrollIntoView({ block: "start" });
  };
  window.addEventListener("hashchange", reveal);
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-filter]");
    if (!button) return;
    byId("filters").reset();
    state.window = null;
    showWindow();
    byId(`f-${button.dataset.filter}`).value = button.dataset.value;
    filter();
    byId("timeline").scrollIntoView({ block: "start" });
    viewport.focus({ preventScroll: true });
  });
  filter();
  reveal();
})();
