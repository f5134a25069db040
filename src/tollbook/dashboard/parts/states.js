/** What stands where figures are not: loading, nothing there, refused, out of reach. */
import { hrefWith } from "../state/route.js";
import { Sentence } from "./foreign.js";
import { html } from "./html.js";

/** @typedef {import("../state/api.js").ApiError} ApiError */

/** @type {Record<import("../state/api.js").ErrorKind, string>} */
const TITLES = {
  signed_out: "Signed out",
  forbidden: "This key may not see this",
  missing: "Not found",
  absent: "Not offered by this server",
  invalid: "This view asks for something the server refuses",
  limited: "Too many requests",
  unavailable: "The server could not answer",
  offline: "No connection",
};

/** @type {Record<import("../state/api.js").ErrorKind, string>} */
const ADVICE = {
  signed_out: "Sign in again.",
  forbidden: "Ask whoever issued the key for one that may.",
  missing: "It may have another id, or belong to someone whose figures this key does not see.",
  absent: "The rest of the page works without it; a later version of the server answers it.",
  invalid: "Change the period or the filters.",
  limited: "The page asks again by itself in a moment.",
  unavailable: "Nothing is lost. The page asks again by itself; the server's log says more.",
  offline: "The page asks again by itself until the server answers. What is shown may be old.",
};

/** @param {{error: ApiError, reload?: () => void}} props */
export const Refused = ({ error, reload }) => html`
  <div class=${`state ${error.kind}`} role="alert">
    <p class="title">${TITLES[error.kind]}</p>
    <p><${Sentence} text=${sentence(error.message)} /> ${ADVICE[error.kind]}</p>
    ${reload && !["forbidden", "absent"].includes(error.kind) && html`<button type="button" class="button" onClick=${reload}>Try again</button>`}
  </div>
`;

/** @param {{error: ApiError, reload: () => void}} props Of a view whose period cannot be shown, such as one in the future. */
export const PeriodRefused = ({ error, reload }) => html`
  <${Refused} error=${error} reload=${reload} />
  ${error.kind === "invalid" && html`<p><a href=${hrefWith({ start: null, end: null, period: null })}>Show the last 30 days</a></p>`}
`;

/** @param {{earlier: import("../state/resource.js").Resource}} props A comparison that failed, next to figures that did not. */
export const NotCompared = ({ earlier }) =>
  earlier.error &&
  !earlier.data &&
  html`<p class="notice" role="alert">
    No comparison with the period before: <${Sentence} text=${sentence(earlier.error.message)} /> <button type="button" class="button" onClick=${earlier.reload}>Try again</button>
  </p>`;

/** @param {string} text */
function sentence(text) {
  const upper = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(upper) ? upper : `${upper}.`;
}

/** @param {{title: string, children: any}} props */
export const Empty = ({ title, children }) => html`<div class="state"><p class="title">${title}</p><p>${children}</p></div>`;

/** @param {{lines?: number, class?: string}} props Bars where text will be. */
export const Skeleton = ({ lines = 1, class: name = "" }) => html`
  <div class=${`skeleton ${name}`} aria-hidden="true">
    ${Array.from({ length: lines }, (_, index) => html`<span key=${index}></span>`)}
  </div>
`;

/** @param {{loading: boolean, what: string}} props Tells a screen reader that something is on its way. */
export const Loading = ({ loading, what }) => html`
  <span class="unseen" role="status">${loading ? `Loading ${what}` : ""}</span>
`;
