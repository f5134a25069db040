/** The names of periods, and the period in an address. The API resolves their days. */

/** @type {{key: string, name: string}[]} Names that the API resolves. */
export const PRESETS = [
  { key: "today", name: "Today" },
  { key: "yesterday", name: "Yesterday" },
  { key: "last_7_days", name: "Last 7 days" },
  { key: "last_30_days", name: "Last 30 days" },
  { key: "this_month", name: "This month" },
  { key: "last_month", name: "Last month" },
  { key: "this_quarter", name: "This quarter" },
  { key: "this_year", name: "This year" },
];

/** @type {{key: string, name: string}[]} Names that the API resolves. */
export const COMPARISONS = [
  { key: "previous_period", name: "the previous period" },
  { key: "previous_year", name: "the year before" },
];

const DEFAULT = "last_30_days";

/** @param {string} text */
const isDay = (text) => /^\d{4}-\d\d-\d\d$/.test(text);

/** @param {string} text Such as 2024-01. */
const isMonth = (text) => /^\d{4}-\d\d$/.test(text);

/**
 * @typedef {{start_date: string, end_date: string} | {period: string}} PeriodQuery Parameters of a question.
 */

/**
 * The parameters of a period given by dates.
 * @param {{start: string, end: string}} days
 * @returns {PeriodQuery}
 */
export const datesOf = ({ start, end }) => ({ start_date: start, end_date: end });

/**
 * The period parameters in the address of a view; the default if they are invalid.
 * @param {Record<string, string>} query
 * @returns {PeriodQuery}
 */
export function periodQueryOf({ start = "", end = "", period = "" }) {
  if (isDay(start) && isDay(end) && start <= end) return datesOf({ start, end });
  const known = isMonth(period) || PRESETS.some((it) => it.key === period);
  return { period: known ? period : DEFAULT };
}

/**
 * The comparison in the address of a view; "" without one.
 * @param {Record<string, string>} query
 */
export const comparisonOf = ({ compare = "" }) => (COMPARISONS.some((it) => it.key === compare) ? compare : "");

/**
 * The month of an instant in a time zone, in the API's notation.
 * @param {string} instant RFC 3339.
 * @param {string} timezone IANA.
 */
export function monthOf(instant, timezone) {
  const format = new Intl.DateTimeFormat("en", { timeZone: timezone, year: "numeric", month: "2-digit" });
  const parts = Object.fromEntries(format.formatToParts(new Date(instant)).map((it) => [it.type, it.value]));
  return `${parts.year}-${parts.month}`;
}

/**
 * The buckets available for a number of days; the first is the default.
 * @param {number} length
 */
export function bucketsOf(length) {
  if (length > 1100) return ["month"];
  if (length > 186) return ["week", "month", "day"];
  return ["day", "week", "month"];
}
