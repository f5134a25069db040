/** An API response as a value for components: loading, loaded, or failed. */
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { signal } from "../vendor/signals.js";
import { ApiError, ask } from "./api.js";
import { key, signOutIfRefused } from "./session.js";

/**
 * @typedef {Object} Resource
 * @property {any} data The last response, kept while the next one is loading.
 * @property {Headers | null} headers
 * @property {ApiError | null} error
 * @property {boolean} loading
 * @property {() => void} reload
 */

const MILLISECONDS_BETWEEN = 30_000;
/** The time before a retry when the server could not be reached. */
const MILLISECONDS_AWAY = 5_000;

/** Increases while the page is visible. Each step revalidates the responses, which is cheap if they have not changed. */
const moments = signal(0);
setInterval(() => {
  if (document.visibilityState === "visible" && navigator.onLine) moments.value += 1;
}, MILLISECONDS_BETWEEN);
addEventListener("online", () => {
  moments.value += 1;
});

/**
 * The time before a failed request is retried, or 0 if retrying does not help.
 * @param {ApiError} error
 */
export function millisecondsUntil(error) {
  if (error.kind === "limited") return Math.max(1, error.retryAfter) * 1000;
  return error.kind === "offline" || error.kind === "unavailable" ? Math.max(MILLISECONDS_AWAY, error.retryAfter * 1000) : 0;
}

/**
 * Load a response that belongs to another one. It has no data until both belong to the same period.
 * @param {string | null} path
 * @param {Resource} answer
 * @returns {Resource}
 */
export function useEarlier(path, answer) {
  const earlier = useAnswer(path, { subject: path ?? "" });
  return answer.loading ? { ...earlier, data: null } : earlier;
}

/**
 * Load a path whenever it changes; a response that arrives too late is dropped.
 * @param {string | null} path Null loads nothing.
 * @param {{live?: boolean, subject?: string}} [options] `live` revalidates regularly. The last
 *   response is kept while the next one is loading, unless the `subject` changes.
 * @returns {Resource}
 */
export function useAnswer(path, { live = true, subject = path?.split("?")[0] ?? "" } = {}) {
  const [state, setState] = useState(/** @type {any} */ ({ path: null, subject, data: null, headers: null, error: null }));
  const [attempts, setAttempts] = useState(0);
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
        signOutIfRefused(error);
        if (!(error instanceof ApiError)) throw error;
        setState((/** @type {any} */ before) => {
          // A recent figure is better than none while the network is down.
          const kept = before.path === path && millisecondsUntil(error) > 0;
          return { path, subject, data: kept ? before.data : null, headers: before.headers, error };
        });
        const wait = millisecondsUntil(error);
        if (wait) again = setTimeout(() => setAttempts((n) => n + 1), wait);
      },
    );
    return () => {
      stop.abort();
      clearTimeout(again);
    };
  }, [path, attempts, moment]);

  const same = state.subject === subject && path !== null;
  return {
    data: same ? state.data : null,
    headers: same ? state.headers : null,
    error: state.path === path ? state.error : null,
    loading: path !== null && state.path !== path,
    reload: () => setAttempts((n) => n + 1),
  };
}
