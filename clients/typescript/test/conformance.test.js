/** The cases of clients/conformance.json, which every client passes. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import * as client from "../dist/index.js";
import { serve } from "./support/loopback.js";
import { VirtualClock } from "./support/virtual_clock.js";

const TABLE = JSON.parse(readFileSync(new URL("../../conformance.json", import.meta.url), "utf8"));
const OWN_KEY = "/v1/keys/self";
const NO_ANSWER = ["drop", "drop_after_commit"];
const RUN = { call, iterate, send };

for (const it of TABLE.cases) test(it.name, () => play(it));

/** @param {any} it a case */
async function play(it) {
  const remaining = [...it.exchanges];
  /** @type {Error[]} */
  const wrong = [];
  const server = await serve((request) => {
    if (it.do === "send" && request.path === OWN_KEY) return TABLE.own_key;
    const exchange = remaining.shift();
    try {
      assert.ok(exchange, `unexpected request: ${request.method} ${request.path}`);
      checkRequest(request, exchange.request);
    } catch (error) {
      wrong.push(/** @type {Error} */ (error));
      return "drop";
    }
    return NO_ANSWER.includes(exchange.response) ? "drop" : exchange.response;
  });
  const clock = new VirtualClock(TABLE.instant);
  const kind = /** @type {keyof typeof RUN} */ (it.do);
  try {
    await RUN[kind](it, server.url, clock);
  } finally {
    await server.close();
    if (wrong[0]) throw wrong[0];
  }
  assert.deepEqual(remaining, []);
  if (it.expect.waits) checkWaits(clock.waits, it.expect.waits);
}

/**
 * @param {import("./support/loopback.js").SeenRequest} request
 * @param {any} expected
 */
function checkRequest(request, expected) {
  assert.equal(request.method, expected.method);
  assert.equal(request.path, expected.path);
  assert.deepEqual({ ...request.query }, expected.query);
  for (const [name, value] of Object.entries(expected.headers)) {
    assert.equal(request.headers[name], value);
  }
  if (expected.body !== undefined) {
    assert.deepEqual(JSON.parse(request.body), JSON.parse(expected.body));
  }
}

/**
 * @param {number[]} waits
 * @param {[number, number][]} expected
 */
function checkWaits(waits, expected) {
  assert.equal(waits.length, expected.length, `waits: ${waits}`);
  expected.forEach(([least, most], index) => {
    const wait = waits[index] ?? NaN;
    assert.ok(least <= wait && wait <= most, `${wait} s must be within ${least} and ${most} s`);
  });
}

/** @param {any} options options in snake case, as the table has them */
function camelCased(options) {
  return Object.fromEntries(
    Object.entries(options).map(([name, value]) => [
      name.replace(/_(\w)/g, (_, letter) => letter.toUpperCase()),
      value,
    ]),
  );
}

/**
 * @param {any} it
 * @param {string} baseUrl
 * @param {VirtualClock} clock
 */
function made(it, baseUrl, clock) {
  const { asOf = null, ...options } = camelCased(it.options);
  const tollbook = new client.Tollbook({ baseUrl, apiKey: TABLE.api_key, ...options }, clock);
  tollbook.asOf = asOf;
  return tollbook;
}

/**
 * @param {any} it
 * @param {string} baseUrl
 * @param {VirtualClock} clock
 */
async function call(it, baseUrl, clock) {
  const tollbook = made(it, baseUrl, clock);
  const operation = /** @type {any} */ (tollbook)[it.operation];
  await expecting(it.expect, async () => {
    checkValues(await operation.call(tollbook, it.params), it.expect.values);
  });
  checkAsOf(it.expect, tollbook.asOf);
}

/**
 * @param {any} it
 * @param {string} baseUrl
 * @param {VirtualClock} clock
 */
async function iterate(it, baseUrl, clock) {
  const tollbook = made(it, baseUrl, clock);
  /** @type {unknown[]} */
  const rows = [];
  await expecting(it.expect, async () => {
    for await (const row of tollbook.iterate(it.operation, it.params)) rows.push(row);
  });
  checkValues(rows, it.expect.values);
}

/**
 * @param {any} it
 * @param {string} baseUrl
 * @param {VirtualClock} clock
 */
async function send(it, baseUrl, clock) {
  /** @type {any[]} */
  const receipts = [];
  const meter = new client.Meter(
    {
      baseUrl,
      apiKey: TABLE.api_key,
      ...camelCased(it.options),
      onReceipt: (receipt) => void receipts.push(receipt),
      onError: () => undefined,
    },
    clock,
  );
  meter.recordMany(it.events);
  assert.equal(await meter.flush(), it.expect.left);
  const problems = meter.problems().map((problem) => problem.receipt);
  await meter.close();
  if (it.expect.receipts) assert.deepEqual(receipts.map(short), it.expect.receipts);
  if (it.expect.problems) assert.deepEqual(problems.map(short), it.expect.problems);
  checkAsOf(it.expect, meter.asOf);
}

/** @param {any} receipt */
function short({ id, status, code }) {
  return { id, status, code };
}

/**
 * @param {any} expect
 * @param {() => Promise<void>} run
 */
async function expecting(expect, run) {
  if (!expect.error) return run();
  await assert.rejects(run, (/** @type {any} */ error) => {
    assert.equal(error.constructor.name, expect.error.class);
    for (const [name, value] of Object.entries(camelCased(expect.error))) {
      if (name !== "class") assert.deepEqual(error[name], value, name);
    }
    assert.ok(error instanceof client.TollbookError);
    return true;
  });
}

/**
 * @param {any} expect
 * @param {string | null} asOf
 */
function checkAsOf(expect, asOf) {
  if (expect.as_of === undefined) return;
  const [found, expected] = [asOf, expect.as_of].map((it) => it && it.replace(/\.?0*Z$/, "Z"));
  assert.equal(found, expected);
}

/**
 * @param {any} answer
 * @param {Record<string, string> | undefined} expected
 */
function checkValues(answer, expected = {}) {
  for (const [pointer, text] of Object.entries(expected)) {
    const found = pointer.split("/").slice(1).reduce((value, step) => value[step], answer);
    assert.equal(String(found), text, pointer);
  }
}
