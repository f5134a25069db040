/** One user: cost breakdown, trend, busiest days, and events. */
import { pathOf } from "../state/api.js";
import { userPath } from "../state/questions.js";
import { useAnswer, useEarlier } from "../state/resource.js";
import { change, hrefWith, route } from "../state/route.js";
import { exactSum, shareOf } from "../words/figures.js";
import { count, pluralize, days, exactMoney, longDay, money, percent, twoDecimals } from "../words/format.js";
import { KINDS, meterOf } from "../words/meters.js";
import { Events, eventsPath } from "./events.js";
import { Foreign } from "./foreign.js";
import { html } from "./html.js";
import { Empty, Loading, NotCompared, Refused, Skeleton } from "./states.js";
import { Change } from "./tiles.js";
import { ExportMenu } from "./toolbar.js";
import { Trend } from "./trend.js";

/** @typedef {import("../views/organization.js").Organization} Organization */

const MOST_BUSIEST = 5;

/** @param {{organization: Organization, user: string, period: import("../state/period.js").Period, alone?: boolean}} props */
export function UserPanel({ organization, user, period, alone = false }) {
  const subject = `user ${organization.id} ${user}`;
  const path = userPath(organization.id, user, period);
  const answer = useAnswer(path, { subject });
  const against = days(period.compared.start, period.compared.end);
  const earlier = useEarlier(userPath(organization.id, user, period.compared), answer);
  const row = rowOf(answer.data, user);
  const then = rowOf(earlier.data, user);
  const { currency } = organization;
  const name = (/** @type {string} */ text) => (alone ? html`<h1 id="drawer-heading"><${Foreign} text=${text} /></h1>` : html`<h2 id="drawer-heading"><${Foreign} text=${text} /></h2>`);
  if (answer.error && !answer.data) return html`${name(user)}<${Refused} error=${answer.error} reload=${answer.reload} />`;
  if (answer.data && !row) return html`${name(user)}<${Empty} title="User not found"><${Foreign} text=${organization.name} /> has no user with the id <${Foreign} text=${user} />.<//>`;
  return html`
    <header class="user-head">
      <div>
        ${name(row?.user_name ?? user)}
        <p class="note">${row && row.user_name !== user ? html`<code><${Foreign} text=${user} /></code> of ` : ""}<${Foreign} text=${organization.name} />, ${days(period.start, period.end)}</p>
      </div>
      ${row &&
      html`<p class=${`user-cost${answer.loading ? " dimmed" : ""}`}>
        <b>${money(row.total_cost, currency)}</b>
        <${Change} now=${row.total_cost} before=${then ? then.total_cost : null} against=${against} />
        ${then && html`<small>compared with ${against}</small>`}
      </p>`}
    </header>
    <${Loading} loading=${answer.loading} what="the user" />
    <${NotCompared} earlier=${earlier} />
    ${row ? html`<div class=${answer.loading ? "dimmed" : ""}><${Breakdown} row=${row} currency=${currency} /></div>` : html`<${Skeleton} lines=${6} class="rows" />`}
    <${Trend} subject=${{ organization: organization.id, user, currency }} period=${period} />
    <${Busiest} organization=${organization} user=${user} period=${period} />
    <${Events} organization=${organization} user=${user} period=${period} />
    <div class="toolbar">
      <${ExportMenu} paths=${[{ name: "This user", path }, { name: "Their events", path: eventsPath(organization.id, user, period, route.value.query.events) }]} />
    </div>
  `;
}

/**
 * @param {any} data
 * @param {string} user
 */
const rowOf = (data, user) => data?.users.find((/** @type {any} */ it) => it.user_id === user);

/** @type {Record<string, (row: any, it: any) => string>} What was counted of a kind, in a row and its breakdown. */
const COUNTED = {
  messaging: (row) =>
    `${count(row.total_sms_sent)} SMS sent, ${count(row.total_sms_received)} received; ${count(row.total_mms_sent)} MMS sent, ${count(row.total_mms_received)} received`,
  voice: (row) => `${pluralize(row.total_voice_calls, "call")}, ${twoDecimals(row.total_voice_seconds / 60)} min`,
  api_requests: (_, it) => pluralize(it.api_requests_count, "request"),
  phone_rental: (_, it) => pluralize(it.phone_rental_count, "rental"),
  phone_purchase: (_, it) => pluralize(it.phone_purchase_count, "purchase"),
  knowledge_bases: (_, it) => `${pluralize(it.kb_count, "knowledge base")}, ${twoDecimals(it.kb_minutes)} min`,
};

