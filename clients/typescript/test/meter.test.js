/** The meter with its queue in memory: recording, bounds, hooks, closing. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { InvalidEvent, Meter, SpoolFull, TollbookError } from "../dist/index.js";
import { OWN_KEY, receiptsFor, serve } from "./support/loopback.js";
import { VirtualClock } from "./support/virtual_clock.js";

const EVENT = { type: "voice.call", organization_id: "org_1", quantity: 61 };
const UUID_7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** @type {any[]} */
let sent = [];
/** @type {string[]} */
let errors = [];
/** @type {import("./support/loopback.js").Responder} */
let respond = receiptsFor;
let ownKey = OWN_KEY;
/** @type {Awaited<ReturnType<typeof serve>>} */
let server;

before(async () => {
  server = await serve((request) => {
    if (request.method === "GET") return ownKey;
    sent.push(...JSON.parse(request.body));
    return respond(request);
  });
});
after(() => server.close());

/** @param {import("../dist/index.js").MeterOptions} [options] */
function made(options = {}) {
  sent = [];
  errors = [];
  respond = (request) => receiptsFor(request);
  const onError = (/** @type {TollbookError} */ error) => void errors.push(error.message);
  return new Meter(
    { baseUrl: server.url, apiKey: "k", onError, ...options },
    new VirtualClock(Date.now() / 1_000),
  );
}

test("an event gets an id and a time, and is sent", async () => {
  const meter = made({ organizationId: "org_9", idPrefix: "web:" });
  const id = meter.record({ type: "api.request" });
  assert.equal(await meter.flush(), 0);
  assert.match(id.slice("web:".length), UUID_7);
  assert.equal(sent.length, 1);
  assert.equal(sent[0].id, id);
  assert.equal(sent[0].organization_id, "org_9");
  assert.ok(Math.abs(Date.parse(sent[0].time) - Date.now()) < 60_000);
  assert.equal(sent[0].quantity, undefined);
  await meter.close();
});

test("ids made one after the other are ordered by time and unlike", async () => {
  const meter = made({ maxQueued: 2_000 });
  const ids = meter.recordMany(Array.from({ length: 1_000 }, () => EVENT));
  assert.equal(new Set(ids).size, 1_000);
  await meter.close();
});

test("a large batch is compressed, and every event keeps its order", async () => {
  const meter = made({ batchSize: 300 });
  const ids = meter.recordMany(Array.from({ length: 1_000 }, (_, at) => ({ ...EVENT, id: `e-${at}` })));
  assert.equal(await meter.flush(), 0);
  assert.deepEqual(
    sent.map((it) => it.id),
    ids,
  );
  const { recorded, sent: answered, accepted, spooled, spooledBytes } = meter.stats();
  assert.deepEqual([recorded, answered, accepted, spooled, spooledBytes], [1_000, 1_000, 1_000, 0, 0]);
  await meter.close();
});

test("every problem of an event is named, and nothing is stored", async () => {
  const meter = made();
  const wrong = {
    type: "voice.call",
    id: "",
    user_id: "a\u0000b",
    time: "2024-01-15T10:30:00",
    quantity: 0.1 + 0.2,
    attributes: { long: "x".repeat(2_001), large: 2 ** 54, "": 1, nested: {} },
    cost: 1,
    cost_pending: true,
    resourceId: "kb",
  };
  assert.throws(
    () => meter.recordMany([EVENT, /** @type {any} */ (wrong)]),
    (error) => {
      assert.ok(error instanceof InvalidEvent);
      assert.deepEqual(
        error.details.map((it) => [it.field, it.code]),
        [
          ["resourceId", "unknown_field"],
          ["id", "empty"],
          ["organization_id", "missing_field"],
          ["user_id", "control_characters"],
          ["time", "time_without_offset"],
          ["quantity", "too_many_decimals"],
          ["attributes.long", "too_long"],
          ["attributes.large", "out_of_range"],
          ["attributes.", "invalid_name"],
          ["attributes.nested", "nested"],
          ["cost_pending", "cost_and_cost_pending"],
        ],
      );
      return true;
    },
  );
  assert.equal(await meter.flush(), 0);
  assert.deepEqual(sent, []);
  await meter.close();
});

const FINE = [
  { quantity: "0.000001" },
  { quantity: 1e9 },
  { cost: 0.000000001 },
  { time: new Date(0) },
  { time: "2016-12-31T23:59:60+00:00" },
  { time: "2024-01-15 10:30:00.123456789+0100" },
  { attributes: { to: "+442071838750", flag: true, none: null, share: 0.1, body: "x".repeat(65_536) } },
  { user_id: "😀".repeat(255) },
];

