/** What the conformance cases leave out: tokens, credentials, aborts, files, requests. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { inspect } from "node:util";
import { Tollbook as InBrowser } from "../dist/browser.js";
import { ConfigurationError, IncompleteExport, InvalidEvent, ServerUnreachable, Tollbook } from "../dist/index.js";
import { serve } from "./support/loopback.js";

const NOTHING = { status: 200, body: '{"success":true,"budgets":[]}' };
const REFUSED = { status: 401, body: '{"success":false,"code":"invalid_api_key","error":"no"}' };

/** @type {import("./support/loopback.js").SeenRequest[]} */
let seen = [];
/** @type {import("./support/loopback.js").Responder} */
let respond = () => NOTHING;
/** @type {Awaited<ReturnType<typeof serve>>} */
let server;

before(async () => {
  delete process.env["TOLLBOOK_URL"];
  delete process.env["TOLLBOOK_API_KEY"];
  server = await serve((request) => {
    seen.push(request);
    return respond(request);
  });
});
after(() => server.close());

/** @param {import("../dist/client.js").TollbookOptions} [options] */
function made(options = { apiKey: "tb_key" }) {
  seen = [];
  respond = () => NOTHING;
  return new Tollbook({ baseUrl: server.url, ...options });
}

test("a token is fetched again once after a 401", async () => {
  const tokens = ["old", "new"];
  const tollbook = made({ token: async () => tokens.shift() ?? "none" });
  respond = (request) => (request.headers.authorization === "Bearer new" ? NOTHING : REFUSED);
  await tollbook.listBudgets();
  assert.deepEqual(tokens, []);
});

test("a second 401 is raised", async () => {
  const tollbook = made({ token: async () => "old" });
  respond = () => REFUSED;
  await assert.rejects(tollbook.listBudgets(), { name: "InvalidApiKey", status: 401 });
  assert.equal(seen.length, 2);
});

test("a key may be a function, called for every request", async () => {
  let count = 0;
  const tollbook = made({ apiKey: () => `key-${(count += 1)}` });
  await tollbook.listBudgets();
  await tollbook.listBudgets();
  assert.deepEqual(
    seen.map((it) => it.headers["x-api-key"]),
    ["key-1", "key-2"],
  );
});

test("keys appear in no text of the client or its errors", async () => {
  const tollbook = made({ apiKey: "tb_secret" });
  respond = () => REFUSED;
  const error = await tollbook.listBudgets().catch((it) => it);
  assert.ok(!inspect(tollbook, { depth: 9, showHidden: true }).includes("tb_secret"));
  assert.ok(!inspect(error, { depth: 9, showHidden: true }).includes("tb_secret"));
  assert.throws(() => made({ apiKey: "tb_se cret" }), (it) => !String(it).includes("cret"));
});

test("an aborted call rejects with the reason", async () => {
  const tollbook = made();
  const reason = new Error("the page was left");
  const abort = new AbortController();
  respond = () => {
    abort.abort(reason);
    return NOTHING;
  };
  await assert.rejects(tollbook.listBudgets({}, { signal: abort.signal }), reason);
});

test("an abort ends the wait before a retry", async () => {
  const tollbook = made();
  const reason = new Error("enough");
  const abort = new AbortController();
  respond = () => {
    setImmediate(() => abort.abort(reason));
    return { status: 503, headers: { "Retry-After": "60" }, body: "" };
  };
  await assert.rejects(tollbook.listBudgets({}, { signal: abort.signal }), reason);
});

test("lists, booleans and dates are written as the API reads them", async () => {
  const tollbook = made();
  await tollbook.listQuarantine({
    codes: ["no_price", "no_price_book"],
    include: ["causes", "pending"],
    start_date: "2024-01-01",
  });
  assert.deepEqual({ ...seen[0]?.query }, {
    codes: "no_price,no_price_book",
    include: "causes,pending",
    start_date: "2024-01-01",
  });
});

test("an address below a path is kept", async () => {
  const tollbook = new Tollbook({ baseUrl: `${server.url}/usage/`, apiKey: "k" });
  seen = [];
  await tollbook.listBudgets();
  assert.equal(seen[0]?.path, "/usage/v1/budgets");
});

test("a number with too many decimals is not sent", async () => {
  const tollbook = made();
  const event = { id: "a", type: "voice.call", organization_id: "o", time: "2024-01-15T10:30:00Z" };
  const body = [{ ...event, quantity: 0.1 + 0.2 }];
  await assert.rejects(tollbook.postEvents({ body }), InvalidEvent);
  assert.deepEqual(seen, []);
});

