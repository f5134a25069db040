/**
 * The only module that sends requests to `/v1`. The key is sent in a header, never in an address.
 *
 * Responses have an `ETag` and `no-cache`: the browser revalidates its own copy, so this module has
 * no cache.
 */
import { readAmounts } from "../words/figures.js";

/**
 * @typedef {"signed_out" | "forbidden" | "missing" | "absent" | "invalid" | "limited" | "unavailable" | "offline"} ErrorKind
 * @typedef {Object} Answer
 * @property {any} data The decoded body.
 * @property {Headers} headers
 */

/** A failed request, with a message for people. */
export class ApiError extends Error {
  /**
   * @param {ErrorKind} kind
   * @param {string} sentence
   * @param {{code?: string, retryAfter?: number}} [more] `retryAfter` is in seconds.
   */
  constructor(kind, sentence, more = {}) {
    super(sentence);
    this.kind = kind;
    this.code = more.code ?? "";
    this.retryAfter = more.retryAfter ?? 0;
  }
}

/** @type {Record<number, ErrorKind>} */
const KINDS = { 401: "signed_out", 403: "forbidden", 404: "missing", 429: "limited" };
/** Sends requests; an embedded page renews its token here. */
export const transport = { send: (/** @type {string} */ path, /** @type {RequestInit} */ init) => fetch(path, init) };
const NO_ENDPOINT = "no such endpoint";

/**
 * Send a request to a path of the server of this page.
 * @param {string} key
 * @param {string} path Such as `v1/organizations`.
 * @param {{signal?: AbortSignal, method?: string, body?: unknown}} [options]
 * @returns {Promise<Answer>}
 */
export async function ask(key, path, options = {}) {
  const { signal, method = "GET", body } = options;
  /** @type {Record<string, string>} */
  const headers = { "X-API-Key": key };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let response;
  try {
    const sent = body === undefined ? undefined : JSON.stringify(body);
    response = await transport.send(path, { method, headers, body: sent, signal, credentials: "omit" });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError("offline", "The server cannot be reached.");
  }
  const data = await response.json().catch(() => null);
  if (response.ok && data) return { data: path.includes("amounts=string") ? readAmounts(data) : data, headers: response.headers };
  throw errorOf(response, data);
}

/**
 * @param {Response} response
 * @param {any} data
 */
function errorOf(response, data) {
  const sentence = data?.error ?? `The server returned status ${response.status}.`;
  let kind = KINDS[response.status] ?? (response.status >= 500 ? "unavailable" : "invalid");
  if (kind === "missing" && sentence === NO_ENDPOINT) kind = "absent";
  const retryAfter = Number(response.headers.get("retry-after")) || 0;
  return new ApiError(kind, sentence, { code: data?.code, retryAfter });
}

/**
 * Build a path with its query; empty parameters are omitted.
 * @param {string} path
 * @param {Record<string, string | number | boolean | null | undefined>} query
 */
export function pathOf(path, query) {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== null && value !== "" && value !== false) {
      parameters.set(name, String(value));
    }
  }
  const text = parameters.toString();
  return text ? `${path}?${text}` : path;
}

/**
 * The request of a view as a command. The key is a shell variable, never its value.
 * @param {string} path
 */
export function curlOf(path) {
  const address = new URL(path, document.baseURI).href.split("#")[0];
  return `curl -s '${address.replaceAll("'", "%27")}' \\\n  -H "X-API-Key: $KEY"`;
}
