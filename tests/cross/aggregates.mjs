#!/usr/bin/env node
// Aggregates of ours are read by the npm package aws-kinesis-agg, and its aggregates by ours: keys, bytes, order, places.
import { execFileSync, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";

const TESTS = path.join(path.dirname(fileURLToPath(import.meta.url)), "..");
const BIN = path.join(process.env.BUILD_DIR || path.join(TESTS, "..", "build"), "bin");
const credentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" };
const env = {
  PATH: process.env.PATH, ASAN_OPTIONS: process.env.ASAN_OPTIONS ?? "", UBSAN_OPTIONS: process.env.UBSAN_OPTIONS ?? "",
  AWS_ACCESS_KEY_ID: credentials.accessKeyId, AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey, AWS_REGION: "us-east-1",
  AWS_EC2_METADATA_DISABLED: "true", AWS_CONFIG_FILE: "/dev/null", AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
};
const counts = { passed: 0, failed: 0, skipped: 0 };

function ok(text, condition, detail = "") {
  counts[condition ? "passed" : "failed"]++;
  console.log(`${condition ? "ok" : "not ok"} - ${text}`);
  if (!condition && detail) console.log(String(detail).replace(/^/gm, "    "));
}

function equal(text, expected, actual) {
  const [a, b] = [JSON.stringify(expected), JSON.stringify(actual)];
  ok(text, a === b, `expected: ${a?.slice(0, 300)}\nactual:   ${b?.slice(0, 300)}`);
}

function done() {
  console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
  process.exit(counts.failed ? 1 : counts.passed ? 0 : 77);
}

// Both packages are where tests/install puts them, pinned by tests/peers/package-lock.json.
function load() {
  const folder = execFileSync("bash", ["-c", `. "${TESTS}/lib/place.sh"; place_npm`]).toString();
  if (!existsSync(path.join(folder, "node_modules", "aws-kinesis-agg"))) {
    counts.skipped++;
    console.log(`skip - aws-kinesis-agg: it is not installed in ${folder}`);
    done();
  }
  const require = createRequire(path.join(folder, "index.js"));
  return {
    ...require("@aws-sdk/client-kinesis"), ...require("aws-kinesis-agg"),
    NodeHttpHandler: require("@smithy/node-http-handler").NodeHttpHandler,
  };
}

function start() {
  return new Promise((resolve, reject) => {
    const child = spawn(path.join(BIN, "klocal"), [], { stdio: ["ignore", "pipe", "inherit"] });
    process.on("exit", () => child.kill());
    child.on("error", reject);
    child.stdout.on("data", (data) => {
      const found = /listening on (http:\S+)/.exec(data.toString());
      if (found) resolve(found[1]);
    });
  });
}

function tool(name, url, words, input = "") {
  return execFileSync(path.join(BIN, name), ["--endpoint-url", url, ...words], { env, input, maxBuffer: 1 << 28, timeout: 120000 });
}

// Delimiters are kept out of the bytes; everything else may come.
function bytes(i) {
  const all = Buffer.from(Array.from({ length: 256 }, (_, n) => (n + i) % 256).filter((n) => n !== 10 && n !== 9));
  return i % 7 === 0 ? Buffer.alloc(0) : all.subarray(0, 1 + ((i * 37) % all.length));
}

async function readAll(send, stream) {
  const found = [];
  for (const { ShardId } of (await send("ListShards", { StreamName: stream })).Shards) {
    let { ShardIterator } = await send("GetShardIterator", { StreamName: stream, ShardId, ShardIteratorType: "TRIM_HORIZON" });
    for (;;) {
      const answer = await send("GetRecords", { ShardIterator });
      found.push(...answer.Records);
      if (!answer.Records.length && !answer.MillisBehindLatest) break;
      ShardIterator = answer.NextShardIterator;
    }
  }
  return found;
}

let streams = 0;
const sorted = (pairs) => pairs.map((pair) => pair.join(" ")).sort();

// What kput --aggregate wrote, taken apart by their package with its checksums.
async function oursByTheirs(js, send, url, words, keyOf) {
  const stream = `ours-${++streams}`;
  await send("CreateStream", { StreamName: stream, ShardCount: 4 });
  const records = Array.from({ length: 3000 }, (_, i) => [keyOf(i), bytes(i)]);
  const input = Buffer.concat(records.flatMap(([key, data]) => [Buffer.from(`${key}\t`), data, Buffer.from("\n")]));
  tool("kput", url, ["--aggregate", "-K", "\\t", ...words, stream], input);
  const stored = await readAll(send, stream);
  const got = [];
  let aggregates = 0;
  let places = true;
  for (const record of stored) {
    js.deaggregateSync({ Data: Buffer.from(record.Data).toString("base64"), PartitionKey: record.PartitionKey, SequenceNumber: record.SequenceNumber },
      true, (error, members) => {
        if (error) throw error;
        aggregates += members.length > 1;
        places &&= members.length < 2 || members.every((member, i) => member.SubSequenceNumber === i);
        got.push(...members.map((member) => [member.PartitionKey, member.Data]));
      });
  }
  const name = `ours by theirs, ${words.join(" ") || "plain"}, key ${keyOf(1)}`;
  equal(`${name}: every record`, sorted(records.map(([key, data]) => [key, data.toString("base64")])), sorted(got));
  ok(`${name}: they were aggregates, with places`, aggregates > 3 && stored.length < 1000 && places, `${aggregates} of ${stored.length}`);
  const perKey = (all) => all.filter(([key]) => key === keyOf(3)).map(([, data]) => data);
  if (words.includes("--ordered"))
    equal(`${name}: in order`, perKey(records.map(([key, data]) => [key, data.toString("base64")])), perKey(got));
}

// What their package packed, taken apart by kcat. It has no empty records, and its key tables must not look like array indices.
async function theirsByOurs(js, send, url) {
  await send("CreateStream", { StreamName: "theirs", ShardCount: 1 });
  const aggregator = new js.RecordAggregator();
  const records = Array.from({ length: 2000 }, (_, i) => [`schlüssel-${i % 50}`, bytes(i)]).filter(([, data]) => data.length);
  const hashKey = (i) => (i % 3 ? ((1n << 100n) + BigInt(i % 3)).toString() : undefined);
  for (let from = 0; from < records.length; from += 400) {
    records.slice(from, from + 400).forEach(([partitionKey, data], i) => aggregator.addUserRecord({ partitionKey, data, explicitHashKey: hashKey(i) }));
    const built = aggregator.build();
    await send("PutRecord", { StreamName: "theirs", PartitionKey: built.partitionKey, Data: built.data });
  }
  const lines = tool("kcat", url, ["-e", "-J", "theirs"]).toString().trim().split("\n").map((line) => JSON.parse(line));
  const got = lines.map((line) => [line.key, line.data_base64 ?? Buffer.from(line.data).toString("base64")]);
  equal("theirs by ours: every record in order", records.map(([key, data]) => [key, data.toString("base64")]), got);
  equal("theirs by ours: places within the aggregate", records.map((_, i) => i % 400), lines.map((line) => line.sub_sequence ?? 0));
}

const js = load();
const url = await start();
const client = new js.KinesisClient({ region: "us-east-1", endpoint: url, credentials, requestHandler: new js.NodeHttpHandler() });
const send = (name, input) => client.send(new js[`${name}Command`](input));
await oursByTheirs(js, send, url, [], (i) => `k${i % 100}`);
await oursByTheirs(js, send, url, ["--ordered"], (i) => `k${i % 20}`);
await oursByTheirs(js, send, url, [], (i) => `é${i}`);
await theirsByOurs(js, send, url);
done();
