/** The spool: what survives a process, and how processes share it. */

import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, test } from "node:test";
import { Meter, SpoolError, SpoolFull } from "../dist/index.js";
import { Spool } from "../dist/meter/spool.js";
import { OWN_KEY, receiptsFor, serve } from "./support/loopback.js";

const EVENT = { type: "voice.call", organization_id: "org_1", quantity: 61 };
const AWAY = "http://127.0.0.1:9";
const root = mkdtempSync(join(tmpdir(), "tollbook-spool-"));

/** @type {string[]} */
let sent = [];
let ownKey = OWN_KEY;
/** @type {Awaited<ReturnType<typeof serve>>} */
let server;
let count = 0;
/** @type {Meter[]} */
let meters = [];

afterEach(async () => {
  for (const it of meters) await it.close();
  meters = [];
});
before(async () => {
  server = await serve((request) => {
    if (request.method === "GET") return ownKey;
    sent.push(...JSON.parse(request.body).map((/** @type {any} */ it) => it.id));
    return receiptsFor(request, ({ id }) => (id === "wrong" ? "rejected" : "accepted"));
  });
});
after(async () => {
  await server.close();
  rmSync(root, { recursive: true });
});

function fresh() {
  sent = [];
  ownKey = OWN_KEY;
  return join(root, `spool-${(count += 1)}`);
}

/**
 * @param {string} spool
 * @param {import("../dist/index.js").MeterOptions} [options]
 */
function made(spool, options = {}) {
  const onError = () => undefined;
  const meter = new Meter({ baseUrl: server.url, apiKey: "k", spool, onError, ...options });
  meters.push(meter);
  return meter;
}

/** @param {string} folder @param {Partial<import("../dist/meter/spool.js").SpoolOptions>} [options] */
function opened(folder, options = {}) {
  const onError = () => undefined;
  return new Spool({ folder, baseUrl: AWAY, maxBytes: 2 ** 20, syncs: false, onError, ...options });
}

/** Make every process that uses a spool look silent for a minute. */
function silence(/** @type {string} */ spool) {
  const then = new Date(Date.now() - 60_000);
  for (const it of logs(spool)) utimesSync(join(spool, it, "heartbeat"), then, then);
}

const logs = (/** @type {string} */ spool) => readdirSync(spool).filter((it) => it.startsWith("log-"));
const text = (/** @type {string} */ id) => JSON.stringify({ ...EVENT, id });
const waiting = (/** @type {Spool} */ spool) =>
  spool.sources().flatMap((it) => it.first(1_000, 2 ** 20)).map((it) => JSON.parse(it).id);

test("what a closed meter could not send is sent by the next one", async () => {
  const folder = fresh();
  const away = opened(folder, { baseUrl: server.url });
  away.add([text("a"), text("b")]);
  away.close();
  const next = made(folder);
  assert.equal(await next.flush(), 0);
  assert.deepEqual(sent, ["a", "b"]);
  await next.close();
  assert.deepEqual(logs(folder), []);
});

test("the log of a silent process is adopted, that of a live one is not", () => {
  const folder = fresh();
  const dead = opened(folder);
  dead.add([text("a")]);
  const live = opened(folder);
  assert.deepEqual(waiting(live), []);
  silence(folder);
  const third = opened(folder);
  assert.deepEqual(waiting(third), ["a"]);
  assert.deepEqual(waiting(opened(folder)), []);
});

test("a process that was halted notices it, and loses nothing", (context) => {
  const folder = fresh();
  context.mock.timers.enable({ apis: ["Date"], now: Date.now() });
  const halted = opened(folder);
  halted.add([text("a")]);
  silence(folder);
  const other = opened(folder);
  assert.deepEqual(waiting(other), ["a"]);
  for (const it of other.sources()) it.remove(it.count);
  other.close();
  context.mock.timers.setTime(Date.now() + 60_000);
  halted.add([text("b")]);
  assert.deepEqual(waiting(halted), ["a", "b"]);
  silence(folder);
  assert.deepEqual(waiting(opened(folder)).sort(), ["a", "b"]);
});

test("a spool of another server is refused", () => {
  const folder = fresh();
  opened(folder);
  assert.throws(() => opened(folder, { baseUrl: "http://127.0.0.1:10" }), (error) => {
    assert.ok(error instanceof SpoolError);
    assert.match(error.message, /has events for http:\/\/127.0.0.1:9, and baseUrl is/);
    return true;
  });
});

