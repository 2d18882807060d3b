// The AWS SDK for JavaScript against the sink: peer_js.mjs put|get URL SIZE BATCH SECONDS; $PEERS has its node_modules.
import { randomBytes } from "node:crypto";
import { createRequire } from "node:module";
import path from "node:path";

const require = createRequire(path.join(process.env.PEERS, "package.json"));
const { KinesisClient, PutRecordsCommand, GetRecordsCommand, GetShardIteratorCommand } = require("@aws-sdk/client-kinesis");
const { NodeHttpHandler } = require("@smithy/node-http-handler");
const [what, url] = process.argv.slice(2);
const [size, batch, seconds] = process.argv.slice(4).map(Number);
// HTTP/1.1, as the others: the SDK's own choice for Kinesis is HTTP/2.
const client = new KinesisClient({ endpoint: url, region: "us-east-1", maxAttempts: 1, requestHandler: new NodeHttpHandler({}) });
const data = randomBytes(size);
const Records = Array.from({ length: batch }, (_, i) => ({ Data: data, PartitionKey: `partition-${String(i).padStart(6, "0")}` }));

async function put() {
  const answer = await client.send(new PutRecordsCommand({ StreamName: "bench", Records }));
  return [answer.Records.length];
}

async function get(iterator) {
  iterator ??= (await client.send(new GetShardIteratorCommand({ StreamName: `bench-${size}`, ShardId: "shardId-000000000000",
    ShardIteratorType: "TRIM_HORIZON" }))).ShardIterator;
  const answer = await client.send(new GetRecordsCommand({ ShardIterator: iterator, Limit: batch }));
  return [answer.Records.length, answer.NextShardIterator];
}

const once = what === "put" ? put : get;
let [, state] = await once();
let count = 0;
const began = performance.now(), before = process.cpuUsage();
while (performance.now() - began < seconds * 1000) {
  const [n, next] = await once(state);
  count += n;
  state = next;
}
const wall = (performance.now() - began) / 1000, used = process.cpuUsage(before);
console.log(JSON.stringify({ what: "js", wall, cpu: (used.user + used.system) / 1e6, records: count, bytes: count * size,
  peak_kib: process.resourceUsage().maxRSS }));
process.exit(0);
