// SPDX-License-Identifier: Apache-2.0
// Echo (peer.proto) with connect-node: node peer.mjs serve DESCRIPTORS, which prints its port, or
// node peer.mjs call DESCRIPTORS PORT, which makes each call and prints "ok CODEC CASE" for each.
import * as assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import * as http from "node:http";
import { createFileRegistry, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { compressionGzip, connectNodeAdapter, createConnectTransport } from "@connectrpc/connect-node";

const [verb, descriptors, port] = process.argv.slice(2);
const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, readFileSync(descriptors)));
const Echo = registry.getService("peer.v1.Echo");
const Missing = registry.getMessage("peer.v1.Missing");
const BYTES = new Uint8Array([0, 1, 254, 255]);

function pairsOf(headers) {
  const pairs = [];
  for (const [key, value] of headers)
    if (key.startsWith("x-"))
      pairs.push({ key, value: Buffer.from(value, key.endsWith("-bin") ? "base64" : "latin1") });
  return pairs;
}

async function answer(ask, context) {
  if (ask.text === "fail")
    throw new ConnectError("there is no order 7", Code.NotFound, { "x-why": "gone" },
      [{ desc: Missing, value: { id: "7" } }]);
  if (ask.text === "slow") // for longer than a slow client may take to see that its time is up
    await new Promise((resolve) => setTimeout(resolve, 30000));
  context.responseHeader.set("x-answer", "head");
  context.responseTrailer.set("x-answer-bin", Buffer.from(BYTES).toString("base64"));
  return {
    text: ask.text, leftMs: BigInt(Math.ceil(context.timeoutMs() ?? 0)),
    pairs: pairsOf(context.requestHeader), method: context.requestMethod,
    coding: context.requestHeader.get("content-encoding") ?? "",
  };
}

function serve() {
  const routes = (router) => router.service(Echo, { say: answer, look: answer });
  const server = http.createServer(connectNodeAdapter({ routes, compressMinBytes: 1024 }));
  server.keepAliveTimeout = 600000; // a slow client may call again late
  server.listen(0, "127.0.0.1", () => console.log(server.address().port));
  process.stdin.on("end", () => process.exit(0)).resume();
}

async function failure(promise) {
  try {
    await promise;
  } catch (error) {
    return ConnectError.from(error);
  }
  throw new Error("it did not fail");
}

function clientOf(codec, more = {}) {
  return createClient(Echo, createConnectTransport({
    baseUrl: `http://127.0.0.1:${port}`, httpVersion: "1.1", useBinaryFormat: codec === "proto", ...more,
  }));
}

// Keeps how each request goes out: interceptors come before that is decided.
class Watching extends http.Agent {
  seen = [];

  addRequest(request, ...more) {
    this.seen.push(request.method);
    return super.addRequest(request, ...more);
  }
}

const CASES = {
  async plain(codec) {
    const got = await clientOf(codec).say({ text: "grüß Gott" });
    assert.equal(got.text, "grüß Gott");
    assert.equal(got.leftMs, 0n);
  },
  async get(codec) {
    const agent = new Watching();
    const client = clientOf(codec, { useHttpGet: true, nodeOptions: { agent } });
    assert.equal((await client.look({ text: "a?b&c=ü" })).text, "a?b&c=ü");
    assert.equal((await client.say({ text: "x" })).text, "x");
    assert.deepEqual(agent.seen, ["GET", "POST"]);
  },
  // Larger than the server takes bytes of a body; both ways.
  async gzip(codec) {
    const text = "a".repeat(300000);
    let coding;
    const client = clientOf(codec, { sendCompression: compressionGzip, acceptCompression: [compressionGzip] });
    const got = await client.say({ text }, { onHeader: (headers) => { coding = headers.get("content-encoding"); } });
    assert.equal(got.text, text);
    assert.equal(coding, "gzip");
    await failure(clientOf(codec).say({ text }));
  },
  async error(codec) {
    const error = await failure(clientOf(codec).say({ text: "fail" }));
    assert.equal(error.code, Code.NotFound);
    assert.equal(error.rawMessage, "there is no order 7");
    assert.equal(error.metadata.get("x-why"), "gone");
    assert.deepEqual(error.findDetails(Missing).map((missing) => missing.id), ["7"]);
  },
  async deadline(codec) {
    const got = await clientOf(codec).say({ text: "x" }, { timeoutMs: 60000 });
    assert.ok(got.leftMs > 0n && got.leftMs <= 60000n);
    assert.equal((await failure(clientOf(codec).say({ text: "slow" }, { timeoutMs: 100 }))).code,
      Code.DeadlineExceeded);
  },
  async metadata(codec) {
    let head, trailer;
    const got = await clientOf(codec).say({ text: "x" }, {
      headers: { "x-ask": "one", "x-ask-bin": Buffer.from(BYTES).toString("base64") },
      onHeader: (headers) => { head = headers.get("x-answer"); },
      onTrailer: (trailers) => { trailer = trailers.get("x-answer-bin"); },
    });
    const pairs = Object.fromEntries(got.pairs.map((pair) => [pair.key, Buffer.from(pair.value)]));
    assert.deepEqual(pairs["x-ask"], Buffer.from("one"));
    assert.deepEqual(pairs["x-ask-bin"], Buffer.from(BYTES));
    assert.equal(head, "head");
    assert.deepEqual(Buffer.from(trailer, "base64"), Buffer.from(BYTES));
  },
};

if (verb === "serve") {
  serve();
} else {
  for (const codec of ["proto", "json"])
    for (const [name, run] of Object.entries(CASES)) {
      await run(codec);
      console.log(`ok ${codec} ${name}`);
    }
  process.exit(0);
}
