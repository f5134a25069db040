/** Periods as days of an organization's calendar: presets, the one before, the one after. */
import { shownZone } from "./format.js";

/**
 * @typedef {Object} Period
 * @property {string} start First day, YYYY-MM-DD.
 * @property {string} end Last day, included.
 * @property {string} preset The preset's key, or "" for free dates.
 */

const DAY = 86_400_000;

/** @param {string} text */
const parsed = (text) => new Date(`${text}T00:00:00Z`);

/** @param {Date} date */
const written = (date) => date.toISOString().slice(0, 10);

/**
 * @param {string} text
 * @param {number} days
 */
export const plusDays = (text, days) => written(new Date(parsed(text).getTime() + days * DAY));

/** @param {string} text */
export const isDay = (text) => /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(parsed(text).getTime()) && written(parsed(text)) === text;

/**
 * @param {string} text
 * @param {number} months
 */
const monthStart = (text, months) => {
  const date = parsed(text);
  return written(new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + months, 1)));
};

/**
 * Whole months: `length` of them from `months` after the one of a day.
 * @param {string} text
 * @param {number} months
 * @param {number} length
 */
const months = (text, months, length) => ({
  start: monthStart(text, months),
  end: plusDays(monthStart(text, months + length), -1),
});

/** @param {string} text How many months into its quarter a day is. */
const intoQuarter = (text) => parsed(text).getUTCMonth() % 3;

/** @param {string} text */
const intoYear = (text) => parsed(text).getUTCMonth();

/** @type {{key: string, name: string, of: (today: string) => {start: string, end: string}}[]} */
export const PRESETS = [
  { key: "today", name: "Today", of: (today) => ({ start: today, end: today }) },
  { key: "yesterday", name: "Yesterday", of: (today) => ({ start: plusDays(today, -1), end: plusDays(today, -1) }) },
  { key: "last_7_days", name: "Last 7 days", of: (today) => ({ start: plusDays(today, -6), end: today }) },
  { key: "last_30_days", name: "Last 30 days", of: (today) => ({ start: plusDays(today, -29), end: today }) },
  { key: "this_month", name: "This month", of: (today) => months(today, 0, 1) },
  { key: "last_month", name: "Last month", of: (today) => months(today, -1, 1) },
  { key: "this_quarter", name: "This quarter", of: (today) => months(today, -intoQuarter(today), 3) },
  { key: "this_year", name: "This year", of: (today) => months(today, -intoYear(today), 12) },
];

const DEFAULT = "last_30_days";

/**
 * Today on the calendar of a zone.
 * @param {string} timezone IANA.
 * @param {Date} [now]
 */
export function todayIn(timezone, now = new Date()) {
  const format = new Intl.DateTimeFormat("en-CA", { timeZone: shownZone(timezone), year: "numeric", month: "2-digit", day: "2-digit" });
  return format.format(now);
}

/**
 * Read the period of a view from its address.
 * @param {Record<string, string>} query
 * @param {string} today
 * @returns {Period}
 */
export function periodOf(query, today) {
  const { start = "", end = "" } = query;
  if (isDay(start) && isDay(end) && start <= end) return { start, end, preset: "" };
  const preset = PRESETS.find((it) => it.key === query.period) ?? PRESETS.find((it) => it.key === DEFAULT);
  if (!preset) throw new Error("there is no default period");
  return { ...preset.of(today), preset: preset.key };
}

/** @param {{start: string, end: string}} period How many days it has. */
export const lengthOf = ({ start, end }) => Math.round((parsed(end).getTime() - parsed(start).getTime()) / DAY) + 1;

/**
 * How many whole months a period is, or 0 when it is not.
 * @param {{start: string, end: string}} period
 */
function wholeMonths({ start, end }) {
  const after = plusDays(end, 1);
  if (!start.endsWith("-01") || !after.endsWith("-01")) return 0;
  const [from, to] = [parsed(start), parsed(after)];
  return (to.getUTCFullYear() - from.getUTCFullYear()) * 12 + to.getUTCMonth() - from.getUTCMonth();
}

/**
 * The period of the same length beside this one; whole months stay whole months.
 * @param {{start: string, end: string}} period
 * @param {1 | -1} direction
 */
export function beside(period, direction) {
  const whole = wholeMonths(period);
  if (whole) return months(period.start, direction * whole, whole);
  const length = lengthOf(period) * direction;
  return { start: plusDays(period.start, length), end: plusDays(period.end, length) };
}

/**
 * The period that the API compares with: as many days, ending the day before.
 * @param {{start: string, end: string}} period
 */
export function before(period) {
  const length = lengthOf(period);
  return { start: plusDays(period.start, -length), end: plusDays(period.start, -1) };
}

/**
 * Buckets that a chart of a period can be read in; the first is the default.
 * @param {{start: string, end: string}} period
 */
export function bucketsOf(period) {
  const length = lengthOf(period);
  if (length > 1100) return ["month"];
  if (length > 186) return ["week", "month", "day"];
  return ["day", "week", "month"];
}