test("receipts of an atomic request that was refused are its answer", async () => {
  const tollbook = made();
  respond = () => ({
    status: 422,
    body: '{"success":false,"receipts":[{"index":0,"status":"rejected","id":"a"}],"as_of":"2024-02-01T00:00:00Z"}',
  });
  const answer = await tollbook.postEvents({ atomic: true, body: [] });
  assert.equal(answer.receipts[0]?.status, "rejected");
});

test("a carried state is not asked for with a cursor", async () => {
  const tollbook = made();
  tollbook.asOf = "2024-02-01T00:00:00Z";
  const pages = ["next", null];
  respond = () => ({ status: 200, body: `{"success":true,"events":[],"next_cursor":${JSON.stringify(pages.shift())}}` });
  for await (const _ of tollbook.iterate("listEvents", { organization_id: "o" }));
  assert.deepEqual(
    seen.map((it) => [it.query["min_as_of"], it.query["cursor"]]),
    [["2024-02-01T00:00:00Z", undefined], [undefined, "next"]],
  );
});

test("a file is read in pieces, and one that is cut raises", async () => {
  const tollbook = made();
  respond = () => ({ status: 200, body: "a,b\r\n1,2\r\n" });
  const pieces = [];
  for await (const it of tollbook.download("listBudgets", {}, "csv")) pieces.push(Buffer.from(it));
  assert.equal(Buffer.concat(pieces).toString(), "a,b\r\n1,2\r\n");
  assert.equal(seen[0]?.query["format"], "csv");
});

const CUT = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\na,b\r\n";

test("a file that is cut raises", async () => {
  const { createServer } = await import("node:net");
  const cutting = createServer((socket) => {
    socket.once("data", () => socket.write(CUT, () => socket.destroy()));
  });
  await new Promise((resolve) => cutting.listen(0, "127.0.0.1", () => resolve(null)));
  const { port } = /** @type {import("node:net").AddressInfo} */ (cutting.address());
  const tollbook = new Tollbook({ baseUrl: `http://127.0.0.1:${port}`, apiKey: "k" });
  await assert.rejects(async () => {
    for await (const _ of tollbook.download("listBudgets", {}, "csv"));
  }, IncompleteExport);
  cutting.close();
});

const WRONG = [
  [{ baseUrl: "" }, /baseUrl is required/],
  [{ baseUrl: "tollbook.example.com" }, /must be an http or https URL/],
  [{ baseUrl: "ftp://example.com" }, /must be an http or https URL/],
  [{ baseUrl: "https://user:secret@example.com" }, /no credentials/],
  [{ baseUrl: "https://example.com", apiKey: "k", token: "t" }, /must not both/],
  [{ baseUrl: "https://example.com" }, /apiKey or token is required/],
];

for (const [options, message] of WRONG) {
  test(`refuses the options ${JSON.stringify(options)}`, () => {
    assert.throws(() => new Tollbook(/** @type {any} */ (options)), (error) => {
      assert.ok(error instanceof ConfigurationError);
      assert.match(error.message, /** @type {RegExp} */ (message));
      return true;
    });
  });
}

test("parameters that an operation lacks are refused", async () => {
  const tollbook = made();
  const calls = [
    tollbook.getEvent({ organization_id: "o", event_id: ".." }),
    tollbook.getEvent(/** @type {any} */ ({ organization_id: "o" })),
    tollbook.listBudgets(/** @type {any} */ ({ organisation: "o" })),
  ];
  for (const it of calls) await assert.rejects(it, ConfigurationError);
  assert.deepEqual(seen, []);
});

test("a server that is away is named as such", async () => {
  const tollbook = new Tollbook({ baseUrl: "http://127.0.0.1:9", apiKey: "k", maxRetries: 0 });
  await assert.rejects(tollbook.listBudgets(), ServerUnreachable);
});

test("the build for browsers refuses API keys", () => {
  const options = /** @type {any} */ ({ baseUrl: server.url, apiKey: "k" });
  assert.throws(() => new InBrowser(options), /use a viewer token/);
});

test("the address and the key have defaults in the environment", async () => {
  seen = [];
  process.env["TOLLBOOK_URL"] = server.url;
  process.env["TOLLBOOK_API_KEY"] = "from-the-environment";
  try {
    await new Tollbook().listBudgets();
  } finally {
    delete process.env["TOLLBOOK_URL"];
    delete process.env["TOLLBOOK_API_KEY"];
  }
  assert.equal(seen[0]?.headers["x-api-key"], "from-the-environment");
});