test("events are not sent with a key of another tenant", { timeout: 60_000 }, async () => {
  const folder = fresh();
  const first = made(folder);
  first.record({ ...EVENT, id: "a" });
  await first.flush();
  ownKey = { status: 200, body: '{"success":true,"key":{"tenant_id":"other","id_prefix":null}}' };
  /** @type {string[]} */
  const errors = [];
  const second = made(folder, { onError: (error) => void errors.push(error.message), exitTimeoutMs: 1 });
  second.record({ ...EVENT, id: "b" });
  while (!errors.length) assert.equal(await second.flush(200), 1);
  assert.match(errors[0] ?? "", /events of the tenant default, and this key belongs to other/);
  assert.deepEqual(sent, ["a"]);
});

test("a spool that cannot be used is refused with the folder and the fix", () => {
  const folder = fresh();
  writeFileSync(folder, "a file");
  assert.throws(() => opened(folder), /the spool .* cannot be used: .*choose another one/);
  const damaged = fresh();
  opened(damaged);
  writeFileSync(join(damaged, "spool.json"), "{");
  assert.throws(() => opened(damaged), /spool.json is damaged/);
  writeFileSync(join(damaged, "spool.json"), '{"version":2,"base_url":"http://127.0.0.1:9"}');
  assert.throws(() => opened(damaged), /written by another version/);
});

test("only the owner can read the spool", () => {
  const folder = fresh();
  const spool = opened(folder);
  spool.add([text("a")]);
  const [log = ""] = logs(folder);
  const mode = (/** @type {string[]} */ ...parts) => statSync(join(folder, ...parts)).mode & 0o777;
  assert.deepEqual([mode(), mode(log), mode("problems")], [0o700, 0o700, 0o700]);
  const files = readdirSync(join(folder, log)).map((it) => mode(log, it));
  assert.deepEqual([...new Set([...files, mode("spool.json")])], [0o600]);
});

test("a full spool refuses events and keeps what it has", () => {
  const folder = fresh();
  const spool = opened(folder, { maxBytes: 200 });
  spool.add([text("a")]);
  assert.throws(() => spool.add([text("b"), text("c")]), SpoolFull);
  assert.deepEqual(waiting(spool), ["a"]);
  const other = opened(folder, { maxBytes: 200 });
  assert.throws(() => other.add([text("d"), text("e")]), SpoolFull);
});

test("a full disk refuses events, and later ones are stored", { skip: !existsSync("/dev/full") }, async () => {
  const fs = await import("node:fs");
  const { syncBuiltinESMExports } = await import("node:module");
  const folder = fresh();
  const spool = opened(folder);
  spool.add([text("a")]);
  const write = fs.default.writeSync;
  const full = fs.openSync("/dev/full", "w");
  fs.default.writeSync = /** @type {any} */ (() => write(full, "x"));
  syncBuiltinESMExports();
  try {
    assert.throws(() => spool.add([text("b")]), SpoolFull);
  } finally {
    fs.default.writeSync = write;
    syncBuiltinESMExports();
    fs.closeSync(full);
  }
  spool.add([text("c")]);
  silence(folder);
  assert.deepEqual(waiting(opened(folder)), ["a", "c"]);
});

test("problems survive the process until they are dismissed, and count toward the limit", async () => {
  const folder = fresh();
  const meter = made(folder);
  meter.recordMany([{ ...EVENT, id: "wrong" }, { ...EVENT, id: "fine" }]);
  assert.equal(await meter.flush(), 0);
  assert.ok(meter.stats().spooledBytes > 0);
  const next = made(folder);
  const [problem, ...others] = next.problems();
  assert.equal(others.length, 0);
  assert.ok(problem);
  assert.equal(problem.event.id, "wrong");
  assert.equal(next.resend(problem, { id: "right" }), "right");
  assert.deepEqual(next.problems(), []);
  assert.equal(await next.flush(), 0);
});

test("events can be made to survive a loss of power", async () => {
  const folder = fresh();
  const meter = made(folder, { durability: "disk" });
  meter.record({ ...EVENT, id: "a" });
  const [log = ""] = logs(folder);
  assert.match(readFileSync(join(folder, log, "00000001.ndjson"), "utf8"), /"id":"a"/);
  assert.equal(await meter.flush(), 0);
});

test("a folder that cannot be written is refused", { skip: process.getuid?.() === 0 }, () => {
  const folder = fresh();
  opened(folder).close();
  chmodSync(folder, 0o500);
  assert.throws(() => opened(folder), SpoolError);
  chmodSync(folder, 0o700);
});
