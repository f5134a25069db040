/** The client and a real server, whose address and admin key are in the environment. */

import assert from "node:assert/strict";
import { test } from "node:test";
import * as client from "../dist/index.js";

const { Meter, Tollbook } = client;
const OPTIONS = {
  baseUrl: process.env["TOLLBOOK_URL"] ?? "",
  apiKey: process.env["TOLLBOOK_API_KEY"] ?? "",
};
const CALL = {
  type: "voice.call",
  organization_id: "org_1",
  time: "2024-01-15T10:30:00Z",
  quantity: 61,
};
const JANUARY = { organization_id: "org_1", start_date: "2024-01-01", end_date: "2024-01-31" };

test("what a meter has sent is in the next answer, with exact amounts", async () => {
  const meter = new Meter(OPTIONS);
  for (let at = 0; at < 30; at += 1) {
    meter.record({ ...CALL, user_id: `user_${at % 3}`, id: `call-${at}`, cost: "0.000000001" });
  }
  meter.record({ ...CALL, user_id: "user_0", id: "large", cost: "99999999.999999987" });
  assert.equal(await meter.flush(), 0);
  const tollbook = new Tollbook(OPTIONS);
  tollbook.asOf = meter.asOf;
  const { users } = await tollbook.getUserAnalytics(JANUARY);
  assert.equal(users.find((it) => it.user_id === "user_0")?.total_cost, "99999999.999999997");
  assert.equal(users.find((it) => it.user_id === "user_1")?.total_voice_calls, 10);
  const numbers = new Tollbook({ ...OPTIONS, amounts: "number" });
  await assert.rejects(numbers.getUserAnalytics(JANUARY), {
    name: "InexactAmount",
    path: "/users/0/cost_breakdown/voice_cost",
  });
  const { users: small } = await numbers.getUserAnalytics({ ...JANUARY, user_id: "user_1" });
  assert.equal(small[0]?.total_cost, 0.00000001);
  await meter.close();
});

test("events sent again are duplicates, and other content is a problem", async () => {
  const meter = new Meter(OPTIONS);
  meter.record({ ...CALL, id: "again", cost: 1 });
  await meter.flush();
  meter.record({ ...CALL, id: "again", cost: 1 });
  meter.record({ ...CALL, id: "again", quantity: 62, cost: 1 });
  meter.record({ ...CALL, id: "unknown", type: "voice.cal" });
  meter.record({ ...CALL, id: "elsewhere", organization_id: "org_unknown", quantity: 1, cost: 1 });
  await meter.flush();
  const { accepted, duplicate, conflict, rejected, quarantined } = meter.stats();
  assert.deepEqual([accepted, duplicate, conflict, rejected, quarantined], [1, 1, 1, 1, 1]);
  const codes = meter.problems().map((it) => it.receipt.code);
  assert.deepEqual(codes.sort(), ["conflict", "unknown_type"]);
  await meter.close();
});

test("events are listed page by page, and explained", async () => {
  const tollbook = new Tollbook(OPTIONS);
  const ids = [];
  for await (const it of tollbook.iterate("listEvents", { ...JANUARY, limit: 7 })) ids.push(it.id);
  assert.equal(new Set(ids).size, ids.length);
  assert.ok(ids.length >= 31);
  const { charge } = await tollbook.getEvent({ organization_id: "org_1", event_id: "large" });
  assert.equal(charge?.cost, "99999999.999999987");
});

test("organizations, users, budgets and keys are managed, with ids of any text", async () => {
  const tollbook = new Tollbook(OPTIONS);
  const id = "org/ä #1%";
  await tollbook.createOrganization({ body: { id, name: "Ärger & Co" } });
  await tollbook.createUser({ organization_id: id, body: { id: "a/b?", name: "Ann" } });
  const { user } = await tollbook.getUser({ organization_id: id, user_id: "a/b?" });
  assert.equal(user.name, "Ann");
  await tollbook.setOrganizationBudget({ organization_id: id, body: { monthly: "12.34" } });
  const { budgets } = await tollbook.listBudgets({ organization_id: id });
  assert.equal(budgets[0]?.monthly, "12.34");
  const names = [];
  for await (const it of tollbook.iterate("listOrganizations", { limit: 1 })) names.push(it.name);
  assert.ok(names.includes("Ärger & Co"));
  const { api_key: key } = await tollbook.createKey({
    body: { name: "sender", permissions: ["events:write"], id_prefix: "web:" },
  });
  assert.match(key, /^tb_/);
});

test("errors of the server have their classes", async () => {
  const tollbook = new Tollbook(OPTIONS);
  const wrong = new Tollbook({ ...OPTIONS, apiKey: "tb_unknown" });
  await assert.rejects(wrong.listBudgets(), client.InvalidApiKey);
  await assert.rejects(tollbook.getOrganization({ organization_id: "none" }), client.NotFound);
  await assert.rejects(
    tollbook.createOrganization({ body: { id: "org_1", name: "Again" } }),
    (error) => {
      assert.ok(error instanceof client.AlreadyExists);
      assert.ok(error instanceof client.ApiError);
      assert.match(error.requestId ?? "", /./);
      return true;
    },
  );
  await assert.rejects(tollbook.getUserAnalytics({ ...JANUARY, end_date: "2023-01-01" }), (error) => {
    assert.ok(error instanceof client.InvalidRequest);
    assert.ok(error.details.length > 0);
    return true;
  });
});

test("files are streamed", async () => {
  const tollbook = new Tollbook(OPTIONS);
  const pieces = [];
  for await (const it of tollbook.download("listEvents", JANUARY, "ndjson")) pieces.push(it);
  const lines = Buffer.concat(pieces).toString().trim().split("\n");
  assert.ok(lines.length >= 31);
  await assert.rejects(async () => {
    for await (const _ of tollbook.download("listEvents", { organization_id: "none" }, "csv"));
  }, client.NotFound);
});

test("a viewer token reads its own organization, and is renewed", async () => {
  const tollbook = new Tollbook(OPTIONS);
  const issue = async () => {
    const { token } = await tollbook.createViewerToken({ body: { organization_id: "org_1" } });
    return token;
  };
  const tokens = ["tbv_expired", await issue()];
  const viewer = new Tollbook({ baseUrl: OPTIONS.baseUrl, token: () => tokens.shift() ?? "" });
  const { users } = await viewer.getUserAnalytics(JANUARY);
  assert.ok(users.length >= 3);
  assert.deepEqual(tokens, []);
});
