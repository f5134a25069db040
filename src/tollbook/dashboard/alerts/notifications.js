/** What was notified, and where it has arrived. */
import { pathOf } from "../state/api.js";
import { useAnswer } from "../state/resource.js";
import { change, hrefWith, route } from "../state/route.js";
import { days, moment, pluralize } from "../words/format.js";
import { meterName } from "../words/meters.js";
import { Foreign, Sentence } from "../parts/foreign.js";
import { html } from "../parts/html.js";
import { ExportMenu } from "../parts/toolbar.js";
import { Listed, Outcome, RowButton, Subject, percentages, useChanges } from "./acting.js";

const A_PAGE = 50;
const STATUSES = ["pending", "delivered", "failed", "discarded", "expired"];

/** @param {string} type Such as `trigger.reached`. */
export const typeName = (type) => (type[0].toUpperCase() + type.slice(1)).replace(/[._]/g, " ");

/** @param {any} data Of a figure. @param {any} value */
const figure = ({ currency, figure: of }, value) => `${value}${of === "cost" && currency ? ` ${currency}` : ""}`;

/** @type {Record<string, (data: any) => string>} What happened, by the beginning of a type. */
const SUMMARIES = {
  trigger: (it) => `${it.name}: ${figure(it, it.value)}${it.threshold.kind === "deviation" ? `, expected ${figure(it, it.threshold.expected)}` : ` of ${figure(it, it.threshold.value)}`}`,
  budget: (it) => `${percentages([it.threshold.fraction])} of a budget of ${figure(it, it.threshold.budget)}: ${figure(it, it.value)}`,
  event: (it) => `${it.meter ? meterName(it.meter) : "Further kinds"}${it.country ? ` to ${it.country}` : ""}: ${it.code ?? "no price"}`,
  quarantine: (it) => `${pluralize(it.waiting, "event")}, ${it.hour_ago} an hour ago`,
  usage: (it) => it.looks_like?.replaceAll("_", " ") ?? `After a silence since ${moment(it.last_event_received_at, "UTC")}`,
  key: (it) => `${it.key_prefix}: ${pluralize(it.days_left, "day")} left`,
  rerating: (it) => `Run ${it.run}: ${pluralize(it.changed, "event")} changed${it.reason ? `, ${it.reason}` : ""}`,
  report: (it) => `${days(it.period.start, it.period.end)}: ${it.cost}${it.currency ? ` ${it.currency}` : ""}, ${pluralize(it.events, "event")}`,
  endpoint: (it) => it.message ?? `${it.endpoint_id}: ${it.reason}, ${it.pending} wait`,
};

/** @param {any} it A notification. */
const summary = (it) => (SUMMARIES[it.type.split(".")[0]] ?? JSON.stringify)(it.data);

/** @param {{organization: string}} props */
export function Notifications({ organization }) {
  const { cursor, status } = route.value.query;
  const path = pathOf("v1/notifications", { organization_id: organization, status, limit: A_PAGE, cursor });
  const answer = useAnswer(path);
  const changes = useChanges(answer.reload);
  const resend = (/** @type {any} */ it, /** @type {any} */ to) => changes.send("POST", `v1/notifications/${it.id}/resend`, { endpoint_id: to.endpoint_id }, `Sent again to ${to.name}.`);
  return html`
    <${Listed}
      title="Notifications" answer=${answer} rows=${answer.data?.notifications ?? []}
      columns=${["Time (UTC)", "Type", "Applies to", "What happened", "Delivered"]}
      none=${status ? "None has a delivery in this status." : "Nothing has happened that is notified."}
      tools=${html`
        <div class="toolbar">
          <${Outcome} changes=${changes} />
          <select aria-label="Status of deliveries" value=${status ?? ""} onChange=${(/** @type {any} */ e) => change({ status: e.target.value || null, cursor: null })}>
            <option value="">Every status</option>
            ${STATUSES.map((it) => html`<option key=${it} value=${it}>${it}</option>`)}
          </select>
          <${ExportMenu} paths=${[{ name: "These notifications", path }]} />
        </div>
      `}
      below=${answer.data?.next_cursor && html`<p class="note below"><a class="button" href=${hrefWith({ cursor: answer.data.next_cursor })}>Next page</a></p>`}
    >
      ${(/** @type {any} */ it) => html`
        <tr key=${it.id}>
          <td>${moment(it.timestamp, "UTC")}</td>
          <th scope="row">${typeName(it.type)}</th>
          <td><${Subject} it=${it} /></td>
          <td><${Sentence} text=${summary(it)} /></td>
          <td><${Delivered} it=${it} resend=${resend} busy=${changes.busy} /></td>
        </tr>
      `}
    <//>
  `;
}

/** @param {{it: any, resend: (it: any, to: any) => void, busy: boolean}} props */
function Delivered({ it, resend, busy }) {
  const text = `${it.delivered} delivered${it.pending ? `, ${it.pending} waiting` : ""}`;
  if (!it.deliveries?.length) return text;
  return html`
    <details>
      <summary>${text}</summary>
      <ul class="plain-list">
        ${it.deliveries.map(
          (/** @type {any} */ to) => html`
            <li key=${to.endpoint_id} class="toolbar">
              <${Foreign} text=${to.name ?? to.endpoint_id} /> <span class="badge">${to.status}</span>
              <span class="note">${pluralize(to.attempts, "attempt")}${to.last_status ? `, answered ${to.last_status}` : ""}</span>
              ${to.name && html`<${RowButton} name="Resend" of=${`${typeName(it.type)} to ${to.name}`} busy=${busy} run=${() => resend(it, to)} />`}
            </li>
          `,
        )}
      </ul>
    </details>
  `;
}
