/** The columns of the tables, in the documented order and wording. */
import { ORGANIZATION_FIGURES, USER_FIGURES } from "./catalog.js";
import { changeOf, exactSum, marginOf, shareOf } from "./figures.js";
import { changeText, count, exactMoney, money, percent, twoDecimals } from "./format.js";
import { ownMeters } from "./meters.js";

/**
 * @typedef {Object} Context
 * @property {string} currency
 * @property {number} whole The total cost for shares.
 * @property {Map<string, number>} [earlier] Costs of the previous period, by id.
 * @property {number} all How many rows there are without search and filters.
 * @property {any} totals Their sums, from the API.
 * @property {Map<string, Map<string, any>>} [own] Rows' own meters by id and type, once they are known.
 * @typedef {Object} Column
 * @property {string} key
 * @property {string} label
 * @property {string} about Its description.
 * @property {(row: any, context: Context) => number | string | null} value The value to sort and export.
 * @property {(value: any, context: Context) => string} show Formats a value.
 * @property {(rows: any[], context: Context) => number | string | null} total The total of the visible rows.
 * @property {"text" | "number" | "cost"} role
 * @property {boolean} [optional] Hidden by default.
 * @property {boolean} [own] Of one of the tenant's own meters.
 */

/** @param {any} value */
const asCount = (value) => count(value);
/** @param {any} value */
const asMinutes = (value) => twoDecimals(value);

/**
 * @param {string} key
 * @param {string} label
 * @param {string} about
 * @param {(row: any) => number} of
 * @param {Partial<Column>} [more]
 * @returns {Column}
 */
const number = (key, label, about, of, more = {}) => ({
  key,
  label,
  about,
  value: of,
  show: asCount,
  total: (rows) => exactSum(rows.map(of)),
  role: "number",
  ...more,
});

/** @param {number} value */
const hundredths = (value) => Math.round(value * 100) / 100;

/**
 * @param {string} key
 * @param {string} label
 * @param {string} about
 * @param {(row: any) => number} seconds
 * @returns {Column}
 */
const minutesOf = (key, label, about, seconds) => ({
  ...number(key, label, about, seconds),
  value: (row) => hundredths(seconds(row) / 60),
  show: asMinutes,
  total: (rows) => hundredths(exactSum(rows.map(seconds)) / 60),
});

/** @type {Partial<Column>} */
const AMOUNT = { show: (value, { currency }) => money(value, currency) };

/** @type {Column} */
const COST = {
  ...number("cost", "Cost", "Total cost", (row) => row.total_cost),
  ...AMOUNT,
  role: "cost",
};

/** @type {Column} */
const SHARE = {
  ...number("share", "Share", "Share of the total cost", (row) => row.total_cost),
  value: (row, { whole }) => shareOf(row.total_cost, whole),
  show: (value) => percent(value),
  total: (rows, { whole }) => shareOf(exactSum(rows.map((row) => row.total_cost)), whole),
  optional: true,
};

/** Only in answers with margins, which keys of the whole tenant get. Unknown is null, not 0. @type {Column} */
const MARGIN = {
  ...number("margin", "Margin", "Cost less buy price, of the usage whose buy price is known", (row) => row.margin),
  show: (value, { currency }) => (value === null ? "unknown" : money(value, currency)),
  total: (rows) => marginOf(rows).margin,
};

/**
 * The change of cost compared with the earlier days.
 * @param {(row: any) => string} id
 * @returns {Column}
 */
const change = (id) => ({
  ...number("change", "Change", "Change of cost compared with the earlier days", () => 0),
  value: (row, { earlier }) => (earlier ? changeOf(row.total_cost, earlier.get(id(row)) ?? 0) : ""),
  show: (value) => (value === "" ? "" : changeText(value)),
  total: (rows, { earlier }) =>
    earlier ? changeOf(exactSum(rows.map((row) => row.total_cost)), exactSum(rows.map((row) => earlier.get(id(row)) ?? 0))) : "",
  optional: true,
});

/**
 * A count of what users share. Only the API can count it together, for all users; for some of them the total is empty.
 * @param {string} key
 * @param {string} label
 * @param {string} about
 * @param {(row: any) => number} of
 * @returns {Column}
 */
const shared = (key, label, about, of) => ({
  ...number(key, label, about, of),
  show: (value) => (value === "" ? "" : asCount(value)),
  total: (rows, { all, totals }) => (rows.length === all && totals ? of(totals) : rows.filter(of).length < 2 ? exactSum(rows.map(of)) : ""),
});

/**
 * The column of a figure.
 * @param {import("./catalog.js").Figure} figure
 * @returns {Column}
 */
function column({ key, label, about, name, in_breakdown, show }) {
  const of = (/** @type {any} */ row) => (in_breakdown ? row.cost_breakdown : row)[name];
  if (name === "kb_count" && in_breakdown) return shared(key, label, about, of);
  if (show === "seconds") return minutesOf(key, label, about, of);
  return number(key, label, about, of, show === "amount" ? AMOUNT : show === "minutes" ? { show: asMinutes } : {});
}

/** @type {Column[]} */
const USER_COLUMNS = [
  {
    key: "user",
    label: "User",
    about: "User email or name",
    value: (row) => row.user_name,
    show: String,
    total: () => "Total",
    role: "text",
  },
  ...USER_FIGURES.map(column),
  SHARE,
  change((row) => row.user_id),
];

/** @type {Column[]} */
const ORGANIZATION_COLUMNS = [
  {
    key: "organization",
    label: "Organization",
    about: "Organization display name",
    value: (row) => row.organization_name,
    show: String,
    total: () => "Total",
    role: "text",
  },
  { ...SHARE, optional: false },
  change((row) => row.organization_id),
  ...ORGANIZATION_FIGURES.map(column),
];

/**
 * The columns of the tenant's own meters, each with what a chart of their usage counts.
 * @param {string} id The field of a row's id.
 * @returns {Column[]}
 */
const ownColumns = (id) =>
  ownMeters().map(({ type, name, unit, counted, per }) => {
    /** @type {(row: any, context: Context) => number | null} */
    const of = (row, { own }) => {
      const meters = own?.get(row[id]);
      if (!meters) return null;
      const found = meters.get(type);
      return !found ? 0 : counted === "events" ? found.count : Number(found.quantity);
    };
    const scaled = (/** @type {number | null} */ it) => (it === null || !per ? it : hundredths(it / per));
    return {
      ...number(type, name, `${name}, ${unit}`, () => 0, { optional: true, own: true }),
      value: (row, context) => scaled(of(row, context)),
      show: (value) => (value === null ? "" : per ? asMinutes(value) : asCount(value)),
      total: (rows, context) => {
        const figures = rows.map((row) => of(row, context));
        return figures.includes(null) ? null : scaled(exactSum(/** @type {number[]} */ (figures)));
      },
    };
  });

/**
 * All columns of a table: the documented ones, those of own meters, the margin, and the cost as the last one.
 * @param {"user" | "organization"} one
 * @param {boolean} margins Whether the answer has margins.
 */
export const columnsOf = (one, margins) => [...(one === "user" ? USER_COLUMNS : ORGANIZATION_COLUMNS), ...ownColumns(`${one}_id`), ...(margins ? [MARGIN] : []), COST];

/**
 * Return the exact amount of a cost for its tooltip, because two decimals can show 0.00.
 * @param {Column} column
 * @param {any} value
 * @param {Context} context
 */
export const exactText = (column, value, context) =>
  column.role === "cost" || column.key === "storage" ? exactMoney(value, context.currency) : "";

