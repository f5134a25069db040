/** Budgets: how far they are used, when they will be exceeded, and changes of them. */
import { useState } from "../vendor/hooks.js";
import { pathOf } from "../state/api.js";
import { useAnswer } from "../state/resource.js";
import { exactMoney, money, percent, shortDay } from "../words/format.js";
import { Foreign } from "../parts/foreign.js";
import { html } from "../parts/html.js";
import { ExportMenu } from "../parts/toolbar.js";
import { Field, Form, Listed, Outcome, RowButton, Select, fractionsOf, percentages, useChanges } from "./acting.js";
import { budgetPath, periodOf } from "./month.js";

/** @type {[string, string][]} */
const PERIODS = [["month", "Month"], ["week", "Week"], ["day", "Day"]];
/** @type {Record<string, string>} The field of a budget's amount. */
const FIELDS = { month: "monthly", week: "weekly", day: "daily" };

/** @param {{viewer: import("../state/session.js").Viewer, admin: boolean, organization: string}} props */
export function Budgets({ viewer, admin, organization }) {
  const [edited, setEdited] = useState(/** @type {any} */ (null));
  const path = budgetPath(organization);
  const answer = useAnswer(path);
  const changes = useChanges(answer.reload);
  const submit = async (/** @type {Record<string, string>} */ given) => {
    const of = edited.organization_id ? { organization: edited.organization_id, user: edited.user_id ?? "", period: periodOf(edited) } : given;
    const whose = pathTo(viewer.organization_id ?? of.organization, of.user);
    const body = { [FIELDS[of.period]]: given.amount, ...(given.alerts && { alert_at: fractionsOf(given.alerts) }) };
    if (await changes.send("PUT", whose, body, "Saved.")) setEdited(null);
  };
  const remove = (/** @type {any} */ it) =>
    confirm("Remove this budget?") && changes.send("DELETE", pathOf(pathTo(it.organization_id, it.user_id), { period: periodOf(it) }), undefined, "Removed.");
  return html`
    ${edited &&
    html`<${Form} key=${JSON.stringify(edited)} title=${edited.organization_id ? "Edit the budget" : "Set a budget"} submit=${submit} close=${() => setEdited(null)} busy=${changes.busy}>
      ${!edited.organization_id &&
      html`
        ${!viewer.organization_id && html`<${Field} label="Organization (id)" name="organization" value=${organization} required />`}
        <${Field} label="User (id)" name="user" placeholder="the whole organization" />
        <${Select} label="Period" name="period" options=${PERIODS} />
      `}
      <${Field} label="Amount" name="amount" inputmode="decimal" value=${edited.organization_id && String(edited[FIELDS[periodOf(edited)]])} required />
      <${Field} label="Notify at (percent)" name="alerts" value=${percentages(edited.alert_at ?? [0.5, 0.8, 1])} />
    <//>`}
    <${Listed}
      title="Budgets" answer=${answer} rows=${answer.data?.budgets ?? []}
      columns=${["Applies to", "Period", "Budget", "Used", "Expected", "Exceeded on", "Notifies at", ...(admin ? [""] : [])]}
      none="A budget blocks nothing: it reports how much of an amount is used, and notifies."
      tools=${html`<div class="toolbar"><${Outcome} changes=${changes} /><${ExportMenu} paths=${[{ name: "Budgets", path }]} />${admin && html`<button type="button" class="button primary" onClick=${() => setEdited({})}>Set a budget</button>`}</div>`}
    >
      ${(/** @type {any} */ it) => html`
        <tr key=${`${it.organization_id} ${it.user_id} ${periodOf(it)}`}>
          <th scope="row"><${Foreign} text=${it.organization_name} />${it.user_id && html`<br /><span class="note"><${Foreign} text=${it.user_name ?? it.user_id} /></span>`}</th>
          <td>${PERIODS.find(([key]) => key === periodOf(it))?.[1]}</td>
          <td>${exactMoney(it[FIELDS[periodOf(it)]], it.currency)}</td>
          <td><meter aria-label="Used" min="0" max="1" high="0.8" optimum="0" value=${Math.min(it.used, 1)}></meter> ${percent(it.used)}<br /><span class="note">${money(it.spent, it.currency)}${it.state !== "within" ? ` · ${it.state === "over" ? "exceeded" : "nearly used"}` : ""}</span></td>
          <td>${it.forecast === null ? "" : money(it.forecast, it.currency)}</td>
          <td>${it.passed_on && shortDay(it.passed_on)}</td>
          <td>${percentages(it.alert_at)}</td>
          ${admin && html`<td><${RowButton} name="Edit" of=${nameOf(it)} run=${() => setEdited(it)} /><${RowButton} name="Remove" of=${nameOf(it)} busy=${changes.busy} run=${() => remove(it)} /></td>`}
        </tr>
      `}
    <//>
  `;
}

/** @param {any} it A budget. */
const nameOf = (it) => `${it.user_name ?? it.user_id ?? it.organization_name}, ${periodOf(it)}`;

/** @param {string} organization @param {string} [user] */
const pathTo = (organization, user) => `v1/budgets/${encodeURIComponent(organization)}${user ? `/users/${encodeURIComponent(user)}` : ""}`;
