/** The log of a process: order, pieces, positions, damage. */

import assert from "node:assert/strict";
import { appendFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { SegmentLog } from "../dist/meter/segment_log.js";

const root = mkdtempSync(join(tmpdir(), "tollbook-log-"));
after(() => rmSync(root, { recursive: true }));

let count = 0;
const fresh = () => join(root, `log-${(count += 1)}`);
const lines = (/** @type {number} */ from, /** @type {number} */ to) =>
  Array.from({ length: to - from }, (_, at) => `{"id":"${from + at}","pad":"${"ä".repeat(20)}"}`);
const MANY = 2 ** 30;

/** @param {SegmentLog} log */
function drained(log, batch = 1_000) {
  const found = [];
  while (log.count) {
    const texts = log.first(batch, MANY);
    found.push(...texts);
    log.remove(texts.length);
  }
  return found;
}

test("events leave in the order in which they came", () => {
  const log = new SegmentLog(fresh(), false);
  log.append(lines(0, 5));
  assert.deepEqual(log.first(3, MANY), lines(0, 3));
  log.remove(2);
  log.append(lines(5, 8));
  assert.equal(log.count, 6);
  assert.equal(log.settled, 2);
  assert.deepEqual(drained(log, 4), lines(2, 8));
  assert.equal(log.bytes, 0);
});

test("a batch is bounded in bytes, and has at least one event", () => {
  const log = new SegmentLog(fresh(), false);
  log.append(lines(0, 4));
  const bytes = Buffer.byteLength(lines(0, 1)[0] ?? "") + 1;
  assert.equal(log.first(4, bytes * 2).length, 2);
  assert.equal(log.first(4, 1).length, 1);
});

test("a log that was opened again has what was not acknowledged", () => {
  const folder = fresh();
  const log = new SegmentLog(folder, false);
  log.append(lines(0, 100));
  log.remove(40);
  const again = new SegmentLog(folder, false);
  assert.equal(again.count, 60);
  assert.equal(again.bytes, log.bytes);
  assert.deepEqual(drained(again), lines(40, 100));
});

test("a log of many segments is read in pieces, and segments are deleted once they have left", () => {
  const folder = fresh();
  const log = new SegmentLog(folder, false);
  const large = lines(0, 3_000).map((it) => it.replace("pad", "p".repeat(8_000)));
  for (let at = 0; at < large.length; at += 100) log.append(large.slice(at, at + 100));
  const segments = () => readdirSync(folder).filter((it) => it.endsWith(".ndjson")).length;
  assert.ok(segments() >= 3);
  const again = new SegmentLog(folder, false);
  assert.deepEqual(drained(again, 700), large);
  assert.equal(segments(), 0);
  again.append(lines(0, 1));
  assert.deepEqual(drained(again), lines(0, 1));
});

test("a torn last line was never recorded, and is removed", () => {
  const folder = fresh();
  new SegmentLog(folder, false).append(lines(0, 2));
  appendFileSync(join(folder, "00000001.ndjson"), '{"id":"torn');
  const again = new SegmentLog(folder, false);
  assert.equal(again.count, 2);
  again.append(lines(2, 3));
  assert.deepEqual(drained(again), lines(0, 3));
});

test("a torn position only makes duplicates", () => {
  const folder = fresh();
  const log = new SegmentLog(folder, false);
  log.append(lines(0, 3));
  log.remove(1);
  appendFileSync(join(folder, "acknowledged"), "1 9");
  assert.deepEqual(drained(new SegmentLog(folder, false)), lines(1, 3));
});

test("the file of positions stays small", () => {
  const folder = fresh();
  const log = new SegmentLog(folder, false);
  for (let at = 0; at < 20_000; at += 1) {
    log.append(lines(at, at + 1));
    log.remove(1);
  }
  assert.ok(statSync(join(folder, "acknowledged")).size < 70_000);
  assert.equal(readFileSync(join(folder, "acknowledged"), "utf8").at(-1), "\n");
});

test("a log whose folder was taken continues in another one", () => {
  const [folder, taken, next] = [fresh(), fresh(), fresh()];
  const log = new SegmentLog(folder, true);
  log.append(lines(0, 10));
  log.remove(3);
  renameSync(folder, taken);
  log.append(lines(10, 12));
  log.remove(1);
  log.moveTo(next);
  assert.deepEqual(drained(new SegmentLog(next, false)), lines(4, 12));
  assert.equal(log.count, 8);
  assert.deepEqual(log.first(2, MANY), lines(4, 6));
  log.append(lines(12, 13));
  assert.deepEqual(drained(log), lines(4, 13));
});

test("a closed log that is empty leaves nothing, another one stays", () => {
  const [empty, full] = [fresh(), fresh()];
  const log = new SegmentLog(full, false);
  log.append(lines(0, 1));
  log.close();
  new SegmentLog(empty, false).close();
  assert.ok(existsSync(full));
  assert.ok(!existsSync(empty));
});
