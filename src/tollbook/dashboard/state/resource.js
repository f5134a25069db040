/** One answer of the API as a value that a component shows: loading, there, or refused. */
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { signal } from "../vendor/signals.js";
import { ApiError, ask } from "./api.js";
import { key, noticeRefusal } from "./session.js";

/**
 * @typedef {Object} Resource
 * @property {any} data The last answer, kept while the next one is on its way.
 * @property {Headers | null} headers
 * @property {ApiError | null} error
 * @property {boolean} loading
 * @property {() => void} reload
 */

const MILLISECONDS_BETWEEN = 30_000;
/** After this the page asks again where the server could not be reached. */
const MILLISECONDS_AWAY = 5_000;

/** Counts up while somebody looks; answers are asked for again, which costs nothing unless they changed. */
const moments = signal(0);
setInterval(() => {
  if (document.visibilityState === "visible" && navigator.onLine) moments.value += 1;
}, MILLISECONDS_BETWEEN);
addEventListener("online", () => {
  moments.value += 1;
});

/**
 * How long to wait before a refused request is sent again, or 0 when only a person can help.
 * @param {ApiError} error
 */
export function millisecondsUntil(error) {
  if (error.kind === "limited") return Math.max(1, error.retryAfter) * 1000;
  return error.kind === "offline" || error.kind === "unavailable" ? Math.max(MILLISECONDS_AWAY, error.retryAfter * 1000) : 0;
}

/**
 * Ask for the days that an answer is compared with. Both are of one period, or nothing is compared.
 * @param {string} path
 * @param {Resource} answer
 * @returns {Resource}
 */
export function useEarlier(path, answer) {
  const earlier = useAnswer(path, { subject: path });
  return answer.loading ? { ...earlier, data: null } : earlier;
}

/**
 * Ask for a path, again whenever it changes; an answer that comes too late is dropped.
 * @param {string | null} path Null asks for nothing.
 * @param {{live?: boolean, subject?: string}} [options] `live` asks again now and then. The last
 *   answer is kept while another is loading, unless the `subject` changes.
 * @returns {Resource}
 */
export function useAnswer(path, { live = true, subject = path?.split("?")[0] ?? "" } = {}) {
  const [state, setState] = useState(/** @type {any} */ ({ path: null, subject, data: null, headers: null, error: null }));
  const [asked, setAsked] = useState(0);
  const moment = live ? moments.value : 0;
  const current = useRef(path);
  current.current = path;

  useEffect(() => {
    if (path === null) return undefined;
    const stop = new AbortController();
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let again;
    ask(key.value, path, { signal: stop.signal }).then(
      ({ data, headers }) => setState({ path, subject, data, headers, error: null }),
      (error) => {
        if (stop.signal.aborted) return;
        noticeRefusal(error);
        if (!(error instanceof ApiError)) throw error;
        setState((/** @type {any} */ before) => {
          // A figure that was true a moment ago is better than none while the network is away.
          const kept = before.path === path && millisecondsUntil(error) > 0;
          return { path, subject, data: kept ? before.data : null, headers: before.headers, error };
        });
        const wait = millisecondsUntil(error);
        if (wait) again = setTimeout(() => setAsked((n) => n + 1), wait);
      },
    );
    return () => {
      stop.abort();
      clearTimeout(again);
    };
  }, [path, asked, moment]);

  const same = state.subject === subject && path !== null;
  return {
    data: same ? state.data : null,
    headers: same ? state.headers : null,
    error: state.path === path ? state.error : null,
    loading: path !== null && state.path !== path,
    reload: () => setAsked((n) => n + 1),
  };
}
