/** What stands over a table: search, filters, the choice of columns, and what one can take along. */
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { curlOf } from "../state/api.js";
import { change, route } from "../state/route.js";
import { KINDS } from "../words/meters.js";
import { html } from "./html.js";
import { Icon } from "./icon.js";
import { Popover } from "./popover.js";

const MILLISECONDS_AFTER_TYPING = 300;

/**
 * The text somebody searches for: at once in the table, a moment later in the address.
 * @returns {[string, (text: string) => void]}
 */
export function useSearch() {
  const inAddress = route.value.query.search ?? "";
  const [text, setText] = useState(inAddress);
  const written = useRef(inAddress);
  useEffect(() => {
    if (inAddress !== written.current) setText(inAddress);
    written.current = inAddress;
  }, [inAddress]);
  useEffect(() => {
    const timer = setTimeout(() => {
      if (text === written.current) return;
      written.current = text;
      change({ search: text || null }, { replace: true });
    }, MILLISECONDS_AFTER_TYPING);
    return () => clearTimeout(timer);
  }, [text]);
  return [text, setText];
}

/** @param {{text: string, setText: (text: string) => void, what: string}} props */
export const Search = ({ text, setText, what }) => html`
  <label class="search">
    <${Icon} name="search" />
    <input
      type="search"
      aria-label=${`Search ${what}`}
      placeholder=${`Search ${what}`}
      value=${text}
      onInput=${(/** @type {any} */ e) => setText(e.target.value)}
    />
  </label>
`;

/** @param {{all: string}} props */
export const KindOptions = ({ all }) => html`
  <option value="">${all}</option>
  ${KINDS.filter((it) => it.key !== "brand").map((it) => html`<option key=${it.key} value=${it.key}>${it.name}</option>`)}
`;

/** The filter by kind of usage, and by having any. @param {{what: string}} props */
export const Filters = ({ what }) => html`
  <select
    aria-label="Kind of usage"
    value=${route.value.query.kind ?? ""}
    onChange=${(/** @type {any} */ e) => change({ kind: e.target.value || null, off: null })}
  >
    <${KindOptions} all="All usage" />
  </select>
  <label class="check">
    <input type="checkbox" checked=${route.value.query.active === "true"} onChange=${(/** @type {any} */ e) => change({ active: e.target.checked ? "true" : null })} />
    <span>Hide ${what} without usage</span>
  </label>
`;

/**
 * Columns that are shown: all but the hidden ones, and the optional ones that were asked for.
 * @param {import("../words/columns.js").Column[]} columns
 * @param {string[]} wanted Optional columns that this view shows by itself.
 */
export function shownColumns(columns, wanted = []) {
  const toggled = new Set((route.value.query.columns ?? "").split(",").filter(Boolean));
  return columns.filter((it) => (Boolean(it.optional) && !wanted.includes(it.key)) === toggled.has(it.key));
}

/** @param {{columns: import("../words/columns.js").Column[], shown: import("../words/columns.js").Column[]}} props */
export function ColumnPicker({ columns, shown }) {
  const visible = new Set(shown.map((it) => it.key));
  const toggle = (/** @type {string} */ key) => {
    const toggled = new Set((route.value.query.columns ?? "").split(",").filter(Boolean));
    if (!toggled.delete(key)) toggled.add(key);
    change({ columns: [...toggled].join(",") || null }, { replace: true });
  };
  return html`
    <${Popover} name="Columns" label=${html`<${Icon} name="columns" />Columns`}>
      ${() => html`
        <fieldset class="checks">
          <legend class="unseen">Columns</legend>
          ${columns.slice(1).map(
            (it) => html`
              <label key=${it.key} class="check" title=${it.about}>
                <input type="checkbox" checked=${visible.has(it.key)} onChange=${() => toggle(it.key)} /><span>${it.label}</span>
              </label>
            `,
          )}
          <button type="button" class="button" disabled=${!route.value.query.columns} onClick=${() => change({ columns: null })}>As documented</button>
        </fieldset>
      `}
    <//>
  `;
}

/** @param {{paths: {name: string, path: string}[], csv?: () => void}} props */
export const TakeAlong = ({ paths, csv }) => html`
  <${Popover} name="Export" label=${html`<${Icon} name="share" />Export`}>
    ${() => html`
      <div class="take-along">
        ${csv && html`<button type="button" class="button primary" onClick=${csv}>Save as CSV, as shown</button>`}
        ${paths.map((it) => html`<${Curl} key=${it.name} ...${it} />`)}
        <p class="note">With an API key in <code>$KEY</code>. <a href="docs">All of the API</a></p>
      </div>
    `}
  <//>
`;

/** @param {{name: string, path: string}} props */
function Curl({ name, path }) {
  const [copied, setCopied] = useState("");
  const text = curlOf(path);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setCopied("Copied");
    } catch {
      setCopied("Select the text and copy it");
    }
  };
  return html`
    <section>
      <h3>${name}</h3>
      <pre tabindex="0" role="region" aria-label=${`Command for ${name}`}><code>${text}</code></pre>
      <button type="button" class="button" onClick=${copy}>Copy as curl</button> <span role="status" class="note">${copied}</span>
    </section>
  `;
}