for (const fields of FINE) {
  test(`records ${JSON.stringify(fields).slice(0, 60)}`, async () => {
    const meter = made();
    meter.record({ ...EVENT, ...fields });
    assert.equal(await meter.flush(), 0);
    const key = Object.keys(fields)[0] ?? "";
    assert.deepEqual(sent[0][key], JSON.parse(JSON.stringify(fields))[key]);
    await meter.close();
  });
}

test("a full queue raises, and what it has is still sent", async () => {
  const meter = made({ maxQueued: 2 });
  meter.recordMany([EVENT, EVENT]);
  assert.throws(() => meter.record(EVENT), SpoolFull);
  assert.equal(await meter.flush(), 0);
  assert.equal(sent.length, 2);
  await meter.close();
});

test("a full queue can drop events, counts them, and reports it once a minute", async () => {
  const meter = made({ maxQueued: 1, onFull: "drop" });
  meter.record(EVENT);
  assert.equal(meter.record(EVENT), "");
  assert.equal(meter.record(EVENT), "");
  assert.equal(meter.stats().dropped, 2);
  assert.equal(errors.length, 1);
  await meter.close();
});

test("a problem stays until it is sent again or dismissed", async () => {
  const meter = made();
  respond = (request) => receiptsFor(request, ({ id }) => (id === "taken" ? "conflict" : "accepted"));
  meter.record({ ...EVENT, id: "taken" });
  meter.record({ ...EVENT, id: "fine" });
  await meter.flush();
  const [problem] = meter.problems();
  assert.ok(problem);
  assert.equal(problem.event.id, "taken");
  assert.equal(meter.resend(problem, { id: "other" }), "other");
  assert.deepEqual(meter.problems(), []);
  await meter.flush();
  assert.equal(meter.stats().accepted, 2);
  await meter.close();
});

test("hooks that raise do not stop the sender", async () => {
  /** @type {string[]} */
  const heard = [];
  const warned = new Promise((resolve) => process.once("warning", resolve));
  const onReceipt = (/** @type {any} */ receipt, /** @type {any} */ event) => {
    heard.push(`${event.id} ${receipt.status}`);
    throw new Error("a hook");
  };
  const meter = made({ onReceipt });
  respond = (request) => receiptsFor(request, () => "quarantined");
  meter.record({ ...EVENT, id: "a" });
  meter.record({ ...EVENT, id: "b" });
  assert.equal(await meter.flush(), 0);
  assert.deepEqual(heard, ["a quarantined", "b quarantined"]);
  assert.match(String(await warned), /a hook/);
  await meter.close();
});

test("receipts of other events remove nothing", async () => {
  const meter = made();
  const wrong = [{ index: 0, id: "another", status: "accepted" }];
  let count = 0;
  respond = (request) => {
    count += 1;
    const body = JSON.stringify({ success: true, receipts: wrong, as_of: "2024-02-01T00:00:00Z" });
    return count < 3 ? { status: 200, body } : receiptsFor(request);
  };
  meter.record(EVENT);
  assert.equal(await meter.flush(), 0);
  assert.equal(meter.stats().retries, 2);
  await meter.close();
});

test("a prefix that is not the key's is reported before events are rejected", async () => {
  const meter = made({ idPrefix: "web:" });
  ownKey = { status: 200, body: '{"success":true,"key":{"tenant_id":"default","id_prefix":"user_1:"}}' };
  meter.record(EVENT);
  await meter.flush();
  ownKey = OWN_KEY;
  assert.deepEqual(errors, ["idPrefix must begin with user_1:, the id_prefix of the key"]);
  await meter.close();
});

test("a flush ends in time when the server is away, and a closed meter records nothing", async () => {
  const meter = new Meter({ baseUrl: "http://127.0.0.1:9", apiKey: "k", onError: () => undefined });
  meter.record(EVENT);
  assert.equal(await meter.flush(50), 1);
  assert.equal(meter.stats().spooled, 1);
  assert.ok((meter.stats().oldestAgeSeconds ?? -1) >= 0);
  assert.equal(await meter.close(50), 1);
  assert.throws(() => meter.record(EVENT), TollbookError);
  assert.equal(await meter.close(), 1);
});

test("a block is reported when its reason changes", async () => {
  const meter = made();
  const refusals = ["invalid_api_key", "invalid_api_key", "permission_missing"];
  respond = (request) => {
    const code = refusals.shift();
    const body = JSON.stringify({ success: false, code, error: "refused" });
    return code ? { status: 401, body } : receiptsFor(request);
  };
  meter.record(EVENT);
  assert.equal(await meter.flush(), 0);
  assert.deepEqual(errors, ["invalid_api_key: refused", "permission_missing: refused"]);
  assert.equal(meter.stats().blockedReason, null);
  await meter.close();
});

test("await using closes the meter", async () => {
  const meter = made();
  meter.record(EVENT);
  await meter[Symbol.asyncDispose]();
  assert.equal(sent.length, 1);
});
