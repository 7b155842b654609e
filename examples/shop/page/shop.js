// SPDX-License-Identifier: Apache-2.0
// The page: places orders, and shows one of them as it goes through the modules. What takes
// milliseconds is shown in seconds, scene by scene, as its spans come in.
import {Stones} from "/map.js";
import {scenes, steps, within} from "/story.js";
import {Waterfall} from "/trace.js";

const SCENE_MS = matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 650;
const find = (id) => document.getElementById(id);
const map = new Stones(find("map"));
const waterfall = new Waterfall(find("axis"), find("spans"));

// The order that is looked at: what is known of it, and the scenes that were shown.
let watched = null;

async function ask(path, options) {
  const response = await fetch(path, options);
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.detail || answer.title);
  return answer;
}

const price = (cents) => (Number(cents || 0) / 100).toFixed(2);
const number = (text) => Number(text || 0).toLocaleString("en");

function element(name, className, ...content) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...content);
  return made;
}

// ---- the order that is watched ----

const settled = (list) => list.every((step) => step.state !== "waiting");

function showSteps(list, start) {
  find("steps").replaceChildren(...list.map((step) => {
    const li = element("li", `${step.module} ${step.state}`, element("b", "", step.name),
      element("small", "", step.module));
    if (step.span && start)
      li.append(element("time", "", `+${((step.span.start_us - start) / 1000).toFixed(1)} ms`));
    return li;
  }));
}

function draw() {
  const {order, invoice, messages, spans, seen, live} = watched;
  const all = new Set(spans.map((span) => span.id));
  const shown = live ? within(spans, seen) : all;
  const visible = spans.filter((span) => shown.has(span.id));
  const done = !live || watched.finished;
  const list = done || spans.length === 0 ? steps(spans, order, invoice, messages)
    : steps(visible, {state: "placed"}, null, null);
  showSteps(list, spans.length ? Math.min(...spans.map((span) => span.start_us)) : 0);
  find("trace").hidden = false;
  waterfall.draw(spans, shown);
  find("trace-note").hidden = spans.length > 0;
  find("replay").hidden = spans.length === 0 || !done;
  const state = list[3].state === "waiting" ? "placed" : list[3].name.toLowerCase();
  find("title").replaceChildren(`Order ${order.orderId} `,
    element("span", `state ${state}`, state));
  if (done && messages && messages.length) find("now").textContent = messages.join(" ");
}

// Shows the scenes that were not yet shown, one after the other, and then those that came
// meanwhile.
async function play(mine) {
  if (mine.playing) return;
  mine.playing = true;
  for (let next; mine === watched &&
    (next = scenes(mine.spans).find((scene) => scene.hops.some((hop) =>
      !mine.seen.has(hop.span.id))));) {
    const fresh = {...next, hops: next.hops.filter((hop) => !mine.seen.has(hop.span.id))};
    find("now").textContent = `${[...new Set(next.told)].join(", ")}.`;
    await map.play(fresh, SCENE_MS);
    for (const hop of fresh.hops) mine.seen.add(hop.span.id);
    if (mine === watched) draw();
    await new Promise((resolve) => setTimeout(resolve, SCENE_MS / 3));
  }
  mine.playing = false;
  if (mine !== watched) return;
  mine.finished = settled(steps(mine.spans, mine.order, mine.invoice, mine.messages));
  draw();
}

// Whether the shop shows its traces; it says so once.
let traced = true;

async function readTrace(id) {
  if (!traced) return [];
  const response = await fetch(`/ashlar/traces/${id}`);
  traced = response.status !== 404;
  return response.ok ? (await response.json()).spans : [];
}

async function look() {
  const mine = watched;
  const [order, {messages = []}] = await Promise.all([ask(`/orders/${mine.id}`),
    ask(`/orders/${mine.id}/messages`)]);
  const spans = await readTrace(order.traceId);
  // Without spans the modules tell; the invoice is there when the order has ended.
  const invoice = spans.length || order.state === "placed" ? null
    : await ask(`/orders/${mine.id}/invoice`);
  if (mine !== watched) return;
  Object.assign(mine, {order, invoice, messages, spans});
  find("trace-note").textContent = spans.length ? ""
    : "It is not kept any more, or the shop runs without --inspect true.";
  const complete = settled(steps(spans, order, invoice, messages));
  // The last spans end a little after what they did can be seen.
  if (complete) mine.looks--;
  if (!mine.live) scenes(spans).forEach((scene) => map.settle(scene));
  if (spans.length === 0) mine.finished = complete;
  draw();
  if (mine.live) play(mine);
}

