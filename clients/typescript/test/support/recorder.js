/**
 * A process that is killed: records events into a spool, and writes down each id that `record` has
 * returned. With a number of events it records so many, and ends when all have been sent.
 *
 * `node recorder.js SPOOL IDS [EVENTS]`; the server and key are in the environment.
 */

import { openSync, writeSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { Meter } from "../../dist/index.js";

const [, , spool = "", ids = "", events] = process.argv;
const file = openSync(ids, "a");
const meter = new Meter({ spool, batchSize: 50, flushIntervalMs: 5, onError: () => undefined });
const most = events === undefined ? Infinity : Number(events);

for (let at = 0; at < most; at += 1) {
  const id = meter.record({
    type: "voice.call",
    organization_id: "org_1",
    user_id: "user_1",
    time: "2024-01-15T10:30:00Z",
    quantity: 61,
  });
  writeSync(file, `${id}\n`);
  if (at % 10 === 9) await setImmediate();
}
const left = await meter.close(null);
process.exitCode = left === 0 && meter.problems().length === 0 ? 0 : 1;
