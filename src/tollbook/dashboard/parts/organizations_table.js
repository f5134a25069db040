/** The table of organizations. */
import { hrefTo } from "../state/route.js";
import { ORGANIZATION_COLUMNS, ORGANIZATION_COLUMNS_WITH_MARGIN } from "../words/columns.js";
import { exactSum } from "../words/figures.js";
import { pluralize, money } from "../words/format.js";
import { html } from "./html.js";
import { SearchedTable } from "./searched_table.js";

/**
 * @param {{
 *   answer: import("../state/resource.js").Resource, period: import("../state/period.js").Period, path: string,
 *   earlier?: any[], currency: string, margins: boolean,
 * }} props
 */
export const OrganizationsTable = ({ answer, period, path, earlier, currency, margins }) => html`
  <${SearchedTable}
    answer=${answer}
    one="organization"
    title="Organizations"
    columns=${margins ? ORGANIZATION_COLUMNS_WITH_MARGIN : ORGANIZATION_COLUMNS}
    changes=${true}
    currency=${currency}
    earlier=${earlier}
    path=${path}
    subject=${{ currency }}
    period=${period}
    file="organizations"
    hrefOf=${(/** @type {any} */ row) => hrefTo(["organizations", row.organization_id])}
    summary=${(/** @type {any[]} */ rows) => `${pluralize(rows.length, "organization")}, ${money(exactSum(rows.map((it) => it.total_cost)), currency)}.`}
  />
`;