function watch(id, live) {
  watched = {id, live, seen: new Set(), spans: [], looks: 4, finished: false};
  map.clear();
  find("now").textContent = "";
  for (const li of find("orders").children)
    li.classList.toggle("watched", li.dataset.order === String(id));
  return look();
}

// ---- all orders, and the stock ----

function orderRow(order) {
  const button = element("button", "", element("i", `dot ${order.state}`), element("b", "",
    `${order.orderId}`), element("span", "", `${number(order.quantity)} × ${order.sku}, for ` +
    order.customer), element("span", `state ${order.state}`, order.state));
  const li = element("li", "", button);
  button.type = "button";
  button.title = order.reason || "";
  li.dataset.order = order.orderId;
  if (watched && String(watched.id) === order.orderId) li.classList.add("watched");
  button.onclick = () => guard(() => watch(order.orderId, false));
  return li;
}

async function showOrders() {
  const [{orders = []}, counts] = await Promise.all([ask("/orders"), ask("/counts")]);
  const key = JSON.stringify([orders, watched && watched.id]);
  if (find("orders").dataset.key !== key) {
    find("orders").dataset.key = key;
    find("orders").replaceChildren(...orders.map(orderRow));
  }
  for (const name of ["placed", "confirmed", "cancelled"])
    find(name).textContent = number(counts[name]);
  find("earned").textContent = price(counts.cents);
  if (!watched && orders.length) await watch(orders[0].orderId, false);
}

async function showStock() {
  const {products} = await ask("/stock");
  const form = find("place"), chosen = form.elements.sku ? form.elements.sku.value : "";
  const cards = products.map((product, i) => {
    const left = Number(product.quantity || 0);
    const input = element("input");
    Object.assign(input, {type: "radio", name: "sku", value: product.sku, required: true,
      checked: chosen ? product.sku === chosen : i === 0});
    return element("label", left ? "" : "none", input, element("span", "",
      element("b", "", product.name), element("em", "", price(product.cents)),
      element("small", "", left ? `${number(left)} left` : "none left")));
  });
  find("products").replaceChildren(find("products").firstElementChild, ...cards);
}

// What went wrong for a person stays until that person's next action, whatever the page does meanwhile.
const problems = {person: "", page: ""};

async function guard(action, whose = "person") {
  try {
    await action();
    problems[whose] = "";
  } catch (error) {
    problems[whose] = error.message;
  }
  find("problem").textContent = problems.person || problems.page;
}

async function place(body) {
  // randomUUID() is there on https and localhost only.
  const key = Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) =>
    part.toString(16)).join("-");
  const placed = await ask("/orders", {
    method: "POST",
    headers: {"Content-Type": "application/json", "Idempotency-Key": key},
    body: JSON.stringify(body),
  });
  await watch(placed.orderId, true);
  await showOrders();
  await showStock();
  if (innerWidth < 900) find("title").scrollIntoView({behavior: "smooth"});
}

const EXAMPLES = {
  declined: {sku: "mug", quantity: 1, card: "4000000000000002"},
  stock: {sku: "teapot", quantity: 1000, card: "4242424242424242"},
};

// ---- what a person does ----

find("place").addEventListener("submit", (event) => {
  event.preventDefault();
  guard(() => place(Object.fromEntries(new FormData(event.target))));
});

for (const button of document.querySelectorAll("[data-try]"))
  button.onclick = () => guard(() => place({customer: find("place").elements.customer.value || "Ada",
    ...EXAMPLES[button.dataset.try]}));

find("replay").onclick = () => guard(() => watch(watched.id, true));
find("statements").onchange = (event) =>
  find("spans").classList.toggle("brief", !event.target.checked);

async function follow() {
  if (!document.hidden && watched && watched.looks > 0) await guard(look, "page");
  setTimeout(follow, 300);
}

async function refresh() {
  if (!document.hidden) await guard(showOrders, "page");
  setTimeout(refresh, 1500);
}

guard(showStock, "page").then(refresh).then(follow);
showSteps(steps([], null, null, null), 0);
