#!/usr/bin/env node
// The AWS SDK for JavaScript v3 is content with klocal: Kinesis, S3 with streams (chunked, trailing checksum), presigning.
import { execFileSync, spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { Readable } from "node:stream";
import { fileURLToPath } from "node:url";

const TESTS = path.join(path.dirname(fileURLToPath(import.meta.url)), "..");
const PROGRAM = process.env.KLOCAL || path.join(process.env.BUILD_DIR || path.join(TESTS, "..", "build"), "bin", "klocal");
const credentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" };
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

async function refused(text, name, call) {
  try {
    await call();
    ok(text, false, "accepted");
  } catch (error) {
    ok(text, error.name === name, `${error.name}: ${error.message}`);
  }
}

function done() {
  console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
  process.exit(counts.failed ? 1 : counts.passed ? 0 : 77);
}

function skipAll(reason) {
  counts.skipped++;
  console.log(`skip - the JavaScript SDK: ${reason}`);
  done();
}

// The SDK is where tests/install puts it, pinned by tests/peers/package-lock.json.
function load() {
  const folder = execFileSync("bash", ["-c", `. "${TESTS}/lib/place.sh"; place_npm`]).toString();
  if (!existsSync(path.join(folder, "node_modules", "@aws-sdk", "client-kinesis"))) skipAll(`it is not installed in ${folder}`);
  const require = createRequire(path.join(folder, "index.js"));
  return {
    ...require("@aws-sdk/client-kinesis"), ...require("@aws-sdk/client-s3"),
    NodeHttpHandler: require("@smithy/node-http-handler").NodeHttpHandler,
    SignatureV4: require("@smithy/signature-v4").SignatureV4,
  };
}

function start() {
  return new Promise((resolve, reject) => {
    const child = spawn(PROGRAM, [], { stdio: ["ignore", "pipe", "inherit"] });
    process.on("exit", () => child.kill());
    child.on("error", reject);
    child.stdout.on("data", (data) => {
      const found = /listening on (http:\S+)/.exec(data.toString());
      if (found) resolve({ url: found[1], child });
    });
  });
}

function stop(child) {
  return new Promise((resolve) => {
    child.on("exit", resolve);
    child.kill("SIGTERM");
  });
}

async function kinesis(sdk, config) {
  const client = new sdk.KinesisClient(config);
  const send = (name, input) => client.send(new sdk[`${name}Command`](input));
  await send("CreateStream", { StreamName: "js", ShardCount: 1 });
  const arn = (await send("DescribeStreamSummary", { StreamName: "js" })).StreamDescriptionSummary.StreamARN;
  const allBytes = Uint8Array.from({ length: 256 }, (_, i) => i);
  const put = await send("PutRecord", { StreamName: "js", PartitionKey: "quo\"te\u{1f600}", Data: allBytes });
  equal("kinesis: PutRecord", "shardId-000000000000", put.ShardId);
  const many = Array.from({ length: 500 }, (_, i) => ({ PartitionKey: `k${i}`, Data: Buffer.from(`v${i}`) }));
  const batch = await send("PutRecords", { StreamARN: arn, Records: many });
  equal("kinesis: PutRecords by ARN", [0, 500], [batch.FailedRecordCount, batch.Records.length]);
  const { ShardIterator } = await send("GetShardIterator", { StreamName: "js", ShardId: "shardId-000000000000", ShardIteratorType: "TRIM_HORIZON" });
  const got = await send("GetRecords", { ShardIterator });
  equal("kinesis: GetRecords", [501, 0], [got.Records.length, got.MillisBehindLatest]);
  equal("kinesis: every byte value survives", [...allBytes], [...got.Records[0].Data]);
  equal("kinesis: the partition key too", "quo\"te\u{1f600}", got.Records[0].PartitionKey);
  ok("kinesis: the time of arrival is now", Math.abs(got.Records[0].ApproximateArrivalTimestamp - Date.now()) < 60000, got.Records[0].ApproximateArrivalTimestamp);
  const at = await send("GetShardIterator", { StreamName: "js", ShardId: "shardId-000000000000", ShardIteratorType: "AT_TIMESTAMP",
    Timestamp: got.Records[0].ApproximateArrivalTimestamp });
  equal("kinesis: AT_TIMESTAMP to the millisecond", 501, (await send("GetRecords", { ShardIterator: at.ShardIterator })).Records.length);
  await send("SplitShard", { StreamName: "js", ShardToSplit: "shardId-000000000000", NewStartingHashKey: (1n << 127n).toString() });
  equal("kinesis: ListShards after a split", 3, (await send("ListShards", { StreamName: "js" })).Shards.length);
  const end = await send("GetRecords", { ShardIterator: got.NextShardIterator });
  equal("kinesis: a shard's end", [null, 2], [end.NextShardIterator ?? null, end.ChildShards.length]);
  const consumer = (await send("RegisterStreamConsumer", { StreamARN: arn, ConsumerName: "js" })).Consumer.ConsumerARN;
  const subscription = await send("SubscribeToShard", { ConsumerARN: consumer, ShardId: "shardId-000000000000", StartingPosition: { Type: "TRIM_HORIZON" } });
  let records = 0;
  let last;
  for await (const event of subscription.EventStream) {
    last = event.SubscribeToShardEvent;
    records += last.Records.length;
  }
  equal("kinesis: SubscribeToShard to the end of a closed shard", [501, 2], [records, last.ChildShards.length]);
  await refused("kinesis: an unknown stream", "ResourceNotFoundException", () => send("DescribeStream", { StreamName: "nobody" }));
  const wrong = new sdk.KinesisClient({ ...config, credentials: { ...credentials, secretAccessKey: "wrong" } });
  await refused("kinesis: a wrong secret", "InvalidSignatureException", () => wrong.send(new sdk.ListStreamsCommand({})));
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

// The SDK's own handler for Kinesis is HTTP/2, which klocal speaks with nghttpx in front of it.
async function http2(sdk, config, url) {
  const nghttpx = ["/usr/sbin/nghttpx", "/usr/bin/nghttpx"].find(existsSync);
  if (!nghttpx) {
    counts.skipped++;
    console.log("skip - kinesis over HTTP/2: nghttpx is not installed (apt-get install nghttp2-proxy)");
    return;
  }
  const folder = mkdtempSync(path.join(tmpdir(), "klocal-js-"));
  const [key, cert, port] = [path.join(folder, "key.pem"), path.join(folder, "cert.pem"), await freePort()];
  execFileSync("openssl", ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert, "-days", "2", "-subj", "/CN=localhost",
    "-addext", "subjectAltName=DNS:localhost"], { stdio: "ignore" });
  const proxy = spawn(nghttpx, ["--conf=/dev/null", "--workers=1", `--frontend=127.0.0.1,${port}`, `--backend=127.0.0.1,${new URL(url).port}`, key, cert],
    { stdio: "ignore" });
  process.env.NODE_TLS_REJECT_UNAUTHORIZED = "0";
  process.removeAllListeners("warning");
  try {
    await waitFor(port);
    const client = new sdk.KinesisClient({ ...config, endpoint: `https://localhost:${port}`, requestHandler: undefined });
    const send = (name, input) => client.send(new sdk[`${name}Command`](input));
    await send("CreateStream", { StreamName: "h2", ShardCount: 1 });
    const arn = (await send("DescribeStreamSummary", { StreamName: "h2" })).StreamDescriptionSummary.StreamARN;
    const consumer = (await send("RegisterStreamConsumer", { StreamARN: arn, ConsumerName: "js" })).Consumer.ConsumerARN;
    const subscription = await send("SubscribeToShard", { ConsumerARN: consumer, ShardId: "shardId-000000000000", StartingPosition: { Type: "TRIM_HORIZON" } });
    const found = [];
    const reading = (async () => {
      for await (const event of subscription.EventStream) found.push(...event.SubscribeToShardEvent.Records.map((r) => Buffer.from(r.Data).toString()));
    })();
    await send("PutRecord", { StreamName: "h2", PartitionKey: "k", Data: Buffer.from("one") });
    await send("PutRecord", { StreamName: "h2", PartitionKey: "k", Data: Buffer.from("two") });
    await send("SplitShard", { StreamName: "h2", ShardToSplit: "shardId-000000000000", NewStartingHashKey: (1n << 127n).toString() });
    await reading;
    equal("kinesis over HTTP/2: records while they are put, to the end of the shard", ["one", "two"], found);
    client.destroy();
  } finally {
    proxy.kill();
    delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
    rmSync(folder, { recursive: true });
  }
}

async function waitFor(port) {
  for (let i = 0; i < 600; i++) {
    const open = await new Promise((resolve) => {
      const socket = connect(port, "127.0.0.1", () => { socket.destroy(); resolve(true); });
      socket.on("error", () => resolve(false));
    });
    if (open) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function body(answer) {
  return Buffer.from(await answer.Body.transformToByteArray());
}

async function s3(sdk, config) {
  const client = new sdk.S3Client({ ...config, forcePathStyle: true });
  const send = (name, input) => client.send(new sdk[`${name}Command`](input));
  const Bucket = "js-bucket";
  await send("CreateBucket", { Bucket });
  for (const Key of ["plain", "a b+c%2F//d/../e", "\u00fc\u{1f600}", "!'()*~;:@&=$,"]) {
    await send("PutObject", { Bucket, Key, Body: Key });
    equal(`s3: the key ${Key}`, Key, (await body(await send("GetObject", { Bucket, Key }))).toString());
  }
  const data = randomBytes(3 << 20);
  for (const ChecksumAlgorithm of ["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"]) {
    try {
      await send("PutObject", { Bucket, Key: "sum", Body: data, ChecksumAlgorithm });
      ok(`s3: a body with ${ChecksumAlgorithm}`, data.equals(await body(await send("GetObject", { Bucket, Key: "sum", ChecksumMode: "ENABLED" }))));
    } catch (error) {
      if (!/require.*crt|Please check whether you have installed|crc64/i.test(error.message)) throw error;
      counts.skipped++;
      console.log(`skip - s3: a body with ${ChecksumAlgorithm}: ${error.message.split("\n")[0]}`);
    }
  }
  const stream = () => Readable.from((function* () { for (let i = 0; i < data.length; i += 65536) yield data.subarray(i, i + 65536); })());
  await send("PutObject", { Bucket, Key: "stream", Body: stream(), ContentLength: data.length, ChecksumAlgorithm: "CRC32" });
  ok("s3: a stream, in unsigned chunks with a trailing checksum", data.equals(await body(await send("GetObject", { Bucket, Key: "stream" }))));
  const { UploadId } = await send("CreateMultipartUpload", { Bucket, Key: "parts", ChecksumAlgorithm: "SHA256" });
  const Parts = [];
  for (const [i, size] of [5 << 20, 5 << 20, 17].entries()) {
    const part = await send("UploadPart", { Bucket, Key: "parts", UploadId, PartNumber: i + 1, Body: Buffer.alloc(size, i + 65), ChecksumAlgorithm: "SHA256" });
    Parts.push({ PartNumber: i + 1, ETag: part.ETag, ChecksumSHA256: part.ChecksumSHA256 });
  }
  const whole = await send("CompleteMultipartUpload", { Bucket, Key: "parts", UploadId, MultipartUpload: { Parts } });
  const digest = createHash("sha256").update(Buffer.concat(Parts.map((p) => Buffer.from(p.ChecksumSHA256, "base64")))).digest("base64");
  equal("s3: a multipart upload's composite checksum", `${digest}-3`, whole.ChecksumSHA256);
  const range = await send("GetObject", { Bucket, Key: "parts", Range: "bytes=5242879-5242880" });
  equal("s3: a range over two parts", "AB", (await body(range)).toString());
  const keys = [];
  for await (const page of sdk.paginateListObjectsV2({ client, pageSize: 2 }, { Bucket })) keys.push(...page.Contents.map((o) => o.Key));
  equal("s3: a list in pages", 7, keys.length);
  await send("CopyObject", { Bucket, Key: "copy", CopySource: `${Bucket}/${encodeURIComponent("a b+c%2F//d/../e")}` });
  equal("s3: a copy", "a b+c%2F//d/../e", (await body(await send("GetObject", { Bucket, Key: "copy" }))).toString());
  await refused("s3: no such key", "NoSuchKey", () => send("GetObject", { Bucket, Key: "none" }));
  await refused("s3: If-None-Match where one is", "PreconditionFailed", () => send("PutObject", { Bucket, Key: "copy", Body: "x", IfNoneMatch: "*" }));
  const wrong = new sdk.S3Client({ ...config, forcePathStyle: true, credentials: { ...credentials, accessKeyId: "AKIANOBODY" } });
  await refused("s3: an unknown key id", "InvalidAccessKeyId", () => wrong.send(new sdk.ListBucketsCommand({})));
  const deleted = await send("DeleteObjects", { Bucket, Delete: { Objects: keys.map((Key) => ({ Key })) } });
  equal("s3: many deleted at once", 7, deleted.Deleted.length);
}

// A presigned URL by the SDK's own signer.
async function presigned(sdk, config, url) {
  const place = new URL(url);
  const signer = new sdk.SignatureV4({ credentials, region: "us-east-1", service: "s3", uriEscapePath: false, applyChecksum: false,
    sha256: class { constructor(key) { this.key = key; this.parts = []; } update(data) { this.parts.push(Buffer.from(data)); }
      async digest() {
        const { createHmac } = await import("node:crypto");
        const hash = this.key ? createHmac("sha256", Buffer.from(this.key)) : createHash("sha256");
        return new Uint8Array(hash.update(Buffer.concat(this.parts)).digest());
      } } });
  const client = new sdk.S3Client({ ...config, forcePathStyle: true });
  await client.send(new sdk.PutObjectCommand({ Bucket: "js-bucket", Key: "pre signed", Body: "data" }));
  const request = { method: "GET", protocol: "http:", hostname: place.hostname, port: Number(place.port), path: "/js-bucket/pre%20signed", query: {},
    headers: { host: place.host, "x-amz-content-sha256": "UNSIGNED-PAYLOAD" } };
  const signed = await signer.presign(request, { expiresIn: 60, unhoistableHeaders: new Set(["x-amz-content-sha256"]) });
  const query = Object.entries(signed.query).map(([k, v]) => `${encodeURIComponent(k)}=${encodeURIComponent(v)}`).join("&");
  const target = `${url}${signed.path}?${query}`;
  const answer = await fetch(target, { headers: { "x-amz-content-sha256": "UNSIGNED-PAYLOAD" } });
  equal("s3: a presigned URL", [200, "data"], [answer.status, await answer.text()]);
  equal("s3: changed, it is refused", 403, (await fetch(target.replace("Expires=60", "Expires=61"),
    { headers: { "x-amz-content-sha256": "UNSIGNED-PAYLOAD" } })).status);
}

if (!existsSync(PROGRAM)) skipAll(`${PROGRAM} is not built`);
const sdk = load();
const { url, child } = await start();
const config = { endpoint: url, region: "us-east-1", credentials, maxAttempts: 1, requestHandler: new sdk.NodeHttpHandler() };
for (const part of [kinesis, http2, s3, presigned]) {
  try {
    await part(sdk, config, url);
  } catch (error) {
    ok(part.name, false, error.stack);
  }
}
equal("klocal ends cleanly", 0, await stop(child));
done();
