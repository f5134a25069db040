/** Shared elements of the view of alerts: changes, forms, buttons of rows, and tables. */
import { useState } from "../vendor/hooks.js";
import { ApiError, ask } from "../state/api.js";
import { key, signOutIfRefused } from "../state/session.js";
import { Foreign, Sentence } from "../parts/foreign.js";
import { html } from "../parts/html.js";
import { Empty, Refused, Skeleton } from "../parts/states.js";

/**
 * Send changes, one at a time, and report the result of each.
 * @param {() => void} reload
 */
export function useChanges(reload) {
  const [busy, setBusy] = useState(false);
  const [message, setMessage] = useState("");
  /** @param {string} method @param {string} path @param {unknown} body @param {string} done @returns {Promise<any>} The answer; null if it was refused. */
  const send = async (method, path, body, done) => {
    setBusy(true);
    let data = null;
    try {
      data = (await ask(key.value, path, { method, body })).data;
      setMessage(done);
      reload();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      signOutIfRefused(error);
      setMessage(`Not changed: ${error.message}.`);
    }
    setBusy(false);
    return data;
  };
  return { busy, message, send };
}

/** @param {{changes: ReturnType<typeof useChanges>}} props */
export const Outcome = ({ changes }) => html`<span role="status" class="note"><${Sentence} text=${changes.message} /></span>`;

/** @param {SubmitEvent} event @returns {Record<string, string>} What is filled in, without spaces around it. */
export function filledIn(event) {
  event.preventDefault();
  const form = /** @type {HTMLFormElement} */ (event.target);
  return Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value).trim()]));
}

/** @param {string} text Separated by commas, spaces or lines. */
export const listOf = (text) => text.split(/[\s,;]+/).filter(Boolean);

/** @param {string} text Percentages. @returns {number[]} Fractions. */
export const fractionsOf = (text) => listOf(text).map((it) => Number((parseFloat(it) / 100).toFixed(6)));

/** @param {number[]} fractions */
export const percentages = (fractions) => fractions.map((it) => `${Number((it * 100).toFixed(4))}%`).join(", ");

/** @param {{label: string, name: string, value?: string, [more: string]: any}} props */
export const Field = ({ label, ...more }) => html`<label>${label}<input ...${more} /></label>`;

/** @param {{label: string, name: string, options: [string, string][], [more: string]: any}} props */
export const Select = ({ label, options, value, ...more }) => html`
  <label>${label}<select ...${more}>${options.map(([key, text]) => html`<option key=${key} value=${key} selected=${key === value}>${text}</option>`)}</select></label>
`;

/**
 * A form in a panel of its own.
 * @param {{title: string, submit: (given: Record<string, string>) => void, close: () => void, busy: boolean, children: any}} props
 */
export const Form = ({ title, submit, close, busy, children }) => html`
  <section class="panel calculator" aria-label=${title}>
    <header><h2>${title}</h2></header>
    <form onSubmit=${(/** @type {SubmitEvent} */ event) => submit(filledIn(event))}>
      ${children}
      <button type="submit" class="button primary" disabled=${busy}>Save</button>
      <button type="button" class="button" onClick=${close}>Cancel</button>
    </form>
  </section>
`;

/** @param {{name: string, of: string, run: () => void, busy?: boolean}} props A button of a row; its label names the row for screen readers. */
export const RowButton = ({ name, of, run, busy = false }) => html`
  <button type="button" class="button" aria-label=${`${name}: ${of}`} disabled=${busy} onClick=${run}>${name}</button>${" "}
`;

/** @param {{it: {organization_id?: string | null, user_id?: string | null}}} props */
export const Subject = ({ it }) =>
  it.organization_id
    ? html`<${Foreign} text=${it.organization_id} />${it.user_id && html`<br /><span class="note">user <${Foreign} text=${it.user_id} /></span>`}`
    : "All organizations";

/**
 * A panel with a table, or why there is none.
 * @param {{title: string, answer: import("../state/resource.js").Resource, rows: any[], columns: string[], none: any, children: (row: any) => any, tools?: any, below?: any}} props
 */
export const Listed = ({ title, answer, rows, columns, none, children, tools, below }) => html`
  <section class="panel" aria-label=${title}>
    <header><h2>${title}</h2>${tools}</header>
    ${answer.error && html`<${Refused} error=${answer.error} reload=${answer.reload} />`}
    ${!answer.error && !answer.data && html`<${Skeleton} lines=${5} class="rows" />`}
    ${answer.data && !rows.length && html`<${Empty} title=${`No ${title.toLowerCase()}`}>${none}<//>`}
    ${rows.length > 0 &&
    html`
      <div class="plain-table" tabindex="0" role="region" aria-label=${`List of ${title.toLowerCase()}`}>
        <table>
          <thead><tr>${columns.map((it) => (it ? html`<th key=${it} scope="col">${it}</th>` : html`<td key="buttons"></td>`))}</tr></thead>
          <tbody>${rows.map(children)}</tbody>
        </table>
      </div>
    `}
    ${answer.data && below}
  </section>
`;
