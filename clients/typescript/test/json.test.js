import assert from "node:assert/strict";
import { test } from "node:test";
import { readJson } from "../dist/json.js";

const asNumbers = (/** @type {string} */ text) => Number(text);
const SAME_AS_BUILT_IN = [
  "null",
  " true ",
  "[]",
  "{}",
  '{"a":[1,-2.5e3,{"b":"c"}],"d":""}',
  '"\\u00e4\\n\\"\\\\"',
  '"ä😀"',
  '["\\\\","\\\\\\""]',
  '{"__proto__":{"polluted":true}}',
  "[1 , 2]",
  `"${"x".repeat(3_000_000)}"`,
];
const NOT_JSON = [
  "",
  "[1,]",
  "{,}",
  '{"a" 1}',
  "{a:1}",
  "[1 2]",
  "01",
  "1.",
  "+1",
  "nul",
  '"open',
  '"\\"',
  '"tab\t"',
  '"\\x"',
  "1 2",
  "[",
  "NaN",
];

for (const text of SAME_AS_BUILT_IN) {
  test(`reads ${text.slice(0, 40)} as JSON.parse does`, () => {
    assert.deepEqual(readJson(text, asNumbers), JSON.parse(text));
  });
}

for (const text of NOT_JSON) {
  test(`refuses ${JSON.stringify(text)}`, () => {
    assert.throws(() => JSON.parse(text));
    assert.throws(() => readJson(text, asNumbers), SyntaxError);
  });
}

test("a field named __proto__ changes no prototype", () => {
  const found = /** @type {any} */ (readJson('{"__proto__":{"polluted":1}}', asNumbers));
  assert.equal(found.polluted, undefined);
});

test("numbers are read from their text, with the path to them", () => {
  /** @type {unknown[]} */
  const seen = [];
  readJson('{"a":[1.50,{"b":-0}],"c":1e400}', (text, path) => seen.push([text, [...path]]));
  assert.deepEqual(seen, [
    ["1.50", ["a", 0]],
    ["-0", ["a", 1, "b"]],
    ["1e400", ["c"]],
  ]);
});
