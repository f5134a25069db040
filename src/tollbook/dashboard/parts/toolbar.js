/** The toolbar of a table: search, filters, columns, and export. */
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { curlOf } from "../state/api.js";
import { change, isEmbedded, route } from "../state/route.js";
import { kindChoices } from "../words/meters.js";
import { html } from "./html.js";
import { Icon } from "./icon.js";
import { OwnChoice } from "./own_columns.js";
import { Popover } from "./popover.js";

const MILLISECONDS_AFTER_TYPING = 300;

/**
 * The search text: applied to the table at once, and to the address a moment later.
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

/** @param {{all?: string, brand?: boolean}} props `brand`, which no user has, is offered on request. */
export const KindOptions = ({ all, brand = false }) => html`
  ${all && html`<option value="">${all}</option>`}
  ${kindChoices(brand).map((it) => html`<option key=${it.key} value=${it.key}>${it.name}</option>`)}
`;

/** The filters by kind of usage and for rows without usage. @param {{what: string}} props */
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
 * The visible columns: all except hidden ones, and the optional ones that are selected.
 * @param {import("../words/columns.js").Column[]} columns
 * @param {string[]} wanted Optional columns that this view shows by default.
 */
export function visibleColumns(columns, wanted = []) {
  const toggled = new Set((route.value.query.columns ?? "").split(",").filter(Boolean));
  return columns.filter((it) => (Boolean(it.optional) && !wanted.includes(it.key)) === toggled.has(it.key));
}

/** @param {{columns: import("../words/columns.js").Column[], shown: import("../words/columns.js").Column[], path: string}} props `path` is the question of the table. */
export function ColumnPicker({ columns, shown, path }) {
  const visible = new Set(shown.map((it) => it.key));
  const toggle = (/** @type {string} */ key) => {
    const toggled = new Set((route.value.query.columns ?? "").split(",").filter(Boolean));
    if (!toggled.delete(key)) toggled.add(key);
    change({ columns: [...toggled].join(",") || null }, { replace: true });
  };
  const own = columns.filter((it) => it.own);
  const check = (/** @type {import("../words/columns.js").Column} */ it) => html`
    <label key=${it.key} class="check" title=${it.about}>
      <input type="checkbox" checked=${visible.has(it.key)} onChange=${() => toggle(it.key)} /><span>${it.label}</span>
    </label>
  `;
  return html`
    <${Popover} name="Columns" label=${html`<${Icon} name="columns" />Columns`}>
      ${() => html`
        <fieldset class="checks">
          <legend class="unseen">Columns</legend>
          ${columns.slice(1).filter((it) => !it.own).map(check)}
          ${own.length > 0 && html`<${OwnChoice} columns=${own} shown=${shown} path=${path} check=${check} />`}
          <button type="button" class="button" disabled=${!route.value.query.columns} onClick=${() => change({ columns: null })}>Default columns</button>
        </fieldset>
      `}
    <//>
  `;
}

/** @param {{paths: {name: string, path: string}[], csv?: () => void}} props */
export const ExportMenu = ({ paths, csv }) => isEmbedded ? csv && html`<button type="button" class="button" onClick=${csv}>Save as CSV</button>` : html`
  <${Popover} name="Export" label=${html`<${Icon} name="share" />Export`}>
    ${() => html`
      <div class="export-menu">
        ${csv && html`<button type="button" class="button primary" onClick=${csv}>Save as CSV</button>`}
        ${paths.map((it) => html`<${Curl} key=${it.name} ...${it} />`)}
        <p class="note">Set <code>$KEY</code> to an API key. <a href="docs">API reference</a></p>
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
      setCopied("Copying failed. Select the text and copy it");
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
