/** Triggers: how they stand, and changes of them. */
import { useState } from "../vendor/hooks.js";
import { pathOf } from "../state/api.js";
import { useAnswer } from "../state/resource.js";
import { hrefWith, route } from "../state/route.js";
import { count, exactMoney, money } from "../words/format.js";
import { KINDS, METERS, meterName } from "../words/meters.js";
import { Foreign } from "../parts/foreign.js";
import { html } from "../parts/html.js";
import { Field, Form, Listed, Outcome, RowButton, Select, Subject, fractionsOf, listOf, percentages, useChanges } from "./acting.js";

const A_PAGE = 200;
/** @type {[string, string][]} */
const PERIODS = [["day", "Day"], ["hour", "Hour"], ["week", "Week"], ["month", "Month"], ["all", "All time"]];
/** @type {[string, string][]} */
const KINDS_OF_THRESHOLDS = [["at", "Values"], ["at_budget", "Percent of the budget"], ["deviation", "A deviation from the usual"]];
/** @type {[string, string][]} */
const SENSITIVITIES = [["low", "Low"], ["medium", "Medium"], ["high", "High"]];
/** @type {[string, string][]} */
const DIRECTIONS = [["above", "More than usual"], ["below", "Less than usual"], ["both", "Both"]];

/** @param {any} it A trigger. @param {any} value A number, or an amount as text. */
const valueOf = (it, value) => (it.currency && it.figure === "cost" ? exactMoney(value, it.currency) : count(value));

/** @param {any} it A trigger. */
function watched(it) {
  if (it.figure !== "cost") return `${it.figure === "count" ? "Events" : "Quantity"}: ${meterName(it.meter)}`;
  const of = it.meter ? meterName(it.meter) : KINDS.find((kind) => kind.cost === it.category)?.name;
  return of ? `Cost: ${of}` : "Total cost";
}

/** @param {any} it A trigger. */
function thresholds(it) {
  if (it.deviation) return `${it.deviation.sensitivity} sensitivity, ${it.deviation.direction}`;
  return it.at ? it.at.map((/** @type {any} */ value) => valueOf(it, value)).join(", ") : `${percentages(it.at_budget)} of budget`;
}

/** @param {any} it A trigger. */
function reached(it) {
  const some = it.state?.reached ?? [];
  if (it.state?.learning) return "learning";
  return some.length ? `reached: ${some.map((/** @type {any} */ value) => (it.deviation ? value : valueOf(it, value))).join(", ")}` : "";
}

/** @param {{viewer: import("../state/session.js").Viewer, admin: boolean, organization: string}} props */
export function Triggers({ viewer, admin, organization }) {
  const [edited, setEdited] = useState(/** @type {any} */ (null));
  const answer = useAnswer(pathOf("v1/triggers", { organization_id: organization, limit: A_PAGE, cursor: route.value.query.cursor, amounts: "string" }));
  const changes = useChanges(answer.reload);
  const patch = (/** @type {any} */ it, /** @type {any} */ body) => changes.send("PATCH", `v1/triggers/${it.id}`, body, "Changed.");
  const submit = async (/** @type {any} */ body) => {
    const saved = edited.id ? await patch(edited, body) : await changes.send("POST", "v1/triggers", body, "Added.");
    if (saved) setEdited(null);
  };
  const remove = (/** @type {any} */ it) => confirm("Remove this trigger?") && changes.send("DELETE", `v1/triggers/${it.id}`, undefined, "Removed.");
  return html`
    ${edited && html`<${TriggerForm} key=${edited.id ?? "new"} trigger=${edited} viewer=${viewer} organization=${organization} busy=${changes.busy} submit=${submit} close=${() => setEdited(null)} />`}
    <${Listed}
      title="Triggers" answer=${answer} rows=${answer.data?.triggers ?? []}
      columns=${["Name", "Applies to", "Watches", "Period", "Thresholds", "Now", "Status", ...(admin ? [""] : [])]}
      none="A trigger notifies when a cost, a count or a quantity reaches a threshold."
      tools=${html`<div class="toolbar"><${Outcome} changes=${changes} />${admin && html`<button type="button" class="button primary" onClick=${() => setEdited({})}>Add a trigger</button>`}</div>`}
      below=${answer.data?.next_cursor && html`<p class="note below"><a class="button" href=${hrefWith({ cursor: answer.data.next_cursor })}>Next page</a></p>`}
    >
      ${(/** @type {any} */ it) => html`
        <tr key=${it.id}>
          <th scope="row"><${Foreign} text=${it.name} /></th>
          <td><${Subject} it=${it} /></td>
          <td>${watched(it)}</td>
          <td>${PERIODS.find(([key]) => key === it.period)?.[1]}</td>
          <td>${thresholds(it)}</td>
          <td>${it.state && (it.currency && it.figure === "cost" ? money(it.state.value, it.currency) : count(it.state.value))}<br /><span class="note">${reached(it)}</span></td>
          <td><span class=${`badge${it.status === "active" ? " published" : ""}`}>${it.status}</span></td>
          ${admin &&
          html`<td>${it.source === "budget"
            ? html`<a href=${hrefWith({ show: "budgets", cursor: null })}>Budget</a>`
            : html`
                <${RowButton} name="Edit" of=${it.name} run=${() => setEdited(it)} />
                <${RowButton} name=${it.status === "active" ? "Pause" : "Resume"} of=${it.name} busy=${changes.busy} run=${() => patch(it, { status: it.status === "active" ? "paused" : "active" })} />
                <${RowButton} name="Remove" of=${it.name} busy=${changes.busy} run=${() => remove(it)} />
              `}</td>`}
        </tr>
      `}
    <//>
  `;
}

