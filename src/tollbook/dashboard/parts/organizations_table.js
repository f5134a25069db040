/** The table of organizations. */
import { useMemo } from "../vendor/hooks.js";
import { change, hrefTo, route } from "../state/route.js";
import { ORGANIZATION_COLUMNS } from "../words/columns.js";
import { csvOf, save } from "../words/csv.js";
import { counted, exactSum, money } from "../words/format.js";
import { html } from "./html.js";
import { Empty, Skeleton } from "./states.js";
import { Table } from "./table.js";
import { ColumnPicker, Filters, Search, TakeAlong, shownColumns, useSearch } from "./toolbar.js";
import { trendPath } from "./trend.js";
import { cellsOf, order, sorted } from "./users_table.js";

/**
 * @param {{
 *   answer: import("../state/resource.js").Resource, period: import("../words/periods.js").Period, path: string,
 *   earlier: Map<string, number>, currency: string,
 * }} props
 */
export function OrganizationsTable({ answer, period, path, earlier, currency }) {
  const { query } = route.value;
  const [text, setText] = useSearch();
  const columns = useMemo(() => shownColumns(ORGANIZATION_COLUMNS, ["change"]), [query.columns]);
  const all = answer.data?.organizations;
  const context = useMemo(
    () => ({ currency, earlier, whole: exactSum((all ?? []).map((/** @type {any} */ it) => it.total_cost)) }),
    [currency, earlier, all],
  );
  const [sort, descending] = order(query, columns);
  const rows = useMemo(() => {
    const wanted = text.trim().toLowerCase();
    const found = (all ?? []).filter(
      (/** @type {any} */ it) =>
        (!wanted || it.organization_name.toLowerCase().includes(wanted) || it.organization_id.toLowerCase().includes(wanted)) &&
        (query.active !== "true" || it.total_cost || it.total_sms_sent || it.total_sms_received || it.total_voice_calls || it.api_requests_count),
    );
    return sorted(found, columnOf(sort), descending, context);
  }, [all, text, query.active, sort, descending, context]);
  const sortBy = (/** @type {string} */ key) => {
    const other = key === sort ? !descending : columnOf(key).role !== "text";
    change({ sort: key, order: other ? "desc" : "asc" }, { replace: true });
  };
  const csv = () => save(`organizations-${period.start}-${period.end}.csv`, csvOf(cellsOf(rows, columns, context)));
  const paths = [
    { name: "These organizations", path },
    { name: "The chart", path: trendPath({ currency }, period, query) },
  ];
  return html`
    <section class="panel table-panel" aria-label="Organizations">
      <header>
        <h2>Organizations</h2>
        <div class="toolbar">
          <${Search} text=${text} setText=${setText} what="organizations" />
          <${Filters} what="organizations" />
          <${ColumnPicker} columns=${ORGANIZATION_COLUMNS} shown=${columns} />
          <${TakeAlong} paths=${paths} csv=${csv} />
        </div>
      </header>
      ${!all && html`<${Skeleton} lines=${6} class="rows" />`}
      ${all && !rows.length && html`<${Empty} title="No organization to show">No organization matches the search and the filters.<//>`}
      ${all &&
      rows.length > 0 &&
      html`
        <${Table}
          label="Usage and cost by organization"
          columns=${columns}
          rows=${rows}
          context=${context}
          sort=${sort}
          descending=${descending}
          onSort=${sortBy}
          idOf=${(/** @type {any} */ row) => row.organization_id}
          hrefOf=${(/** @type {any} */ row) => hrefTo(["organizations", row.organization_id])}
          dimmed=${answer.loading}
        />
        <p class="note" role="status">${counted(rows.length, "organization")}, ${money(exactSum(rows.map((/** @type {any} */ it) => it.total_cost)), currency)}.</p>
      `}
    </section>
  `;
}

/** @param {string} key */
const columnOf = (key) => /** @type {import("../words/columns.js").Column} */ (ORGANIZATION_COLUMNS.find((it) => it.key === key));
