/**
 * The route: the fragment of the address contains everything that a view depends on, so that reload,
 * back and shared links show the same. Browsers do not send the fragment to servers.
 */
import { signal } from "../vendor/signals.js";

/**
 * @typedef {Object} Route
 * @property {string[]} path Such as `["organizations", "org_abc123"]`.
 * @property {Record<string, string>} query
 * @typedef {Record<string, string | number | null | undefined>} Changes
 */

/** Parameters that are kept from one view to the next. */
const CARRIED = ["period", "start", "end", "compare", "bucket"];

/**
 * @param {string} hash
 * @returns {Route}
 */
export function parse(hash) {
  const [path = "", query = ""] = hash.replace(/^#?\/?/, "").split("?", 2);
  return {
    path: path.split("/").filter(Boolean).map(decode),
    query: Object.fromEntries(new URLSearchParams(query)),
  };
}

/** @param {string} text */
function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** @type {import("../vendor/signals-core.js").Signal<Route>} */
export const route = signal(parse(location.hash));

/** Whether this is the frame of another page: it stores nothing, and adds nothing to that page's history. */
export const isEmbedded = parent !== window;

const read = () => {
  route.value = parse(location.hash);
};
addEventListener("hashchange", read);
addEventListener("popstate", read);

/**
 * Return the address of another view in the same period.
 * @param {string[]} path
 * @param {Changes} [query]
 */
export function hrefTo(path, query = {}) {
  const carried = Object.fromEntries(
    CARRIED.filter((name) => route.value.query[name]).map((name) => [name, route.value.query[name]]),
  );
  return hrefOf(path, { ...carried, ...query });
}

/**
 * Return the address of this view with other parameters; null removes one.
 * @param {Changes} changes
 */
export const hrefWith = (changes) => hrefOf(route.value.path, { ...route.value.query, ...changes });

/**
 * Change parameters of this view.
 * @param {Changes} changes
 * @param {{replace?: boolean}} [options] `replace` adds no entry to the history.
 */
export function change(changes, { replace = false } = {}) {
  history[replace || isEmbedded ? "replaceState" : "pushState"](null, "", hrefWith(changes));
  read();
}

/**
 * @param {string[]} path
 * @param {Changes} query
 */
function hrefOf(path, query) {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== "") parameters.set(name, String(value));
  }
  const text = parameters.toString();
  return `#/${path.map(encodeURIComponent).join("/")}${text ? `?${text}` : ""}`;
}
