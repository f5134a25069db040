/** The table of users: the documented columns, searched, sorted and filtered in the browser. */
import { useMemo } from "../vendor/hooks.js";
import { change, hrefWith, route } from "../state/route.js";
import { USER_COLUMNS } from "../words/columns.js";
import { counted, exactSum, money } from "../words/format.js";
import { csvOf, save } from "../words/csv.js";
import { trendPath } from "./trend.js";
import { html } from "./html.js";
import { Empty, Skeleton } from "./states.js";
import { Table } from "./table.js";
import { ColumnPicker, Filters, Search, TakeAlong, shownColumns, useSearch } from "./toolbar.js";

/**
 * @typedef {import("../words/columns.js").Column} Column
 * @typedef {import("../words/columns.js").Context} Context
 */

/**
 * @param {{
 *   answer: import("../state/resource.js").Resource, organization: import("../views/organization.js").Organization,
 *   period: import("../words/periods.js").Period, path: string, earlier?: Map<string, number>,
 * }} props
 */
export function UsersTable({ answer, organization, period, path, earlier }) {
  const { query } = route.value;
  const [text, setText] = useSearch();
  const columns = useMemo(() => shownColumns(USER_COLUMNS, query.compare ? ["change"] : []), [query.columns, query.compare]);
  const users = answer.data?.users;
  const context = useMemo(
    () => ({ currency: organization.currency, whole: exactSum((users ?? []).map((/** @type {any} */ it) => it.total_cost)), earlier }),
    [organization.currency, users, earlier],
  );
  const [sort, descending] = order(query, columns);
  const rows = useMemo(
    () => sorted(matching(users ?? [], text, query.active === "true"), columnOf(sort), descending, context),
    [users, text, query.active, sort, descending, context],
  );
  const sortBy = (/** @type {string} */ key) => {
    const other = key === sort ? !descending : columnOf(key).role !== "text";
    change({ sort: key, order: other ? "desc" : "asc" }, { replace: true });
  };
  const csv = () => save(`${organization.id}-users-${period.start}-${period.end}.csv`, csvOf(cellsOf(rows, columns, context)));
  const paths = [
    { name: "These users", path },
    { name: "The chart", path: trendPath({ organization: organization.id, currency: organization.currency }, period, query) },
  ];
  return html`
    <section class="panel table-panel" aria-label="Users">
      <header>
        <h2>Users</h2>
        <div class="toolbar">
          <${Search} text=${text} setText=${setText} what="users" />
          <${Filters} what="users" />
          <${ColumnPicker} columns=${USER_COLUMNS} shown=${columns} />
          <${TakeAlong} paths=${paths} csv=${csv} />
        </div>
      </header>
      ${!users && html`<${Skeleton} lines=${6} class="rows" />`}
      ${users && !rows.length && html`<${Empty} title="No user to show">${users.length ? "No user matches the search and the filters." : "This organization has no users yet. The first event that names one makes them appear."}<//>`}
      ${users &&
      rows.length > 0 &&
      html`
        <${Table}
          label="Usage and cost by user"
          columns=${columns}
          rows=${rows}
          context=${context}
          sort=${sort}
          descending=${descending}
          onSort=${sortBy}
          idOf=${idOf}
          hrefOf=${(/** @type {any} */ row) => hrefWith({ user: row.user_id, event: null, events: null })}
          dimmed=${answer.loading}
        />
        <p class="note" role="status">${summary(rows, users, context, answer.data.organization_level)}</p>
      `}
    </section>
  `;
}

/** @param {any} row */
const idOf = (row) => row.user_id;

/** @param {string} key */
const columnOf = (key) => /** @type {Column} */ (USER_COLUMNS.find((it) => it.key === key));

/**
 * The column and direction that rows are in: cost first, unless the address says otherwise.
 * @param {Record<string, string>} query
 * @param {Column[]} columns
 * @returns {[string, boolean]}
 */
export function order(query, columns) {
  const column = columns.find((it) => it.key === query.sort);
  if (!column) return ["cost", true];
  return [column.key, query.order ? query.order === "desc" : column.role !== "text"];
}

/**
 * @param {any[]} users
 * @param {string} text
 * @param {boolean} active Only those with usage.
 */
function matching(users, text, active) {
  const wanted = text.trim().toLowerCase();
  return users.filter(
    (it) =>
      (!wanted || it.user_name.toLowerCase().includes(wanted) || it.user_id.toLowerCase().includes(wanted)) &&
      (!active || used(it)),
  );
}

/** @param {any} row Whether anything was counted. */
const used = (row) =>
  Boolean(
    row.total_cost || row.total_sms_sent || row.total_sms_received || row.total_mms_sent || row.total_mms_received ||
      row.total_voice_calls || row.cost_breakdown.api_requests_count || row.cost_breakdown.phone_rental_count ||
      row.cost_breakdown.phone_purchase_count || row.cost_breakdown.kb_count,
  );

const names = new Intl.Collator(undefined, { numeric: true });

/**
 * Rows in the order of a column; what is equal stays by id, so that two looks are the same.
 * @param {any[]} rows
 * @param {Column} column
 * @param {boolean} descending
 * @param {Context} context
 */
export function sorted(rows, column, descending, context) {
  const sign = descending ? -1 : 1;
  const keyed = rows.map((row) => ({ row, value: column.value(row, context) }));
  if (column.role === "text") keyed.sort((a, b) => sign * names.compare(String(a.value), String(b.value)));
  else keyed.sort((a, b) => sign * (Number(a.value ?? Infinity) - Number(b.value ?? Infinity) || 0));
  return keyed.map((it) => it.row);
}

/**
 * The table as cells: heading, rows in their order, totals.
 * @param {any[]} rows
 * @param {Column[]} columns
 * @param {Context} context
 */
export const cellsOf = (rows, columns, context) => [
  columns.map((it) => it.label),
  ...rows.map((row) => columns.map((it) => it.value(row, context))),
  columns.map((it) => it.total(rows, context)),
];

/**
 * @param {any[]} rows
 * @param {any[]} users
 * @param {Context} context
 * @param {any} own Usage that is no user's.
 */
function summary(rows, users, { currency }, own) {
  const cost = exactSum(rows.map((it) => it.total_cost));
  const shown = rows.length === users.length ? counted(rows.length, "user") : `${rows.length} of ${counted(users.length, "user")}`;
  if (!own?.total_cost || rows.length < users.length) return `${shown}, ${money(cost, currency)}.`;
  const whole = exactSum([cost, own.total_cost]);
  return `${shown}, ${money(cost, currency)}; with ${money(own.total_cost, currency)} of the organization's own (such as brand registration) ${money(whole, currency)}.`;
}
