/** The views of a frame: parts of the dashboard without its bar. */
import { usersPath, userPath } from "../state/questions.js";
import { useAnswer } from "../state/resource.js";
import { usePeriod } from "../state/period.js";
import { hrefWith, route } from "../state/route.js";
import { columnsOf } from "../words/columns.js";
import { exactSum } from "../words/figures.js";
import { days, money, pluralize } from "../words/format.js";
import { kindOf } from "../words/meters.js";
import { Foreign } from "../parts/foreign.js";
import { html } from "../parts/html.js";
import { PeriodPicker } from "../parts/period_picker.js";
import { SearchedTable } from "../parts/searched_table.js";
import { Empty, Loading, PeriodRefused, Refused, Skeleton } from "../parts/states.js";
import { Tiles, figuresOf, tilesOf } from "../parts/tiles.js";
import { Trend } from "../parts/trend.js";
import { TrustLine } from "../parts/trust_line.js";
import { UserPanel } from "../parts/user_panel.js";

/** @typedef {{organization: import("../views/organization.js").Organization, user: string, period: import("../state/period.js").Period}} Props */

/** @type {Record<string, (props: Props) => any>} */
const VIEWS = { users: Users, trend: Chart, tiles: Figures, user: (props) => OneUser(props), modal: Modal };

/** @param {{settings: import("./messages.js").Settings, viewer: import("../state/session.js").Viewer}} props */
export function EmbeddedView({ settings, viewer }) {
  const id = settings.organization;
  const about = useAnswer(`v1/organizations/${encodeURIComponent(id)}`, { live: false });
  const { period, error, reload } = usePeriod(route.value.query, id);
  if (about.error && !about.data) return html`<${Refused} error=${about.error} reload=${about.reload} />`;
  if (error) return html`<${PeriodRefused} error=${error} reload=${reload} />`;
  if (!about.data || !period) return html`<${Skeleton} lines=${3} />`;
  const name = settings.view || (viewer.user_id ? "user" : "users");
  const user = viewer.user_id ?? settings.user ?? "";
  const { organization } = about.data;
  return html`
    ${!settings.period && name !== "modal" && html`<div class="heading"><${PeriodPicker} period=${period} timezone=${organization.timezone} organization=${id} /></div>`}
    <${VIEWS[name]} key=${`${name} ${user}`} organization=${organization} user=${user} period=${period} />
  `;
}

/** @param {Props} props */
function Users({ organization, period }) {
  const { id, currency } = organization;
  const path = usersPath(id, period, kindOf(route.value.query.kind)?.meters.join(","), false);
  const answer = useAnswer(path, { subject: `users ${id}` });
  if (answer.error && !answer.data) return html`<${Refused} error=${answer.error} reload=${answer.reload} />`;
  return html`
    <${Loading} loading=${answer.loading} what="the users" />
    <${SearchedTable}
      answer=${answer}
      one="user"
      margins=${false}
      title="Users"
      changes=${false}
      currency=${currency}
      path=${path}
      subject=${{ organization: id, currency }}
      period=${period}
      file=${`${id}-users`}
      hrefOf=${(/** @type {any} */ row) => hrefWith({ user: row.user_id })}
      none="This organization has no users yet. Users appear with their first event."
      summary=${(/** @type {any[]} */ rows) => summaryOf(rows, currency, answer.data?.organization_level?.total_cost)}
    />
    <${TrustLine} answer=${answer} timezone=${organization.timezone} period=${period} organization=${id} admin=${false} />
  `;
}

/** @param {any[]} rows @param {string} currency @param {any} own The cost that no user has. */
function summaryOf(rows, currency, own) {
  const cost = money(exactSum(rows.map((it) => it.total_cost)), currency);
  const level = own ? ` Organization-level: ${money(own, currency)}.` : "";
  return `${pluralize(rows.length, "user")}, ${cost}.${level}`;
}

/** @param {Props} props */
function Chart({ organization, user, period }) {
  return html`<${Trend} subject=${{ organization: organization.id, user: user || undefined, currency: organization.currency }} period=${period} />`;
}

/** @param {Props} props */
function Figures({ organization, user, period }) {
  const path = user ? userPath(organization.id, user, period) : usersPath(organization.id, period, undefined, false);
  const answer = useAnswer(path, { subject: `tiles ${organization.id} ${user}` });
  if (answer.error && !answer.data) return html`<${Refused} error=${answer.error} reload=${answer.reload} />`;
  const { users, totals, organization_level: own } = answer.data ?? {};
  const figures = users && figuresOf(totals ? [totals] : users, own?.total_cost);
  return html`
    <${Loading} loading=${answer.loading} what="the figures" />
    <${Tiles} tiles=${figures && tilesOf(figures, null, organization.currency, "")} dimmed=${answer.loading} />
  `;
}

/** @param {Props} props */
const OneUser = ({ organization, user, period }) =>
  user ? html`<div class="user-page"><${UserPanel} organization=${organization} user=${user} period=${period} alone=${true} /></div>` : html`<${Empty} title="No user">The setting user is missing.<//>`;

/** @param {Props} props The documented columns of one user. */
function Modal({ organization, user, period }) {
  const answer = useAnswer(userPath(organization.id, user, period), { subject: `modal ${organization.id} ${user}` });
  if (answer.error && !answer.data) return html`<${Refused} error=${answer.error} reload=${answer.reload} />`;
  if (!answer.data) return html`<${Skeleton} lines=${6} class="rows" />`;
  const row = answer.data.users.find((/** @type {any} */ it) => it.user_id === user);
  if (!row) return html`<${Empty} title="User not found">There is no user with the id <${Foreign} text=${user} />.<//>`;
  const context = { currency: organization.currency, whole: 0, all: 1, totals: null };
  return html`
    <section class="modal" aria-labelledby="modal-heading">
      <h1 id="modal-heading"><${Foreign} text=${row.user_name} /></h1>
      <p class="note">${days(period.start, period.end)}</p>
      <dl class="of-user">
        ${columnsOf("user", false)
          .filter((it) => !it.optional)
          .slice(1)
          .map((it) => html`<dt key=${it.key} title=${it.about}>${it.label}</dt><dd>${it.show(it.value(row, context), context)}</dd>`)}
      </dl>
    </section>
  `;
}
