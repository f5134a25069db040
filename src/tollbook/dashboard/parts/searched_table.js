/** A table of users or organizations with its toolbar; search, filters and sorting run in the browser. */
import { useMemo } from "../vendor/hooks.js";
import { change, route } from "../state/route.js";
import { ORGANIZATION_FIGURES, USER_FIGURES } from "../words/catalog.js";
import { columnsOf } from "../words/columns.js";
import { csvOf, save } from "../words/csv.js";
import { compare, exactSum } from "../words/figures.js";
import { compareNames, searched } from "../words/names.js";
import { html } from "./html.js";
import { useOwnMeters } from "./own_columns.js";
import { Empty, Refused, Skeleton } from "./states.js";
import { Table } from "./table.js";
import { ColumnPicker, Filters, Search, ExportMenu, visibleColumns, useSearch } from "./toolbar.js";
import { trendPath } from "./trend.js";

/**
 * @typedef {import("../words/columns.js").Column} Column
 * @typedef {import("../words/columns.js").Context} Context
 */

/**
 * @param {{
 *   answer: import("../state/resource.js").Resource, one: "user" | "organization", margins: boolean, title: string,
 *   changes: boolean, currency: string, earlier?: any[], path: string,
 *   subject: {organization?: string, currency: string}, period: import("../state/period.js").Period, file: string,
 *   hrefOf: (row: any) => string, none?: string, summary: (rows: any[], all: any[]) => any,
 * }} props
 * `changes` shows the change against `earlier` by default; `none` is the message for a table without rows.
 */
export function SearchedTable({ answer, one, margins, title, changes, currency, earlier, path, subject, period, file, hrefOf, none, summary }) {
  const { query } = route.value;
  const [text, setText] = useSearch();
  const what = `${one}s`;
  const columns = useMemo(() => columnsOf(one, margins), [one, margins]);
  const shown = useMemo(() => visibleColumns(columns, changes ? ["change"] : []), [columns, query.columns, changes]);
  /** @type {any[] | undefined} */
  const answered = answer.data?.[what];
  const all = useMemo(() => answered && [...answered].sort((a, b) => (a[`${one}_id`] < b[`${one}_id`] ? -1 : 1)), [answered]);
  const totals = answer.data?.totals;
  const { own, answer: ownAnswer } = useOwnMeters(path, answer, one, shown);
  const context = useMemo(
    () => ({ currency, all: all?.length ?? 0, totals, own, earlier: earlier && new Map(earlier.map((it) => [it[`${one}_id`], it.total_cost])), whole: exactSum((all ?? []).map((it) => it.total_cost)) }),
    [currency, earlier, all, totals, own],
  );
  const columnOf = (/** @type {string} */ key) => /** @type {Column} */ (columns.find((it) => it.key === key));
  const [sort, descending] = order(query, shown);
  const rows = useMemo(() => {
    const wanted = searched(text.trim());
    const matches = (/** @type {any} */ it) => !wanted || [it[`${one}_name`], it[`${one}_id`]].some((its) => searched(its).includes(wanted));
    const found = (all ?? []).filter((it) => matches(it) && (query.active !== "true" || hasUsage(it)));
    return sortRows(found, columnOf(sort), descending, context);
  }, [all, text, query.active, sort, descending, context]);
  const sortBy = (/** @type {string} */ key) => {
    const other = key === sort ? !descending : columnOf(key).role !== "text";
    change({ sort: key, order: other ? "desc" : "asc" }, { replace: true });
  };
  const csv = () => save(`${file}-${period.start}-${period.end}.csv`, csvOf(cellsOf(rows, shown, context)));
  const paths = [
    { name: `These ${what}`, path },
    { name: "Chart", path: trendPath(subject, period, query) },
  ];
  return html`
    <section class="panel table-panel" aria-label=${title}>
      <header>
        <h2>${title}</h2>
        <div class="toolbar">
          <${Search} text=${text} setText=${setText} what=${what} />
          <${Filters} what=${what} />
          <${ColumnPicker} columns=${columns} shown=${shown} path=${path} />
          <${ExportMenu} paths=${paths} csv=${answer.loading || ownAnswer.loading ? undefined : csv} />
        </div>
      </header>
      ${ownAnswer.error && html`<${Refused} error=${ownAnswer.error} reload=${ownAnswer.reload} />`}
      ${!all && html`<${Skeleton} lines=${6} class="rows" />`}
      ${all && !rows.length && html`<${Empty} title=${`No ${one}s`}>${(!all.length && none) || `No ${one} matches the search and the filters.`}<//>`}
      ${all &&
      rows.length > 0 &&
      html`
        <${Table}
          label=${`Usage and cost by ${one}`}
          columns=${shown}
          rows=${rows}
          context=${context}
          sort=${sort}
          descending=${descending}
          onSort=${sortBy}
          idOf=${(/** @type {any} */ row) => row[`${one}_id`]}
          hrefOf=${hrefOf}
          dimmed=${answer.loading}
        />
        <p class="note" role="status">${summary(rows, all)}</p>
      `}
    </section>
  `;
}

const COUNTED = [...USER_FIGURES, ...ORGANIZATION_FIGURES].map((it) => it.name).filter((it) => it !== "users_count");

/** @param {any} row Whether anything was counted, or cost anything; users have some of it in a breakdown. */
const hasUsage = (row) => Boolean(row.total_cost) || COUNTED.some((name) => row[name] || row.cost_breakdown?.[name]);

/**
 * The column and direction of the rows: highest cost first by default.
 * @param {Record<string, string>} query
 * @param {Column[]} columns
 * @returns {[string, boolean]}
 */
function order(query, columns) {
  const column = columns.find((it) => it.key === query.sort);
  if (!column) return ["cost", true];
  return [column.key, query.order ? query.order === "desc" : column.role !== "text"];
}

/**
 * Sort rows, which are in the order of their ids, by a column as the API does. Equal rows stay in that order.
 * @param {any[]} rows
 * @param {Column} column
 * @param {boolean} descending
 * @param {Context} context
 */
function sortRows(rows, column, descending, context) {
  const sign = descending ? -1 : 1;
  const keyed = rows.map((row) => ({ row, value: column.value(row, context) }));
  if (column.role === "text") keyed.sort((a, b) => sign * compareNames(String(a.value), String(b.value)));
  else {
    // Rows without a value are last in both directions.
    const figure = (/** @type {any} */ it) => it.value ?? sign * Infinity;
    keyed.sort((a, b) => sign * compare(figure(a), figure(b)));
  }
  return keyed.map((it) => it.row);
}

/**
 * The cells of the table: headings, rows, totals.
 * @param {any[]} rows
 * @param {Column[]} columns
 * @param {Context} context
 */
const cellsOf = (rows, columns, context) => [
  columns.map((it) => it.label),
  ...rows.map((row) => columns.map((it) => it.value(row, context))),
  columns.map((it) => it.total(rows, context)),
];
