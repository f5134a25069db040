/** The states of a view without figures: loading, empty, refused, offline. */
import { useEffect, useState } from "../vendor/hooks.js";
import { hrefWith } from "../state/route.js";
import { Sentence } from "./foreign.js";
import { html } from "./html.js";

/** @typedef {import("../state/api.js").ApiError} ApiError */

/** @type {Record<import("../state/api.js").ErrorKind, string>} */
const TITLES = {
  signed_out: "Signed out",
  forbidden: "Access denied",
  missing: "Not found",
  absent: "Not supported by this server",
  invalid: "The server rejected the request",
  limited: "Too many requests",
  unavailable: "The server could not respond",
  offline: "No connection",
};

/** @type {Record<import("../state/api.js").ErrorKind, string>} */
const ADVICE = {
  signed_out: "Sign in again.",
  forbidden: "Request a key with access.",
  missing: "The id may be wrong, or this key has no access to it.",
  absent: "The rest of the page works without it. Upgrade the server to use it.",
  invalid: "Change the period or the filters.",
  limited: "The page retries automatically in a moment.",
  unavailable: "No data is lost. The page retries automatically. See the server's log for details.",
  offline: "The page retries automatically. The figures shown may be out of date.",
};

/** @param {{error: ApiError, reload?: () => void}} props */
export const Refused = ({ error, reload }) => html`
  <div class=${`state ${error.kind}`} role="alert">
    <p class="title">${TITLES[error.kind]}</p>
    <p><${Sentence} text=${sentence(error.message)} /> ${ADVICE[error.kind]}</p>
    ${reload && !["forbidden", "absent"].includes(error.kind) && html`<button type="button" class="button" onClick=${reload}>Try again</button>`}
  </div>
`;

/** @param {{error: ApiError, reload: () => void}} props For a view whose period cannot be shown, such as one in the future. */
export const PeriodRefused = ({ error, reload }) => html`
  <${Refused} error=${error} reload=${reload} />
  ${error.kind === "invalid" && html`<p><a href=${hrefWith({ start: null, end: null, period: null })}>Show the last 30 days</a></p>`}
`;

/** @param {{earlier: import("../state/resource.js").Resource}} props Reports a failed comparison next to figures that loaded. */
export const NotCompared = ({ earlier }) =>
  earlier.error &&
  !earlier.data &&
  html`<p class="notice" role="alert">
    The comparison failed: <${Sentence} text=${sentence(earlier.error.message)} /> <button type="button" class="button" onClick=${earlier.reload}>Try again</button>
  </p>`;

/** @param {string} text */
function sentence(text) {
  const upper = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(upper) ? upper : `${upper}.`;
}

/** @param {{title: string, children: any}} props */
export const Empty = ({ title, children }) => html`<div class="state"><p class="title">${title}</p><p>${children}</p></div>`;

/** @param {{lines?: number, class?: string}} props Placeholder bars for text that is loading. */
export const Skeleton = ({ lines = 1, class: name = "" }) => html`
  <div class=${`skeleton ${name}`} aria-hidden="true">
    ${Array.from({ length: lines }, (_, index) => html`<span key=${index}></span>`)}
  </div>
`;

/** @param {{loading: boolean, what: string}} props Announces to screen readers that something is loading. */
export const Loading = ({ loading, what }) => html`
  <span class="unseen" role="status">${loading ? `Loading ${what}` : ""}</span>
`;

/**
 * A component in a module of its own that is loaded now; its children are shown meanwhile.
 * @param {{path: string, children?: any, [more: string]: any}} props `path` in the folder of the dashboard; the others are those of the component.
 */
export function Later({ path, children, ...props }) {
  const [{ default: Part }, setPart] = useState(/** @type {any} */ ({}));
  useEffect(() => {
    import(`../${path}.js`).then(setPart, () => setPart({ default: NotLoaded }));
  }, [path]);
  return Part ? html`<${Part} ...${props} />` : (children ?? html`<${Skeleton} lines=${5} class="rows" />`);
}

/** Nothing answered, or a newer version of the server has other files. */
const NotLoaded = () => html`<p class="notice" role="alert">This part of the page could not be loaded. <a href="">Load the page again</a>.</p>`;
