/** The token of a frame: received from the page around it, renewed in time, and repeated once when it is refused. */
import { ApiError, transport } from "../state/api.js";
import { millisecondsUntil } from "../state/resource.js";
import { signIn, viewer } from "../state/session.js";
import { signal } from "../vendor/signals.js";
import { host, send, settings } from "./messages.js";

/**
 * @typedef {"start" | "expiring" | "refused"} Reason
 * @typedef {{code: string, message: string}} Trouble
 */

/** Why there are no figures, or no new ones. @type {import("../vendor/signals-core.js").Signal<Trouble | null>} */
export const trouble = signal(null);
/** The viewer whose token fits the settings. @type {import("../vendor/signals-core.js").Signal<import("../state/session.js").Viewer | null>} */
export const allowed = signal(null);

/** Increases when a trouble has ended, so that everything is loaded again. */
export const rounds = signal(0);

const SERVER = new URL("../../../", import.meta.url);
const SECOND = 1000;
const SHORT_LIFE = 300 * SECOND;
const BEFORE_END = 60 * SECOND;
const LONGEST_WAIT = 60 * SECOND;
/** The page around the frame gives up after 30 s. */
const LONGEST_ANSWER = 35 * SECOND;

let token = "";
/** A token that came instead of a refused one and has not worked yet. */
let untried = "";
let isReplacing = false;
/** @type {{promise: Promise<string>, resolve: (text: string) => void, reject: (error: Error) => void} | null} */
let waiting = null;
let failures = 0;
/** The server's time, and when it was received by a clock that is never set. */
let clock = { at: 0, received: 0 };
/** When the token is renewed, by the same clock. */
let renewal = Infinity;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;

/**
 * Ask the page around the frame for a token.
 * @param {Reason} reason
 * @returns {Promise<string>}
 */
export function need(reason) {
  if (waiting) return waiting.promise;
  const it = /** @type {any} */ ({});
  it.promise = new Promise((resolve, reject) => Object.assign(it, { resolve, reject }));
  it.promise.catch(() => undefined);
  waiting = it;
  isReplacing = reason === "refused";
  send("need_token", { reason });
  setTimeout(() => waiting === it && missed("The page did not supply a token."), LONGEST_ANSWER);
  return it.promise;
}

/** @param {string} text A token that has arrived. */
export async function receive(text) {
  token = text;
  untried = isReplacing ? text : "";
  isReplacing = false;
  failures = 0;
  waiting?.resolve(text);
  waiting = null;
  try {
    await signIn(text);
  } catch (error) {
    if (text === token) failed(error);
    return;
  }
  if (text !== token) return;
  if (trouble.value) rounds.value += 1;
  const problem = mismatch(/** @type {import("../state/session.js").Viewer} */ (viewer.value));
  trouble.value = problem;
  allowed.value = problem ? null : viewer.value;
  if (problem) send("error", { ...problem, request_id: null, retryable: false });
  else plan(/** @type {any} */ (viewer.value).expires_at);
}

/** @param {unknown} error Why a token could not be looked up; the server may answer later. */
function failed(error) {
  if (!(error instanceof ApiError)) throw error;
  if (error.kind === "signed_out") return;
  trouble.value = { code: error.code || error.kind, message: error.message };
  const wait = millisecondsUntil(error);
  if (wait) wake(wait);
}

/** @param {string} message Why there is no token. It is asked for again while the page is visible. */
export function missed(message) {
  waiting?.reject(new Error(message));
  waiting = null;
  fail("token_unavailable", message, true);
  wake(Math.min(LONGEST_WAIT, SECOND * 2 ** failures));
  failures += 1;
}

/** Try again, after an error that only a person ends. */
export const retry = () => need("refused");

/** @param {import("../state/session.js").Viewer} it @returns {Trouble | null} */
function mismatch(it) {
  const { tenant, organization, user } = settings.value ?? {};
  const fits = it.organization_id === organization && (!tenant || it.tenant_id === tenant) && (!user || !it.user_id || it.user_id === user);
  return fits ? null : { code: "token_mismatch", message: "The token is for another organization or user." };
}

/** @param {string} code @param {string} message @param {boolean} retryable */
function fail(code, message, retryable) {
  trouble.value = { code, message };
  send("error", { code, message, request_id: null, retryable });
}

/** @param {string} end When the token expires. */
function plan(end) {
  const left = Date.parse(end) - clock.at - (performance.now() - clock.received);
  wake(left < SHORT_LIFE ? 0.8 * left : left - BEFORE_END);
}

/** @param {number} wait Milliseconds until the next token is asked for. */
function wake(wait) {
  renewal = performance.now() + wait;
  clearTimeout(timer);
  timer = setTimeout(renew, wait);
}

function renew() {
  if (document.visibilityState !== "visible" || performance.now() < renewal) return;
  renewal = Infinity;
  need(token ? "expiring" : "start");
}

document.addEventListener("visibilitychange", renew);

transport.send = async (path, init) => {
  const used = token;
  const response = await sent(path, init, used);
  if (response.status !== 401) {
    untried = "";
    return reported(response);
  }
  if (used === untried) {
    fail("token_refused", "The token was refused again.", true);
    return response;
  }
  const other = token === used ? await need("refused").catch(() => "") : token;
  return other ? reported(await sent(path, init, other)) : response;
};

/**
 * @param {string} path
 * @param {RequestInit} init
 * @param {string} text
 */
async function sent(path, init, text) {
  const headers = { ...init.headers, "X-API-Key": text, "Tollbook-Embedder": host() };
  const response = await fetch(new URL(path, SERVER), { ...init, headers });
  const at = Date.parse(response.headers.get("date") ?? "");
  if (at) clock = { at, received: performance.now() };
  return response;
}

/** @param {Response} response An error in it is reported to the page around the frame. */
function reported(response) {
  if (!response.ok && response.status !== 401) {
    const retryable = response.status === 429 || response.status >= 500;
    response
      .clone()
      .json()
      .then(({ code, error, request_id }) => send("error", { code, message: error, request_id, retryable }))
      .catch(() => send("error", { code: "unavailable", message: `status ${response.status}`, request_id: null, retryable }));
  }
  return response;
}