/** @param {any} row The kinds of its breakdown, each with its cost and what was counted. */
const parts = (row) =>
  KINDS.filter(({ cost }) => cost in row.cost_breakdown).map(({ key, name, color, cost }) => ({
    kind: key,
    name,
    color,
    cost: row.cost_breakdown[cost],
    counted: COUNTED[key]?.(row, row.cost_breakdown) ?? "",
  }));

/** @param {any} row Its kinds, each followed by the tenant's own meters of it that have usage. */
const lines = (row) =>
  parts(row).flatMap((part) => [part, ...ownParts(row).filter((/** @type {any} */ it) => KINDS.find((kind) => kind.key === part.kind)?.meters.includes(it.kind))]);

/** @param {any} row */
const ownParts = (row) =>
  (row.meters ?? []).flatMap((/** @type {any} */ it) => {
    const meter = meterOf(it.meter);
    if (!meter?.own || !it.count) return [];
    const counted = meter.counted === "events" ? it.count : it.quantity / (meter.per ?? 1);
    return [{ kind: it.meter, name: meter.name, color: meter.color, cost: it.cost, counted: `${twoDecimals(counted)} ${meter.unit}`, own: true }];
  });

/** @param {{row: any, currency: string}} props */
function Breakdown({ row, currency }) {
  const total = row.total_cost;
  const chosen = route.value.query.events;
  return html`
    <section class="breakdown" aria-label="Cost breakdown">
      <h2>Cost breakdown</h2>
      <table>
        <caption class="unseen">Cost by kind of usage: kind, bar, share, cost</caption>
        <tbody>
          ${lines(row).map(({ kind, name, color, cost, counted: counts, own }) => {
            const share = shareOf(cost, total);
            return html`
              <tr key=${kind} class=${[cost ? "" : "zero", own ? "own" : ""].join(" ").trim()}>
                <th scope="row">
                  <a href=${hrefWith({ events: chosen === kind ? null : kind, event: null })} aria-current=${chosen === kind ? "true" : undefined} onClick=${showEvents}>
                    <i class=${`swatch c${color}`} aria-hidden="true"></i>${name}
                  </a>
                  <small>${counts}</small>
                </th>
                <td class="part"><span style=${{ width: `${Math.max(0, share ?? 0) * 100}%` }} class=${`c${color}`}></span></td>
                <td class="share">${percent(share)}</td>
                <td title=${exactMoney(cost, currency)}>${money(cost, currency)}</td>
              </tr>
            `;
          })}
        </tbody>
        <tfoot><tr><th scope="row">Total</th><td class="part"></td><td class="share"></td><td>${money(exactSum(parts(row).map((it) => it.cost)), currency)}</td></tr></tfoot>
      </table>
    </section>
  `;
}

/** Scroll to the events of a kind when they are rendered. */
function showEvents() {
  setTimeout(() => document.getElementById("events")?.scrollIntoView({ block: "nearest" }), 60);
}

/** @param {{organization: Organization, user: string, period: import("../state/period.js").Period}} props */
function Busiest({ organization, user, period }) {
  const path = pathOf("v1/analytics/series", { organization_id: organization.id, user_id: user, ...period.query, amounts: "string", bucket: "day" });
  const answer = useAnswer(path, { subject: `busiest ${organization.id} ${user}` });
  if (answer.error && !answer.data) return html`<${Refused} error=${answer.error} reload=${answer.reload} />`;
  if (!answer.data) return null;
  const [series] = answer.data.series;
  const found = (series ? answer.data.buckets : [])
    .map((/** @type {string} */ day, /** @type {number} */ index) => ({ day, events: series.events[index], cost: series.costs[index] }))
    .filter((/** @type {any} */ it) => it.events)
    .sort((/** @type {any} */ a, /** @type {any} */ b) => b.cost - a.cost || b.events - a.events)
    .slice(0, MOST_BUSIEST);
  if (!found.length) return null;
  return html`
    <section class=${`busiest${answer.loading ? " dimmed" : ""}`} aria-label="Busiest days">
      <h2>Busiest days</h2>
      <ol>
        ${found.map(
          (/** @type {any} */ it) => html`
            <li key=${it.day}>
              <button type="button" class="link" onClick=${() => change({ start: it.day, end: it.day, period: null })}>${longDay(it.day)}</button>
              <span>${pluralize(it.events, "event")}</span>
              <b>${money(it.cost, organization.currency)}</b>
            </li>
          `,
        )}
      </ol>
    </section>
  `;
}
