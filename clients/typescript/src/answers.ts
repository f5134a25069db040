import { readAnswer, type AmountMode } from "./amounts.js";
import { ApiError, InexactAmount, InvalidAnswer, type Detail } from "./errors.js";
import { ERRORS } from "./generated/errors.js";
import { retryAfterOf } from "./retries.js";
import type { Reply } from "./transport.js";

/** An object of an answer. */
export type Fields = Record<string, unknown>;

/** Return the answer of a success, or the error that the server answered. */
export function answerOf(reply: Reply, mode: AmountMode): Fields | ApiError | InvalidAnswer {
  const fields = parse(reply.text, mode);
  if (!fields) return invalid(reply);
  const isReceipts = Array.isArray(fields["receipts"]);
  if (isReceipts || (reply.status >= 200 && reply.status < 300)) return fields;
  return typeof fields["code"] === "string" ? errorOf(reply, fields) : invalid(reply);
}

function parse(text: string, mode: AmountMode): Fields | undefined {
  try {
    const value = readAnswer(text, mode);
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject && "success" in value ? (value as Fields) : undefined;
  } catch (error) {
    if (error instanceof InexactAmount) throw error;
    return undefined;
  }
}

function invalid(reply: Reply): InvalidAnswer {
  const isRedirect = reply.status === 0 || (reply.status >= 300 && reply.status < 400);
  const problem = isRedirect
    ? "the server redirects to another address: baseUrl must be its final address"
    : `the answer (status ${reply.status}) is not one of Tollbook's: check baseUrl and proxies`;
  return new InvalidAnswer(problem, reply.status);
}

function errorOf(reply: Reply, fields: Fields): ApiError {
  const code = String(fields["code"]);
  const kind = Object.hasOwn(ERRORS, code) ? ERRORS[code] : undefined;
  const requestId = fields["request_id"] ?? reply.headers.get("X-Request-Id");
  return new (kind ?? ApiError)({
    status: reply.status,
    code,
    error: String(fields["error"] ?? ""),
    details: (fields["details"] as Detail[] | undefined) ?? [],
    requestId: typeof requestId === "string" ? requestId : null,
    retryAfter: retryAfterOf(reply.headers),
  });
}
