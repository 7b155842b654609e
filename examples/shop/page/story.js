// SPDX-License-Identifier: Apache-2.0
// What an order's spans mean: which step it has reached, and who told whom. Touches no page.

export const MODULES = ["orders", "inventory", "billing", "notification", "analytics"];

// Who may talk to whom in this shop.
export const CHANNELS = [
  ["orders", "inventory"], ["orders", "billing"], ["inventory", "billing"],
  ["orders", "notification"], ["orders", "analytics"],
];

// "orders.v1.OrderPlaced" is of "orders", and "OrderPlaced" in short.
export const moduleOf = (name) => name.split(".")[0];
export const short = (name) => name.split(/[./]/).pop();

// A statement of SQL, or a commit.
export const isStatement = (span) => span.name.startsWith("sql ");

const failed = (span) => span.status !== "ok";
const handled = (spans, module, event) =>
  spans.find((span) => span.kind === "consumer" && !failed(span) && span.module === module &&
    (!event || short(span.name) === event));
const heard = (spans, event) => spans.find((span) =>
  (span.kind === "consumer" || span.kind === "producer") && short(span.name) === event);

// The six steps; each is waiting, done, bad or skipped. `order`, `invoice` and `messages` may
// be null: then only the spans tell.
export function steps(spans, order, invoice, messages) {
  const state = order ? order.state : "placed";
  const reason = (order && order.reason) || "";
  const charged = invoice ? invoice.state : "open";
  const outOfStock = heard(spans, "OutOfStock") || reason === "out of stock";
  const declined = heard(spans, "Declined") || charged === "declined";
  const paid = heard(spans, "Paid") || charged === "paid";
  const reserved = heard(spans, "Reserved") || declined || paid;
  const cancelled = state === "cancelled" || heard(spans, "OrderCancelled") ||
    handled(spans, "orders", "OutOfStock") || handled(spans, "orders", "Declined");
  const confirmed = state === "confirmed" || handled(spans, "orders", "Paid");
  const told = handled(spans, "notification") || (messages && messages.length > 0);
  const counted = handled(spans, "analytics", "OrderConfirmed") ||
    handled(spans, "analytics", "OrderCancelled") || (spans.length === 0 && told);
  const step = (module, good, isGood, bad, isBad, span) => ({
    module, name: isBad ? bad : good, state: isBad ? "bad" : isGood ? "done" : "waiting", span,
  });
  return [
    step("orders", "Placed", order || spans.length, "", false,
      spans.find((span) => span.kind === "server")),
    step("inventory", "Reserved", reserved, "Out of stock", outOfStock,
      handled(spans, "inventory", "OrderPlaced")),
    outOfStock ? {module: "billing", name: "Not charged", state: "skipped"}
      : step("billing", "Charged", paid, "Declined", declined, handled(spans, "billing", "Reserved")),
    step("orders", "Confirmed", confirmed, "Cancelled", cancelled,
      handled(spans, "orders", "Paid") || handled(spans, "orders", "Declined") ||
      handled(spans, "orders", "OutOfStock")),
    step("notification", "Notified", told, "", false, handled(spans, "notification")),
    step("analytics", "Counted", counted, "", false,
      handled(spans, "analytics", "OrderConfirmed") ||
      handled(spans, "analytics", "OrderCancelled")),
  ];
}

const DID = {
  "orders Place": "A customer places the order",
  "inventory Price": "orders asks inventory for the price",
  "billing OrderPlaced": "billing opens an invoice",
  "analytics OrderPlaced": "analytics counts",
  "billing Reserved": "billing charges the card",
  "orders Paid": "orders confirms",
  "orders Declined": "orders cancels: the card was declined",
  "orders OutOfStock": "orders cancels: there is not enough",
  "inventory OrderCancelled": "inventory puts the goods back",
  "notification OrderConfirmed": "notification thanks the customer",
  "notification OrderCancelled": "notification says sorry",
  "analytics OrderConfirmed": "analytics counts",
  "analytics OrderCancelled": "analytics counts",
};

function tell(span, spans) {
  if (failed(span)) return `${span.module} fails: ${span.detail || span.status}`;
  if (span.module === "inventory" && short(span.name) === "OrderPlaced")
    return heard(spans, "OutOfStock") ? "inventory has too few" : "inventory keeps the goods";
  return DID[`${span.module} ${short(span.name)}`] || `${span.module} handles ${short(span.name)}`;
}

// The spans as scenes, in their order: what is told at once by one module to others. Each has
// its hops {from, to, label, span, bad} and a line that tells it.
export function scenes(spans) {
  const byId = new Map(spans.map((span) => [span.id, span]));
  const found = new Map();
  for (const span of [...spans].sort((a, b) => a.start_us - b.start_us)) {
    const parent = byId.get(span.parent);
    let from = null;
    if (span.kind === "consumer") from = moduleOf(span.name);
    else if (span.kind === "internal" && parent && parent.module !== span.module)
      from = parent.module;
    else if (span.kind !== "server") continue;
    const key = span.kind === "consumer" ? `${span.name} ${failed(span) ? span.id : ""}` : span.id;
    if (!found.has(key)) found.set(key, {key, hops: [], told: []});
    const scene = found.get(key);
    scene.hops.push({from, to: span.module, label: short(span.name), span, bad: failed(span)});
    scene.told.push(tell(span, spans));
  }
  return [...found.values()];
}

// The spans that belong to those shown: their statements, what they publish and call.
export function within(spans, shown) {
  const all = new Set(shown);
  for (let grew = true; grew;) {
    grew = false;
    for (const span of spans)
      if (!all.has(span.id) && all.has(span.parent) && span.kind !== "consumer" &&
        (span.kind !== "internal" || isStatement(span))) {
        all.add(span.id);
        grew = true;
      }
  }
  return all;
}
