/** The view of a tenant: totals, cost over time, and the table of organizations. */
import { pathOf } from "../state/api.js";
import { useAnswer, useEarlier } from "../state/resource.js";
import { usePeriod } from "../state/period.js";
import { change, hrefTo, route } from "../state/route.js";
import { isAdmin } from "../state/session.js";
import { exactSum } from "../words/figures.js";
import { money, pluralize } from "../words/format.js";
import { kindOf } from "../words/meters.js";
import { Foreign } from "../parts/foreign.js";
import { html } from "../parts/html.js";
import { Losses } from "../parts/losses.js";
import { PeriodPicker } from "../parts/period_picker.js";
import { SearchedTable } from "../parts/searched_table.js";
import { Empty, Loading, NotCompared, PeriodRefused, Refused, Skeleton } from "../parts/states.js";
import { Tiles, figuresOf, marginTile, tilesOf } from "../parts/tiles.js";
import { Trend } from "../parts/trend.js";
import { TrustLine } from "../parts/trust_line.js";

const ZONE = "UTC";

/** @param {import("../state/period.js").QueriedDays} period @param {Record<string, string | undefined>} more */
const organizationsPath = (period, more, include = "totals,meta") =>
  pathOf("v1/analytics/organizations", { ...period.query, include, amounts: "string", ...more });

/** @param {{viewer: import("../state/session.js").Viewer}} props */
export function OverviewView({ viewer }) {
  const directory = useAnswer("v1/organizations", { live: false });
  const { period, error, reload } = usePeriod(route.value.query);
  if (directory.error && !directory.data) return html`<${Refused} error=${directory.error} reload=${directory.reload} />`;
  if (error) return html`<${PeriodRefused} error=${error} reload=${reload} />`;
  if (!directory.data || !period) return html`<${Skeleton} lines=${3} /><${Tiles} tiles=${null} />`;
  const organizations = directory.data.organizations;
  if (!organizations.length) {
    return html`<h1>Overview</h1><${Empty} title="No organizations yet">Create one with <code>POST /v1/organizations</code> or <code>tollbook organizations create</code>. Its usage then appears here.<//>`;
  }
  return html`<${Loaded} organizations=${organizations} period=${period} admin=${isAdmin(viewer)} margins=${!viewer.organization_id} />`;
}

/** @param {{organizations: import("./organization.js").Organization[], period: import("../state/period.js").Period, admin: boolean, margins: boolean}} props `margins` are for keys of the whole tenant. */
function Loaded({ organizations, period, admin, margins }) {
  const { query } = route.value;
  const currencies = mostUsed(organizations.map((it) => it.currency));
  const currency = currencies.includes(query.currency) ? query.currency : currencies[0];
  const filters = { currency, meter: kindOf(query.kind)?.meters.join(",") };
  const path = organizationsPath(period, filters, margins ? "totals,meta,margin" : "totals,meta");
  const answer = useAnswer(path, { subject: `organizations ${currency}` });
  const earlier = useEarlier(organizationsPath(period.compared, filters), answer);
  return html`
    <div class="heading">
      <div>
        <h1>Overview</h1>
        ${currencies.length > 1 &&
        html`<label class="note">Organizations in <select aria-label="Currency" value=${currency} onChange=${(/** @type {any} */ e) => change({ currency: e.target.value })}>
          ${currencies.map((it) => html`<option key=${it} value=${it}>${it}</option>`)}
        </select></label>`}
      </div>
      <${PeriodPicker} period=${period} timezone=${`each organization's time zone; the current day is in ${ZONE}`} />
    </div>
    <${TrustLine} answer=${answer} timezone=${ZONE} period=${period} admin=${admin} />
    <${Loading} loading=${answer.loading} what="the organizations" />
    ${answer.error && !answer.data
      ? html`
          <${Refused} error=${answer.error} reload=${answer.reload} />
          <ul class="plain-list">
            ${organizations.map((it) => html`<li key=${it.id}><a href=${hrefTo(["organizations", it.id])}><${Foreign} text=${it.name} /></a></li>`)}
          </ul>
        `
      : html`
          <${Tiles} tiles=${answer.data && [...tilesOf(figuresOf(answer.data.organizations), earlier.data && figuresOf(earlier.data.organizations), currency, noteOf(answer.data.organizations)), ...(margins ? [marginTile([answer.data.totals], currency)] : [])]} against=${period.compared} dimmed=${answer.loading} />
          <${NotCompared} earlier=${earlier} />
          <${Trend} subject=${{ currency }} period=${period} />
          <${SearchedTable}
            answer=${answer}
            one="organization"
            margins=${margins}
            title="Organizations"
            changes=${true}
            currency=${currency}
            earlier=${earlier.data?.organizations}
            path=${path}
            subject=${{ currency }}
            period=${period}
            file="organizations"
            hrefOf=${(/** @type {any} */ row) => hrefTo(["organizations", row.organization_id])}
            summary=${(/** @type {any[]} */ rows) => `${pluralize(rows.length, "organization")}, ${money(exactSum(rows.map((it) => it.total_cost)), currency)}.`}
          />
          ${margins && html`<${Losses} period=${period} filters=${filters} currency=${currency} />`}
        `}
  `;
}

/** @param {string[]} texts Returned once each, most frequent first. */
function mostUsed(texts) {
  const counts = new Map();
  for (const it of texts) counts.set(it, (counts.get(it) ?? 0) + 1);
  return [...counts.keys()].sort((a, b) => counts.get(b) - counts.get(a));
}

/** @param {any[]} rows */
const noteOf = (rows) => pluralize(rows.filter((it) => it.total_cost).length, "organization with cost", "organizations with cost");
