// SPDX-License-Identifier: Apache-2.0
"use strict";

const find = (id) => document.getElementById(id);
let watched = null;

async function ask(path, options) {
  const response = await fetch(path, options);
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.detail || answer.title);
  return answer;
}

function row(cells, className) {
  const tr = document.createElement("tr");
  cells.forEach((text, i) => {
    const td = tr.insertCell();
    td.textContent = text;
    if (className && i === cells.length - 1) td.className = className;
  });
  return tr;
}

const price = (cents) => (Number(cents) / 100).toFixed(2);

async function showStock() {
  const { products } = await ask("/stock");
  find("place").sku.replaceChildren(...products.map((product) =>
    new Option(`${product.name}, ${price(product.cents)} (${product.quantity || 0} left)`,
      product.sku)));
}

async function showOrders() {
  const { orders = [] } = await ask("/orders");
  find("orders").replaceChildren(...orders.map((order) => {
    const tr = row([order.orderId, order.customer, `${order.quantity} × ${order.sku}`,
      price(order.cents), order.state], order.state);
    tr.onclick = () => { watched = order.orderId; refresh(); };
    return tr;
  }));
  const counts = await ask("/counts");
  find("counts").textContent = `${counts.placed || 0} placed, ${counts.confirmed || 0} confirmed, ` +
    `${counts.cancelled || 0} cancelled, ${price(counts.cents || 0)} earned`;
}

async function showTrace(order) {
  const { spans } = await ask(`/ashlar/traces/${order.traceId}`);
  spans.sort((a, b) => a.start_us - b.start_us);
  const start = spans.length ? spans[0].start_us : 0;
  find("trace").replaceChildren(...spans.map((span) =>
    row([`${((span.start_us - start) / 1000).toFixed(1)} ms`, span.module, span.owner, span.name,
      `${(span.duration_ns / 1e6).toFixed(2)} ms`])));
}

async function showOrder() {
  const order = await ask(`/orders/${watched}`);
  const { messages = [] } = await ask(`/orders/${watched}/messages`);
  find("order").hidden = false;
  find("order-id").textContent = order.orderId;
  find("order-state").textContent = order.reason ? `${order.state}, ${order.reason}` : order.state;
  find("order-state").className = order.state;
  find("order-message").textContent = messages.join(" ");
  await showTrace(order).catch(() => find("trace").replaceChildren(
    row(["", "", "", "traces are shown with --inspect true", ""])));
}

async function refresh() {
  try {
    await showOrders();
    if (watched) await showOrder();
    find("problem").textContent = "";
  } catch (error) {
    find("problem").textContent = error.message;
  }
}

find("place").addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    const placed = await ask("/orders", {
      method: "POST",
      headers: { "Content-Type": "application/json", "Idempotency-Key": crypto.randomUUID() },
      body: JSON.stringify(Object.fromEntries(new FormData(event.target))),
    });
    watched = placed.orderId;
    await refresh();
    setTimeout(showStock, 1000);
  } catch (error) {
    find("problem").textContent = error.message;
  }
});

showStock().then(refresh);
setInterval(refresh, 1000);
