// SPDX-License-Identifier: Apache-2.0
// graphile-worker's side of bench/events/run: bench.mjs setup|publish|work URL [EVENTS MODE CONNECTIONS]
// "batch" is what its manual's chapter on performance recommends: a local queue of 500 jobs, and jobs
// completed in batches without waiting for more.
import { Logger, makeWorkerUtils, run, runMigrations } from "graphile-worker";
import pg from "pg";
const [verb, connectionString, count, mode, connections] = process.argv.slice(2);
const quiet = { logger: new Logger(() => () => {}) };
const N = Number(count);
const C = Number(connections);
const payload = { order_id: "order-000000", cents: 4200 };
const now = () => Date.now() / 1000;
async function publish() {
  const pool = new pg.Pool({ connectionString, max: C });
  pool.on("error", () => {});
  const utils = await makeWorkerUtils({ pgPool: pool, ...quiet });
  await Promise.all(Array.from({ length: C }, () => pool.query("select pg_sleep(0.02)")));
  const start = now();
  const per = mode === "batch" ? 1000 : 1;
  let next = 0;
  const one = async () => {
    while (next < N) {
      const size = Math.min(per, N - next);
      next += size;
      if (per === 1) await utils.addJob("handle", payload);
      else
        await utils.addJobs(
          Array.from({ length: size }, () => ({ identifier: "handle", payload })),
        );
    }
  };
  await Promise.all(Array.from({ length: C }, one));
  console.log(JSON.stringify({ start, end: now() }));
  await utils.release();
  await pool.end();
}
async function work() {
  let done = 0, start = 0, finish;
  const finished = new Promise((resolve) => (finish = resolve));
  const batch = mode === "batch"
    ? { localQueue: { size: 500 }, completeJobBatchDelay: 0, failJobBatchDelay: 0 }
    : {};
  const runner = await run({
    ...quiet, noHandleSignals: true,
    preset: {
      worker: {
        connectionString, concurrentJobs: C, maxPoolSize: C + 4, preparedStatements: true, ...batch,
      },
    },
    taskList: {
      handle: () => {
        if (!done) start = now();
        if (++done === N) finish();
      },
    },
  });
  console.log("ready");
  await finished;
  const pool = new pg.Pool({ connectionString, max: 1 });
  for (;;) {
    const { rows } = await pool.query("select count(*)::int as n from graphile_worker._private_jobs");
    if (rows[0].n === 0) break;
  }
  console.log(JSON.stringify({ start, end: now() }));
  await pool.end();
  await runner.stop();
}
if (verb === "setup") await runMigrations({ connectionString, ...quiet });
else await (verb === "publish" ? publish() : work());
process.exit(0);
