/** The table of users with the documented columns. */
import { hrefWith, route } from "../state/route.js";
import { USER_COLUMNS } from "../words/columns.js";
import { exactSum } from "../words/figures.js";
import { pluralize, money } from "../words/format.js";
import { html } from "./html.js";
import { OrganizationLevelLink } from "./events.js";
import { SearchedTable } from "./searched_table.js";

/**
 * @param {{
 *   answer: import("../state/resource.js").Resource, organization: import("../views/organization.js").Organization,
 *   period: import("../state/period.js").Period, path: string, earlier?: any[],
 * }} props
 */
export const UsersTable = ({ answer, organization: { id, currency }, period, path, earlier }) => html`
  <${SearchedTable}
    answer=${answer}
    one="user"
    title="Users"
    columns=${USER_COLUMNS}
    changes=${Boolean(route.value.query.compare)}
    currency=${currency}
    earlier=${earlier}
    path=${path}
    subject=${{ organization: id, currency }}
    period=${period}
    file=${`${id}-users`}
    hrefOf=${(/** @type {any} */ row) => hrefWith({ user: row.user_id, event: null, events: null })}
    none="This organization has no users yet. Users appear with their first event."
    summary=${(/** @type {any[]} */ rows, /** @type {any[]} */ all) => summary(rows, all, currency, answer.data.organization_level)}
  />
`;

/**
 * @param {any[]} rows
 * @param {any[]} users
 * @param {string} currency
 * @param {any} own Organization-level usage.
 */
function summary(rows, users, currency, own) {
  const cost = exactSum(rows.map((it) => it.total_cost));
  const shown = rows.length === users.length ? pluralize(rows.length, "user") : `${rows.length} of ${pluralize(users.length, "user")}`;
  if (!own?.total_cost || rows.length < users.length) return `${shown}, ${money(cost, currency)}.`;
  const whole = exactSum([cost, own.total_cost]);
  return html`${shown}, ${money(cost, currency)}. Organization-level (such as brand registration): <${OrganizationLevelLink}>${money(own.total_cost, currency)}<//>. Total: ${money(whole, currency)}.`;
}
