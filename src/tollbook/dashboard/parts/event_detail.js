/** Why an event costs what it does: the rate, the steps of the calculation, the lines. */
import { curlOf, pathOf } from "../state/api.js";
import { useAnswer } from "../state/resource.js";
import { count, exactMoney, moment, quantity } from "../words/format.js";
import { meterName } from "../words/meters.js";
import { Foreign, Sentence } from "./foreign.js";
import { html } from "./html.js";
import { Refused, Skeleton } from "./states.js";

/** @type {Record<string, string>} */
const STATUS = {
  charged: "Charged",
  reversed: "Reversed",
  reversal: "Reversal of another event",
  quarantined: "Quarantined, not charged yet",
  corrected: "Corrected in quarantine, replaced by another event",
};

/** @param {{organization: import("../views/organization.js").Organization, id: string}} props */
export function EventDetail({ organization, id }) {
  const path = pathOf(`v1/events/${encodeURIComponent(organization.id)}/${encodeURIComponent(id)}`, { amounts: "string" });
  const answer = useAnswer(path, { live: false });
  if (answer.error) return html`<${Refused} error=${answer.error} reload=${answer.reload} />`;
  if (!answer.data) return html`<${Skeleton} lines=${3} class="rows" />`;
  const { event, status, charge, replay_mismatch, reversal, quarantine, correction } = answer.data;
  return html`
    <div class="event-detail">
      <h3>${charge ? `Why it costs ${exactMoney(charge.cost, charge.currency)}` : "Not charged yet"}</h3>
      ${charge && html`<${Charge} charge=${charge} />`}
      ${quarantine && html`<p class="notice"><${Sentence} text=${quarantine.error} />.</p>`}
      ${replay_mismatch && html`<p class="notice"><${Sentence} text=${replay_mismatch.error} />.</p>`}
      ${reversal && html`<p class="notice">${status === "reversal" ? "Reverses" : "Reversed by"} <code><${Foreign} text=${status === "reversal" ? reversal.reverses : reversal.id} /></code>: <${Sentence} text=${reversal.reason} />.</p>`}
      ${correction?.corrects && html`<p class="notice">Corrects <code><${Foreign} text=${correction.corrects} /></code>: <${Sentence} text=${correction.reason} />.</p>`}
      ${correction?.corrected_by && html`<p class="notice">Corrected by <code><${Foreign} text=${correction.corrected_by} /></code>.</p>`}
      <dl class="facts">
        <dt>Event</dt><dd><code><${Foreign} text=${event.id} /></code></dd>
        <dt>Usage</dt><dd>${meterName(event.type)} <code>${event.type}</code></dd>
        <dt>Status</dt><dd>${STATUS[status] ?? status}</dd>
        <dt>Time</dt><dd>${moment(event.time, organization.timezone)}</dd>
        <dt>Received</dt><dd>${moment(event.received_at, organization.timezone)}</dd>
        ${event.resource_id && html`<dt>Resource</dt><dd><code><${Foreign} text=${event.resource_id} /></code></dd>`}
        ${Object.entries(event.attributes).map(([name, value]) => html`<dt key=${name}><${Foreign} text=${name} /></dt><dd><${Sentence} text=${String(value)} lines=${true} /></dd>`)}
      </dl>
      <details class="curl"><summary>API request</summary><pre tabindex="0"><code>${curlOf(path)}</code></pre></details>
    </div>
  `;
}

/** @param {{charge: any}} props */
export const Charge = ({ charge }) => html`
  <ol class="steps">${charge.steps.map((/** @type {string} */ it, /** @type {number} */ index) => html`<li key=${index}><${Sentence} text=${it} /></li>`)}</ol>
  ${charge.lines.length > 1 &&
  html`<table class="lines"><tbody>${charge.lines.map((/** @type {any} */ it) => html`<tr key=${it.name}><th scope="row"><${Foreign} text=${it.name} /></th><td>${exactMoney(it.cost, charge.currency)}</td></tr>`)}</tbody></table>`}
  <p class="note">
    ${quantity(charge.quantity, charge.unit)} used, ${count(charge.billed)} billed.
    ${charge.rate ? html` <${Sentence} text=${rateWords(charge.rate)} />` : " The event has its own cost."}
    ${charge.tier && html` Quantity of the month in <${Foreign} text=${charge.tier.key} /> before this event: ${count(charge.tier.position)}.`}
  </p>
`;

/** @param {any} rate */
function rateWords(rate) {
  const price = rate.price ? `${rate.price} per ${rate.per}` : `per ${rate.per}`;
  const book = rate.book ? `, version ${rate.book.version} of ${rate.book.name}` : "";
  const numbers = [rate.to && `to ${rate.to}`, rate.from && `from ${rate.from}`].filter(Boolean).join(", ");
  return `Rate ${rate.rate_id}: ${price} for ${rate.matched}${numbers ? ` (${numbers})` : ""}${book}.`;
}
