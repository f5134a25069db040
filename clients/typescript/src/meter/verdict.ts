import type { Clock } from "../clock.js";
import type { Receipt } from "../generated/types.js";
import { jitter, retryAfterOf } from "../retries.js";
import { ServerUnreachable } from "../errors.js";
import type { Reply } from "../transport.js";

/** What an attempt to send a batch means for its events. */
export type Verdict =
  | { kind: "settled"; receipts: readonly Receipt[]; asOf: string }
  | { kind: "refused"; code: string; error: string }
  | { kind: "retry"; waitMs: number }
  | { kind: "blocked"; reason: string };

/** What an answer has, as far as it can be read. */
type Fields = Readonly<Record<string, unknown>>;

const LONGEST_WAIT_MS = 30_000;
const LONGEST_RETRY_AFTER_MS = 300_000;
const RETRIED: readonly number[] = [408, 429];
const REFUSED: readonly number[] = [400, 413, 415, 422];

/**
 * Judge the answer to a batch.
 *
 * A success without a receipt for each event, matched by index and id, is a failed attempt: the page
 * of a proxy must not remove events.
 */
export function judge(
  reply: Reply | ServerUnreachable,
  ids: readonly string[],
  retry: number,
  clock: Clock,
): Verdict {
  const failed = judgeFailure(reply, retry, clock);
  if (failed || reply instanceof ServerUnreachable) return failed ?? again(clock, retry);
  const fields = fieldsOf(reply);
  const receipts = fields["receipts"];
  const asOf = fields["as_of"];
  if (!matches(receipts, ids) || typeof asOf !== "string") return again(clock, retry);
  return { kind: "settled", receipts, asOf };
}

/** Judge an answer that is no success; return null for a success. */
export function judgeFailure(
  reply: Reply | ServerUnreachable,
  retry: number,
  clock: Clock,
): Verdict | null {
  if (reply instanceof ServerUnreachable) return again(clock, retry);
  const { status } = reply;
  if (status >= 200 && status < 300) return null;
  if (status >= 500 || RETRIED.includes(status)) return again(clock, retry, reply);
  const fields = fieldsOf(reply);
  const code = typeof fields["code"] === "string" ? fields["code"] : `http_${status}`;
  const error = typeof fields["error"] === "string" ? fields["error"] : `status ${status}`;
  if (REFUSED.includes(status)) return { kind: "refused", code, error };
  return { kind: "blocked", reason: `${code}: ${error}` };
}

/** Return the fields of a JSON object; none if the body is something else. */
export function fieldsOf(reply: Reply): Fields {
  try {
    const found: unknown = JSON.parse(reply.text);
    return typeof found === "object" && found !== null ? (found as Fields) : {};
  } catch {
    return {};
  }
}

function again(clock: Clock, retry: number, reply?: Reply): Verdict {
  const seconds = reply ? retryAfterOf(reply.headers) : null;
  const waitMs =
    seconds === null
      ? jitter(clock, retry, LONGEST_WAIT_MS)
      : Math.min(seconds * 1_000, LONGEST_RETRY_AFTER_MS);
  return { kind: "retry", waitMs };
}

const STATUSES: readonly unknown[] = [
  "accepted",
  "duplicate",
  "quarantined",
  "conflict",
  "rejected",
];

function matches(receipts: unknown, ids: readonly string[]): receipts is Receipt[] {
  if (!Array.isArray(receipts) || receipts.length !== ids.length) return false;
  return receipts.every(
    (it: Receipt | null, index) =>
      it?.index === index && it.id === ids[index] && STATUSES.includes(it.status),
  );
}
