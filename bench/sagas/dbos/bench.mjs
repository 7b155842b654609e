// SPDX-License-Identifier: Apache-2.0
// DBOS's side: bench.mjs setup|run URL WORKFLOWS AT_ONCE. A workflow of four steps that do nothing; so
// many at once, each started when the one before it has ended. Prints the times of the first start and
// the last end, in seconds since 1970, as JSON.
import { DBOS } from "@dbos-inc/dbos-sdk";

const STEPS = ["reserve", "charge", "ship", "notify"];
const [verb, url, workflows, atOnce] = process.argv.slice(2);

async function nothing() {
  return 1;
}

const checkout = DBOS.registerWorkflow(async (order) => {
  for (const name of STEPS) await DBOS.runStep(nothing, { name });
  return order;
}, { name: "checkout" });

async function client(state) {
  while (state.next < state.all) {
    const order = state.next++;
    await DBOS.withNextWorkflowID(`order-${order}`, () => checkout(order));
  }
}

DBOS.setConfig({
  name: "bench",
  systemDatabaseUrl: url,
  systemDatabasePoolSize: Number(atOnce ?? 1) + 4,
  logLevel: "error",
  runAdminServer: false,
});
await DBOS.launch();
if (verb === "run") {
  const state = { next: 0, all: Number(workflows) };
  const start = Date.now() / 1000;
  await Promise.all(Array.from({ length: Number(atOnce) }, () => client(state)));
  console.log(JSON.stringify({ start, end: Date.now() / 1000 }));
}
await DBOS.shutdown();
