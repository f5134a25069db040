/** The formats of money, counts, minutes, days and times in the viewer's locale. */
import { exact } from "./figures.js";

const locale = navigator.language || "en";
/** @type {Map<string, Intl.NumberFormat>} */
const made = new Map();

/**
 * @param {string} name
 * @param {Intl.NumberFormatOptions} options
 */
function numbers(name, options) {
  let format = made.get(name);
  if (!format) {
    format = new Intl.NumberFormat(locale, options);
    made.set(name, format);
  }
  return format;
}

/**
 * An amount with two decimals.
 * @param {number} value
 * @param {string} currency ISO 4217.
 */
export function money(value, currency) {
  return numbers(`money ${currency}`, { style: "currency", currency }).format(exact(value));
}

/**
 * An amount with every decimal it has, up to nine.
 * @param {number} value
 * @param {string} currency
 */
export function exactMoney(value, currency) {
  const options = /** @type {const} */ ({ style: "currency", currency, maximumFractionDigits: 9 });
  return numbers(`exact ${currency}`, { ...options, minimumFractionDigits: 2 }).format(exact(value));
}

/**
 * An amount for an axis, short.
 * @param {number} value
 * @param {string} currency
 * @param {number} step The distance of two ticks, which determines the decimals.
 */
export function axisMoney(value, currency, step) {
  const short = step >= 2_000;
  const digits = short ? 1 : Number.isInteger(step) ? 0 : Math.max(2, -Math.floor(Math.log10(step)) + 1);
  return numbers(`axis ${currency} ${short} ${digits}`, {
    style: "currency",
    currency,
    notation: short ? "compact" : "standard",
    minimumFractionDigits: short ? 0 : digits,
    maximumFractionDigits: digits,
  }).format(value);
}

/**
 * A whole number, or one with at most six decimals.
 * @param {number} value
 */
export const count = (value) => numbers("count", { maximumFractionDigits: 6 }).format(exact(value));

/** @param {number} value A number for an axis or a tile, short. */
export const shortCount = (value) =>
  numbers("short", { notation: "compact", maximumFractionDigits: 1 }).format(value);

/** @param {number} seconds */
export const minutes = (seconds) => twoDecimals(seconds / 60);

/** @param {number} value */
export const twoDecimals = (value) =>
  numbers("two", { minimumFractionDigits: 2, maximumFractionDigits: 2 }).format(exact(value));

/** @param {number} value A fraction as a percentage. */
export const percent = (value) =>
  numbers("percent", { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 }).format(value);

/**
 * A change from an earlier value, with its sign.
 * @param {number} now
 * @param {number} before
 * @returns {string | null} Null when there is nothing to compare with.
 */
export function changeText(now, before) {
  if (!before) return null;
  return numbers("change", {
    style: "percent",
    signDisplay: "exceptZero",
    maximumFractionDigits: Math.abs(now / before - 1) < 0.1 ? 1 : 0,
  }).format(now / before - 1);
}

/** @param {string} zone IANA. Whether this browser supports it. */
export function isKnownZone(zone) {
  try {
    return Boolean(new Intl.DateTimeFormat("en", { timeZone: zone }));
  } catch {
    return false;
  }
}

/** @param {string} zone The zone for times: UTC if this browser does not support it. */
export const shownZone = (zone) => (isKnownZone(zone) ? zone : "UTC");

/** @type {Map<string, Intl.DateTimeFormat>} */
const dates = new Map();

/**
 * @param {string} name
 * @param {Intl.DateTimeFormatOptions} options
 */
function dateFormat(name, options) {
  let format = dates.get(name);
  if (!format) {
    format = new Intl.DateTimeFormat(locale, options);
    dates.set(name, format);
  }
  return format;
}

/** @param {string} text A day, YYYY-MM-DD. */
const utc = (text) => new Date(`${text.slice(0, 10)}T00:00:00Z`);

const LONG = /** @type {const} */ ({ day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });

/** @param {string} text A day. */
export const day = (text) => dateFormat("day", LONG).format(utc(text));

/** @param {string} text A day with its weekday. */
export const longDay = (text) => dateFormat("long", { ...LONG, weekday: "long" }).format(utc(text));

/** @param {string} text A day without its year. */
export const shortDay = (text) =>
  dateFormat("short", { day: "numeric", month: "short", timeZone: "UTC" }).format(utc(text));

/**
 * @param {string} start
 * @param {string} end
 */
export const days = (start, end) => dateFormat("day", LONG).formatRange(utc(start), utc(end));

/** @param {string} text A month, YYYY-MM. */
export const month = (text) =>
  dateFormat("month", { month: "short", year: "numeric", timeZone: "UTC" }).format(utc(`${text.slice(0, 7)}-01`));

/**
 * An instant in a time zone.
 * @param {string} text RFC 3339.
 * @param {string} timezone IANA.
 */
export const moment = (text, timezone) =>
  dateFormat(`moment ${timezone}`, { dateStyle: "medium", timeStyle: "medium", timeZone: shownZone(timezone) }).format(new Date(text));

/**
 * The time of day of an instant, short.
 * @param {string} text
 * @param {string} timezone
 */
export const clock = (text, timezone) =>
  dateFormat(`clock ${timezone}`, { timeStyle: "short", timeZone: shownZone(timezone) }).format(new Date(text));

/**
 * A bucket of a series: a day, the Monday of a week, or a month.
 * @param {string} text
 * @param {string} bucket
 */
export function bucketName(text, bucket) {
  if (bucket === "month") return month(text);
  if (bucket === "week") return `Week of ${day(text)}`;
  return longDay(text);
}

/**
 * The same for an axis.
 * @param {string} text
 * @param {string} bucket
 */
export const bucketTick = (text, bucket) => (bucket === "month" ? month(text) : shortDay(text));

/**
 * A count with its noun.
 * @param {number} n
 * @param {string} one
 * @param {string} [many]
 */
export const pluralize = (n, one, many = `${one}s`) => `${count(n)} ${n === 1 ? one : many}`;

/**
 * A quantity with its unit, as the API names it in the singular.
 * @param {number} n
 * @param {string} unit
 */
export const quantity = (n, unit) => `${count(n)} ${n === 1 || unit.includes("-") ? unit : `${unit}s`}`;
