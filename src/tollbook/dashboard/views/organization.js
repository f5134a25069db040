/** The view of an organization: tiles, usage over time, and the table of users. */
import { sumsPath, usersPath } from "../state/questions.js";
import { useAnswer, useEarlier } from "../state/resource.js";
import { usePeriod } from "../state/period.js";
import { hrefTo, hrefWith, route } from "../state/route.js";
import { isAdmin } from "../state/session.js";
import { exactSum } from "../words/figures.js";
import { pluralize, money, month } from "../words/format.js";
import { kindOf } from "../words/meters.js";
import { comparisonOf, monthOf } from "../words/periods.js";
import { Drawer } from "../parts/drawer.js";
import { Foreign } from "../parts/foreign.js";
import { html } from "../parts/html.js";
import { OrganizationLevel, OrganizationLevelLink } from "../parts/events.js";
import { PeriodPicker } from "../parts/period_picker.js";
import { SearchedTable } from "../parts/searched_table.js";
import { Later, Loading, NotCompared, PeriodRefused, Refused, Skeleton } from "../parts/states.js";
import { Tiles, figuresOf, marginTile, tilesOf } from "../parts/tiles.js";
import { Trend } from "../parts/trend.js";
import { TrustLine } from "../parts/trust_line.js";
import { UserPanel } from "../parts/user_panel.js";

/**
 * @typedef {Object} Organization
 * @property {string} id
 * @property {string} name
 * @property {string} timezone
 * @property {string} currency
 * @property {string} status
 */

/** @param {{id: string, viewer: import("../state/session.js").Viewer}} props */
export function OrganizationView({ id, viewer }) {
  const about = useAnswer(`v1/organizations/${encodeURIComponent(id)}`, { live: false });
  const { period, error, reload } = usePeriod(route.value.query, id);
  if (about.error && !about.data) return html`<${Refused} error=${about.error} reload=${about.reload} />`;
  if (error) return html`<${PeriodRefused} error=${error} reload=${reload} />`;
  if (!about.data || !period) return html`<${Skeleton} lines=${3} /><${Tiles} tiles=${null} />`;
  return html`<${Loaded} organization=${about.data.organization} viewer=${viewer} period=${period} />`;
}

