// SPDX-License-Identifier: Apache-2.0
// The same port with connect-node: node bench.mjs SYSTEM serve|call PORT, as ../main.c does it.
// SYSTEM is connect (over HTTP/1.1) or connect-h2.
import * as http from "node:http";
import * as http2 from "node:http2";
import * as readline from "node:readline";
import { createClient } from "@connectrpc/connect";
import { connectNodeAdapter, createConnectTransport } from "@connectrpc/connect-node";
import { Orders } from "./orders_pb.js";

const PATIENCE = 5000;
const [system, verb, port] = process.argv.slice(2);

function place(order) {
  let cents = 0n, items = 0;
  for (const line of order.lines) {
    cents += line.cents * BigInt(line.quantity);
    items += line.quantity;
  }
  return { id: order.id, cents, items };
}

function serve() {
  const handler = connectNodeAdapter({
    routes: (router) => router.service(Orders, { place }), compressMinBytes: 4096,
  });
  const server = system === "connect-h2" ? http2.createServer(handler)
    : http.createServer({ keepAliveTimeout: 600000 }, handler);
  server.listen(Number(port), "127.0.0.1");
}

function client(codec) {
  const http1 = { httpVersion: "1.1", nodeOptions: { agent: new http.Agent({ keepAlive: true }) } };
  return createClient(Orders, createConnectTransport({
    baseUrl: `http://127.0.0.1:${port}`, useBinaryFormat: codec === "proto",
    ...(system === "connect-h2" ? { httpVersion: "2" } : http1),
  }));
}

async function callOn(orders, until, times) {
  for (let number = 0; performance.now() < until; number++) {
    const quantity = 1 + number % 7;
    const start = performance.now();
    const receipt = await orders.place({
      id: "0f8fad5b-d9cb-469f-a165-70867728950e", customer: "customer-4711", currency: "EUR",
      lines: [{ sku: "stone-squared-30", quantity: 12, cents: 1999n },
        { sku: "mortar-none-00", quantity, cents: 450n }],
    }, { timeoutMs: PATIENCE });
    times.push((performance.now() - start) * 1000);
    if (receipt.cents !== 12n * 1999n + BigInt(quantity) * 450n)
      throw new Error("the receipt is of another order");
  }
}

async function run(orders, callers, milliseconds) {
  const times = [], until = performance.now() + milliseconds;
  await Promise.all(Array.from({ length: callers }, () => callOn(orders, until, times)));
  return times;
}

async function call() {
  const clients = { proto: client("proto"), json: client("json") };
  const lines = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  for (let line = await lines.next(); !line.done; line = await lines.next()) {
    const [codec, callers, warm, measured] = line.value.split(" ");
    await run(clients[codec], Number(callers), Number(warm));
    console.log("ready");
    await lines.next();
    const times = await run(clients[codec], Number(callers), Number(measured));
    console.log("done");
    times.sort((a, b) => a - b);
    console.log(JSON.stringify({ calls: times.length, p50_us: times[times.length >> 1],
      p99_us: times[Math.floor(times.length * 0.99)] }));
  }
  process.exit(0);
}

if (verb === "serve")
  serve();
else
  await call();
