import assert from "node:assert/strict";
import { test } from "node:test";
import { decimalPlaces, isExact, readAnswer } from "../dist/amounts.js";
import { InexactAmount } from "../dist/index.js";

const EXACT = ["0", "-0", "0.00", "0.1", "193.35", "1e3", "1300000000", "0.000000001", "9007199254740992"];
const INEXACT = ["1299999999.999999987", "99999999.999999988", "9007199254740993", "1e400", "0.12345678901234567890"];

for (const text of EXACT) test(`a number holds ${text}`, () => assert.ok(isExact(text)));
for (const text of INEXACT) test(`no number holds ${text}`, () => assert.ok(!isExact(text)));

test("amounts are the text of the server, counts are numbers", () => {
  const text = '{"total_cost":1299999999.999999987,"kb_minutes":0.0,"total_sms_sent":3}';
  assert.deepEqual(readAnswer(text, "string"), {
    total_cost: "1299999999.999999987",
    kb_minutes: "0.0",
    total_sms_sent: 3,
  });
});

test("an array of amounts or counts follows the name of its field", () => {
  assert.deepEqual(readAnswer('{"events":[1,2],"cost":[1.5,2]}', "string"), {
    events: [1, 2],
    cost: ["1.5", "2"],
  });
});

test("amounts that are exact can be numbers", () => {
  const found = readAnswer('{"users":[{"total_cost":193.35}]}', "number");
  assert.deepEqual(found, { users: [{ total_cost: 193.35 }] });
});

test("an amount that no number holds raises, with the path to it", () => {
  const text = '{"users":[{"a/b":{"total_cost":1299999999.999999987}}]}';
  assert.throws(
    () => readAnswer(text, "number"),
    (error) => error instanceof InexactAmount && error.path === "/users/0/a~1b/total_cost",
  );
});

test("a count beyond 2**53 is text, or raises", () => {
  const text = '{"total_events":9007199254740993}';
  assert.deepEqual(readAnswer(text, "string"), { total_events: "9007199254740993" });
  assert.throws(() => readAnswer(text, "number"), InexactAmount);
});

test("numbers in attributes are those of the sender, not amounts", () => {
  const text = '{"cost":1,"attributes":{"quantity":2,"note":"x"}}';
  const expected = { cost: "1", attributes: { quantity: 2, note: "x" } };
  assert.deepEqual(readAnswer(text, "string"), expected);
});

test("decimals are counted by value", () => {
  const found = ["1", "1.50", "0.1e-3", "1e3", "0.000"].map(decimalPlaces);
  assert.deepEqual(found, [0, 1, 4, 0, 0]);
});