/** @param {{organization: Organization, viewer: import("../state/session.js").Viewer, period: import("../state/period.js").Period}} props */
function Loaded({ organization, viewer, period }) {
  const { query } = route.value;
  const { id, currency } = organization;
  const comparing = Boolean(comparisonOf(query));
  const meter = kindOf(query.kind)?.meters.join(",");
  const margins = !viewer.organization_id;
  const path = usersPath(id, period, meter, margins);
  const answer = useAnswer(path, { subject: `users ${id}` });
  const earlier = useEarlier(sumsPath(id, period.compared, meter, comparing), answer);
  return html`
    <div class="heading">
      <div>
        ${!viewer.organization_id && html`<p class="crumb"><a href=${hrefTo([])}>Overview</a></p>`}
        <h1><${Foreign} text=${organization.name} /></h1>
      </div>
      <${PeriodPicker} period=${period} timezone=${organization.timezone} organization=${id} />
    </div>
    <${TrustLine} answer=${answer} timezone=${organization.timezone} period=${period} organization=${id} admin=${isAdmin(viewer)} />
    <${Loading} loading=${answer.loading} what="the users" />
    ${answer.error && !answer.data
      ? html`<${Refused} error=${answer.error} reload=${answer.reload} />`
      : html`
          <${Tiles}
            tiles=${answer.data && [...tilesOf(figures(answer.data), earlier.data && figures(earlier.data), currency, noteOf(answer.data, currency)), ...(margins ? [marginTile(marginsOf(answer.data), currency)] : [])]}
            against=${period.compared}
            dimmed=${answer.loading}
          />
          <${NotCompared} earlier=${earlier} />
          ${answer.data && !answer.loading && html`<${NothingHere} data=${answer.data} organization=${organization} period=${period} admin=${isAdmin(viewer)} />`}
          <${Trend} subject=${{ organization: id, currency }} period=${period} />
          <${Later} path="alerts/month" id=${id}><${Tiles} tiles=${null} /><//>
          <${SearchedTable}
            answer=${answer}
            one="user"
            margins=${margins}
            title="Users"
            changes=${Boolean(query.compare)}
            currency=${currency}
            earlier=${comparing ? earlier.data?.users : undefined}
            path=${path}
            subject=${{ organization: id, currency }}
            period=${period}
            file=${`${id}-users`}
            hrefOf=${(/** @type {any} */ row) => hrefWith({ user: row.user_id, event: null, events: null })}
            none="This organization has no users yet. Users appear with their first event."
            summary=${(/** @type {any[]} */ rows, /** @type {any[]} */ all) => summaryOf(rows, all, currency, answer.data.organization_level)}
          />
        `}
    ${query.user
      ? html`<${Drawer}><${UserPanel} key=${query.user} organization=${organization} user=${query.user} period=${period} /><//>`
      : query.level && html`<${Drawer}><${OrganizationLevel} organization=${organization} period=${period} cost=${answer.data?.organization_level?.total_cost} /><//>`}
  `;
}

/** @param {any} data The totals of all rows, and organization-level usage. */
const figures = ({ users, totals, organization_level: own }) => figuresOf(totals ? [totals] : users, own?.total_cost);

/** @param {any} data */
const marginsOf = ({ totals, organization_level: own }) => (own ? [totals, own] : [totals]);

/** @param {any} data @param {string} currency */
function noteOf({ users, organization_level: own }, currency) {
  if (own?.total_cost) return html`<${OrganizationLevelLink}>incl. ${money(own.total_cost, currency)} organization-level<//>`;
  return pluralize(users.filter((/** @type {any} */ it) => it.total_cost).length, "user with cost", "users with cost");
}

/**
 * @param {any[]} rows
 * @param {any[]} users
 * @param {string} currency
 * @param {any} own Organization-level usage.
 */
function summaryOf(rows, users, currency, own) {
  const cost = exactSum(rows.map((it) => it.total_cost));
  const shown = rows.length === users.length ? pluralize(rows.length, "user") : `${rows.length} of ${pluralize(users.length, "user")}`;
  if (!own?.total_cost || rows.length < users.length) return `${shown}, ${money(cost, currency)}.`;
  const whole = exactSum([cost, own.total_cost]);
  return html`${shown}, ${money(cost, currency)}. Organization-level (such as brand registration): <${OrganizationLevelLink}>${money(own.total_cost, currency)}<//>. Total: ${money(whole, currency)}.`;
}

/**
 * Explain an empty period, so that it does not look like broken metering.
 * @param {{data: any, organization: Organization, period: import("../state/period.js").Period, admin: boolean}} props
 */
function NothingHere({ data, organization, period, admin }) {
  const { newest_event_at: newest, quarantined_events: waiting, quarantined_share: part } = data.meta ?? {};
  const { cost, messages, calls, requests } = figures(data);
  if (cost || messages || calls || requests || !data.meta) return null;
  if (waiting) {
    const events = pluralize(waiting, "event");
    const href = hrefTo(["quarantine"], { organization: organization.id, from: period.start, until: period.end });
    return html`<p class="notice">${(part ?? 1) === 1 ? "All usage" : "Usage"} of this period is in quarantine, not charged yet: ${admin ? html`<a href=${href}>${events}</a>` : events}.</p>`;
  }
  if (!newest) return html`<p class="notice">No usage has been recorded for this organization. Check that its events arrive.</p>`;
  const latest = monthOf(newest, organization.timezone);
  if (latest >= period.start.slice(0, 7) && latest <= period.end.slice(0, 7)) return html`<p class="notice">No usage in this period.</p>`;
  const href = hrefTo(route.value.path, { start: null, end: null, period: latest });
  return html`<p class="notice">No usage in this period. The latest usage is in ${month(latest)}: <a href=${href}>show that month</a>.</p>`;
}
