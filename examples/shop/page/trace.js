// SPDX-License-Identifier: Apache-2.0
// A trace as a waterfall: a row a span, in the order of the calls, over one axis of time.
import {isStatement, short} from "/story.js";

const SIGN = {server: "→", internal: "↳", sql: "▪", producer: "✦", consumer: "◆"};
const MEANS = {server: "request", internal: "port", sql: "SQL", producer: "publishes",
  consumer: "handles"};
const kindOf = (span) => isStatement(span) ? "sql" : span.kind;

// "insert into orders.placed", "select inventory.product", "commit".
function nameOf(span) {
  if (!isStatement(span)) return short(span.name);
  const table = span.detail.match(/^(insert into|update|delete from) (\S+)/);
  const from = span.detail.match(/^select .*? from (\S+)/);
  return table ? table[0] : from ? `select ${from[1]}` : span.name.slice(4);
}

// Parents before their children, each group by time; how deep each is.
function arrange(spans) {
  const ids = new Set(spans.map((span) => span.id)), children = new Map(), rows = [];
  for (const span of [...spans].sort((a, b) => a.start_us - b.start_us)) {
    const parent = ids.has(span.parent) ? span.parent : "";
    if (!children.has(parent)) children.set(parent, []);
    children.get(parent).push(span);
  }
  const add = (parent, depth) => (children.get(parent) || []).forEach((span) => {
    rows.push([span, depth]);
    if (depth < 30) add(span.id, depth + 1);
  });
  add("", 0);
  return rows;
}

const milliseconds = (ms) => ms >= 100 ? `${ms.toFixed(0)} ms` : ms >= 1 ? `${ms.toFixed(1)} ms`
  : `${(ms * 1000).toFixed(0)} µs`;

// At most `most` and one.
function ticks(total, most) {
  const power = 10 ** Math.floor(Math.log10(total));
  const size = [0.2, 0.5, 1, 2, 5, 10].map((part) => part * power)
    .find((part) => total / part <= most);
  const found = [];
  for (let at = 0; at <= total * 0.92; at += size) found.push(at);
  return found;
}

function element(name, className, text) {
  const made = document.createElement(name);
  made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function row(span, depth, start, total) {
  const li = element("li", `span ${span.module} ${kindOf(span)}${span.status === "ok" ? "" : " bad"}`);
  const label = element("span", "label"), name = element("b", "", nameOf(span));
  label.style.paddingInlineStart = `calc(${Math.min(depth, 12)} * var(--step))`;
  label.append(element("i", "", SIGN[kindOf(span)] || "·"), name, element("small", "", span.module));
  const track = element("span", "track"), bar = element("span", "bar");
  const left = (span.start_us - start) / 1000 / total * 100;
  const width = span.duration_ns / 1e6 / total * 100;
  bar.style.left = `${left}%`;
  bar.style.width = `max(3px, ${Math.min(width, 100 - left)}%)`;
  const took = element("span", "took", milliseconds(span.duration_ns / 1e6));
  if (left + width > 78) took.style.right = `calc(${100 - left}% + 4px)`;
  else took.style.left = `calc(${left + width}% + 7px)`;
  track.append(bar, took);
  li.append(label, track);
  li.dataset.id = span.id;
  li.title = [`${MEANS[kindOf(span)] || span.kind} ${span.name}`, `${span.module}, of ${span.owner}`,
    `${milliseconds((span.start_us - start) / 1000)} after the start, took ` +
    milliseconds(span.duration_ns / 1e6), span.status === "ok" ? "" : span.status, span.detail]
    .filter(Boolean).join("\n");
  return li;
}

export class Waterfall {
  constructor(axis, list) {
    this.axis = axis;
    this.list = list;
    this.drawn = "";
  }

  // Draws all of `spans`; those that are not in `shown` are there, but not yet to be seen.
  draw(spans, shown) {
    const key = spans.map((span) => span.id).join();
    if (key !== this.drawn) {
      this.drawn = key;
      this.build(spans);
    }
    for (const li of this.list.children) li.classList.toggle("hidden", !shown.has(li.dataset.id));
  }

  build(spans) {
    this.list.replaceChildren();
    this.axis.replaceChildren();
    if (spans.length === 0) return;
    const start = Math.min(...spans.map((span) => span.start_us));
    const end = Math.max(...spans.map((span) => span.start_us + span.duration_ns / 1000));
    const total = Math.max((end - start) / 1000, 0.001);
    const most = Math.max(2, Math.min(6, this.axis.clientWidth / 75));
    for (const at of ticks(total, most)) {
      const tick = element("span", "", at === 0 ? "0" : milliseconds(at).replace(".0 ", " "));
      tick.style.left = `${at / total * 100}%`;
      this.axis.append(tick);
    }
    this.list.append(...arrange(spans).map(([span, depth]) => row(span, depth, start, total)));
  }
}
