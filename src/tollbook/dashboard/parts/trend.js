/** Cost or usage over time: a chart with controls, for a tenant, an organization or a user. */
import { pathOf } from "../state/api.js";
import { useAnswer } from "../state/resource.js";
import { change, route } from "../state/route.js";
import { exactSum } from "../words/figures.js";
import { axisMoney, count, days, money, shortCount } from "../words/format.js";
import { KINDS, chartUnit, kindOf, meterName, meterOf } from "../words/meters.js";
import { bucketsOf, comparisonOf } from "../words/periods.js";
import { BarChart, ChartTable } from "./chart.js";
import { html } from "./html.js";
import { Empty, Loading, Refused, Skeleton } from "./states.js";
import { KindOptions } from "./toolbar.js";

/**
 * @typedef {import("./chart.js").Series} Series
 * @typedef {import("../state/period.js").Period} Period
 * @typedef {Object} Subject
 * @property {string} [organization]
 * @property {string} [user]
 * @property {string} currency
 */

const BUCKETS = [
  { key: "day", name: "Day" },
  { key: "week", name: "Week" },
  { key: "month", name: "Month" },
];

/**
 * The path of a chart's question.
 * @param {Subject} subject
 * @param {Period} period
 * @param {Record<string, string>} query
 */
export function trendPath(subject, period, query) {
  return pathOf("v1/analytics/series", {
    organization_id: subject.organization,
    user_id: subject.user,
    currency: subject.organization ? "" : subject.currency,
    ...period.query,
    amounts: "string",
    bucket: bucketOf(period, query),
    split_by: "meter",
    top: 20,
    meter: kindOf(query.kind)?.meters.join(","),
    compare: comparisonOf(query),
  });
}

/**
 * @param {Period} period
 * @param {Record<string, string>} query
 */
function bucketOf(period, query) {
  const offered = bucketsOf(period.days);
  return offered.includes(query.bucket) ? query.bucket : offered[0];
}

/** @param {{subject: Subject, period: Period}} props */
export function Trend({ subject, period }) {
  const { query } = route.value;
  const usage = query.measure === "usage";
  const answer = useAnswer(trendPath(subject, period, query), {
    subject: `series ${subject.organization} ${subject.user} ${subject.currency}`,
  });
  const kind = kindOf(query.kind)?.key ?? (usage ? query.usage ?? "messaging" : "");
  const bucket = bucketOf(period, query);
  const offered = bucketsOf(period.days);
  return html`
    <section class="panel trend" aria-label="Over time">
      <header>
        <h2>${usage ? "Usage" : "Cost"} over time</h2>
        <div class="switches">
          <${Choice}
            name="Measure"
            choices=${[{ key: "cost", name: "Cost" }, { key: "usage", name: "Usage" }]}
            chosen=${usage ? "usage" : "cost"}
            choose=${(/** @type {string} */ key) => change({ measure: key === "usage" ? key : null, off: null })}
          />
          ${usage && !query.kind && html`<${UsageKind} chosen=${kind} />`}
          <${Choice}
            name="Interval"
            choices=${BUCKETS.filter((it) => offered.includes(it.key))}
            chosen=${bucket}
            choose=${(/** @type {string} */ key) => change({ bucket: key })}
          />
          <button
            type="button"
            class="button toggle"
            aria-pressed=${query.chart === "table"}
            onClick=${() => change({ chart: query.chart === "table" ? null : "table" })}
          >Table</button>
        </div>
      </header>
      <${Loading} loading=${answer.loading} what="the chart" />
      <${Body} answer=${answer} usage=${usage} kind=${kind} currency=${subject.currency} period=${period} />
    </section>
  `;
}

/**
 * A group of buttons of which one is selected.
 * @param {{name: string, choices: {key: string, name: string}[], chosen: string, choose: (key: string) => void}} props
 */
const Choice = ({ name, choices, chosen, choose }) => html`
  <div class="choice" role="group" aria-label=${name}>
    ${choices.map(
      (it) => html`
        <button key=${it.key} type="button" aria-pressed=${it.key === chosen} onClick=${() => choose(it.key)}>
          ${it.name}
        </button>
      `,
    )}
  </div>
`;

/** @param {{chosen: string}} props */
const UsageKind = ({ chosen }) => html`
  <select aria-label="Kind of usage in the chart" value=${chosen} onChange=${(/** @type {any} */ e) => change({ usage: e.target.value, off: null })}>
    <${KindOptions} />
  </select>
`;