/** @param {any} it A trigger. @returns {string} */
const kindOfThresholds = (it) => KINDS_OF_THRESHOLDS.map(([key]) => key).find((key) => it[key]) ?? "at";

/**
 * @param {{trigger: any, viewer: import("../state/session.js").Viewer, organization: string, busy: boolean, submit: (body: any) => void, close: () => void}} props
 *   A trigger without an id is new; only names and thresholds of others can change.
 */
function TriggerForm({ trigger: it, viewer, organization, busy, submit, close }) {
  const [kind, setKind] = useState(kindOfThresholds(it));
  const send = (/** @type {Record<string, string>} */ given) => {
    const { name, values = "", sensitivity, direction } = given;
    const compared = { at: listOf(values), at_budget: fractionsOf(values), deviation: { sensitivity, direction } }[kind];
    const { figure, category, meter } = JSON.parse(given.watched ?? "{}");
    const subject = { organization_id: viewer.organization_id ?? (given.organization || undefined), user_id: given.user || undefined };
    submit({ name, [kind]: compared, ...(it.id ? {} : { ...subject, figure, category, meter, period: given.period }) });
  };
  return html`
    <${Form} title=${it.id ? "Edit the trigger" : "Add a trigger"} submit=${send} close=${close} busy=${busy}>
      <${Field} label="Name" name="name" value=${it.name} maxlength="100" required />
      ${!it.id &&
      html`
        ${!viewer.organization_id && html`<${Field} label="Organization (id)" name="organization" value=${organization} placeholder="all organizations" />`}
        <${Field} label="User (id)" name="user" placeholder="all users" />
        <${Watched} />
        <${Select} label="Period" name="period" options=${PERIODS} />
        <${Select} label="Compare with" name="kind" options=${KINDS_OF_THRESHOLDS} onChange=${(/** @type {any} */ e) => setKind(e.target.value)} />
      `}
      ${kind === "deviation"
        ? html`
            <${Select} label="Sensitivity" name="sensitivity" options=${SENSITIVITIES} value=${it.deviation?.sensitivity ?? "medium"} />
            <${Select} label="Direction" name="direction" options=${DIRECTIONS} value=${it.deviation?.direction} />
          `
        : html`<${Field} key=${kind} label=${kind === "at" ? "Values" : "Percent"} name="values" value=${(it.at ?? []).join(", ") || percentages(it.at_budget ?? [])} placeholder=${kind === "at" ? "50, 100" : "80, 100"} required />`}
    <//>
  `;
}

/** What a trigger may watch: costs by category, and events and quantities by meter. */
function Watched() {
  const option = (/** @type {any} */ figure, /** @type {string} */ name) => html`<option key=${name} value=${JSON.stringify(figure)}>${name}</option>`;
  return html`
    <label>Watch<select name="watched">
      ${option({ figure: "cost" }, "Total cost")}
      <optgroup label="Cost">${KINDS.map((it) => option({ figure: "cost", category: it.cost }, it.name))}</optgroup>
      <optgroup label="Number of events">${METERS.map((it) => option({ figure: "count", meter: it.type }, it.name))}</optgroup>
      <optgroup label="Quantity, as sent">${METERS.map((it) => option({ figure: "quantity", meter: it.type }, it.name))}</optgroup>
    </select></label>
  `;
}