/** @param {{answer: import("../state/resource.js").Resource, usage: boolean, kind: string, currency: string, period: Period}} props */
function Body({ answer, usage, kind, currency, period }) {
  if (answer.error && !answer.data) return html`<${Refused} error=${answer.error} reload=${answer.reload} />`;
  const { buckets = [], bucket, series: answered = [] } = answer.data ?? {};
  const all = usage ? usageSeries(answered, kind) : costSeries(answered, buckets.length);
  if (!all.length && (answer.loading || !answer.data)) return html`<${Skeleton} class="chart-skeleton" />`;
  if (!all.length) return html`<${Empty} title=${usage ? "No usage of this kind" : "No cost"}>Nothing was recorded in the period ${days(period.start, period.end)}.<//>`;
  const hidden = new Set((route.value.query.off ?? "").split(",").filter(Boolean));
  const series = all.filter((it) => !hidden.has(it.key));
  const unit = all[0] && usage ? chartUnit(kind) : "";
  const show = (/** @type {number} */ it) => (usage ? `${count(Math.round(it * 100) / 100)} ${unit}` : money(it, currency));
  const tick = (/** @type {number} */ it, /** @type {number} */ step) => (usage ? shortCount(it) : axisMoney(it, currency, step));
  const earlier = answer.data.comparison && earlierTotals(answer.data, usage, kind, hidden);
  const props = { label: usage ? `${kindOf(kind)?.name}, ${unit} over time` : "Cost over time by kind of usage", buckets, bucket, series, show, tick, earlier };
  const toggle = (/** @type {string} */ key) => {
    if (!hidden.delete(key)) hidden.add(key);
    change({ off: [...hidden].join(",") || null }, { replace: true });
  };
  return html`
    <div class=${answer.loading ? "dimmed" : ""}>
      ${route.value.query.chart === "table" ? html`<${ChartTable} ...${props} />` : html`<${BarChart} ...${props} />`}
      <${Legend} series=${all} hidden=${hidden} toggle=${toggle} show=${(/** @type {number} */ it) => (usage ? count(Math.round(it * 100) / 100) : money(it, currency))} />
      ${earlier && html`<p class="note"><i class="swatch line" aria-hidden="true"></i>The line shows ${days(answer.data.comparison.period.start, answer.data.comparison.period.end)}.</p>`}
    </div>
  `;
}

/**
 * The legend, whose entries show and hide series.
 * @param {{series: Series[], hidden: Set<string>, toggle: (key: string) => void, show: (value: number) => string}} props
 */
const Legend = ({ series, hidden, toggle, show }) => html`
  <ul class="legend" aria-label="Series of the chart">
    ${series.map(
      (it) => html`
        <li key=${it.key}>
          <button type="button" aria-pressed=${!hidden.has(it.key)} onClick=${() => toggle(it.key)}>
            <i class=${`swatch c${it.color}`} aria-hidden="true"></i>${it.name}
            <b>${show(exactSum(it.values))}</b>
          </button>
        </li>
      `,
    )}
  </ul>
`;

/**
 * Costs by kind, from the answer's costs by meter.
 * @param {any[]} answered
 * @param {number} length
 * @returns {Series[]}
 */
function costSeries(answered, length) {
  const known = KINDS.map((kind) => ({ ...kind, of: answered.filter((it) => !it.rest && kind.meters.includes(it.key)) }));
  const others = answered.filter((it) => it.rest || !meterOf(it.key));
  const kinds = [...known, { key: "other", name: "Other", color: 8, of: others }];
  return kinds
    .filter(({ of }) => of.some((it) => it.total_cost))
    .map(({ key, name, color, of }) => ({
      key,
      name,
      color,
      values: Array.from({ length }, (_, index) => exactSum(of.map((it) => it.costs[index]))),
    }));
}

/**
 * Events or quantities of the meters of one kind, which share a unit.
 * @param {any[]} answered
 * @param {string} kind
 * @returns {Series[]}
 */
function usageSeries(answered, kind) {
  const unit = chartUnit(kind);
  return (kindOf(kind)?.meters ?? []).flatMap((type) => {
    const [meter, found] = [meterOf(type), answered.find((it) => !it.rest && it.key === type)];
    if (!meter || meter.unit !== unit || !found?.total_events) return [];
    const values = found[meter.counted].map((/** @type {number} */ it) => it / (meter.per ?? 1));
    return [{ key: type, name: meterName(type), color: meter.color, values }];
  });
}

/**
 * The totals of the days to compare with, one for each bucket that has a counterpart.
 * @param {any} data
 * @param {boolean} usage
 * @param {string} kind
 * @param {Set<string>} hidden
 */
function earlierTotals(data, usage, kind, hidden) {
  const { series, buckets } = data.comparison;
  const before = usage ? usageSeries(series, kind) : costSeries(series, buckets.length);
  const shown = before.filter((it) => !hidden.has(it.key));
  return buckets.slice(0, data.buckets.length).map((/** @type {string} */ _, /** @type {number} */ index) =>
    exactSum(shown.map((it) => it.values[index])),
  );
}
