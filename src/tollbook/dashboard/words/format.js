/** The formats of money, counts, minutes, days and times in the viewer's locale. */
import { exact } from "./figures.js";

let locale = navigator.language || "en";
/** @type {Map<string, any>} Formats by all of their options, because making one is slow. */
const made = new Map();

/** @param {string} text Another locale, for what is rendered from now on. */
export function setLocale(text) {
  locale = text;
  made.clear();
}

/**
 * @template T
 * @param {new (locale: string, options: any) => T} Format
 * @param {Intl.NumberFormatOptions | Intl.DateTimeFormatOptions} options
 * @returns {T}
 */
function formatOf(Format, options) {
  const name = JSON.stringify(options);
  if (!made.has(name)) made.set(name, new Format(locale, options));
  return made.get(name);
}

/** @param {Intl.NumberFormatOptions} options */
const numbers = (options) => formatOf(Intl.NumberFormat, options);

/** @param {Intl.DateTimeFormatOptions} options */
const dates = (options) => formatOf(Intl.DateTimeFormat, options);

/**
 * An amount with two decimals.
 * @param {number} value
 * @param {string} currency ISO 4217.
 */
export function money(value, currency) {
  return numbers({ style: "currency", currency }).format(exact(value));
}

/**
 * An amount with every decimal it has, up to nine.
 * @param {number} value
 * @param {string} currency
 */
export function exactMoney(value, currency) {
  const options = /** @type {const} */ ({ style: "currency", currency, maximumFractionDigits: 9 });
  return numbers({ ...options, minimumFractionDigits: 2 }).format(exact(value));
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
  return numbers({
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
export const count = (value) => numbers({ maximumFractionDigits: 6 }).format(exact(value));

/** @param {number} value A number for an axis or a tile, short. */
export const shortCount = (value) =>
  numbers({ notation: "compact", maximumFractionDigits: 1 }).format(value);

/** @param {number} seconds */
export const minutes = (seconds) => twoDecimals(seconds / 60);

/** @param {number} value */
export const twoDecimals = (value) =>
  numbers({ minimumFractionDigits: 2, maximumFractionDigits: 2 }).format(exact(value));

const FEWEST = 0.01;
/** From here on, the notation is short: 340K%. */
const MANY = 100_000;

/**
 * A fraction as a percentage. It has more decimals where it would read as 0% or 100% but is neither.
 * @param {number} fraction
 * @param {number} decimals
 * @param {Intl.NumberFormatOptions} options
 */
function percentage(fraction, decimals, options) {
  const size = Math.abs(fraction) * 100;
  const misleads = (/** @type {number} */ digits) => [0, 100].includes(Number(size.toFixed(digits))) && ![0, 100].includes(size);
  const digits = [decimals, 1, 2].find((it) => it >= decimals && !misleads(it));
  const shown = digits !== undefined ? size : size < 1 ? FEWEST : size < 100 ? 100 - FEWEST : 100 + FEWEST;
  const notation = size < MANY ? "standard" : "compact";
  return numbers({ style: "percent", notation, maximumFractionDigits: digits ?? 2, ...options })
    .formatToParts((Math.sign(fraction) * shown) / 100)
    .map(({ type, value }) => (size < FEWEST && shown === FEWEST && type === "integer" ? `<${value}` : value))
    .join("");
}

/** What is shown where there is no ratio. */
const NO_RATIO = "–";

/** @param {number | null} value A fraction as a percentage. */
export const percent = (value) => (value === null ? NO_RATIO : percentage(value, 1, { minimumFractionDigits: 1 }));

/**
 * A change as a percentage with its sign.
 * @param {number | null} change A fraction of the earlier value; null unless that is above 0.
 */
export const changeText = (change) =>
  change === null ? NO_RATIO : percentage(change, Math.abs(change) < 0.1 ? 1 : 0, { signDisplay: "exceptZero" });

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

/** @param {string} text A day, YYYY-MM-DD. */
const utc = (text) => new Date(`${text.slice(0, 10)}T00:00:00Z`);

const LONG = /** @type {const} */ ({ day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });

/** @param {string} text A day. */
export const day = (text) => dates(LONG).format(utc(text));

/** @param {string} text A day with its weekday. */
export const longDay = (text) => dates({ ...LONG, weekday: "long" }).format(utc(text));

/** @param {string} text A day without its year. */
export const shortDay = (text) =>
  dates({ day: "numeric", month: "short", timeZone: "UTC" }).format(utc(text));

/**
 * @param {string} start
 * @param {string} end
 */
export const days = (start, end) => dates(LONG).formatRange(utc(start), utc(end));

/** @param {string} text A month, YYYY-MM. */
export const month = (text) =>
  dates({ month: "short", year: "numeric", timeZone: "UTC" }).format(utc(`${text.slice(0, 7)}-01`));

/**
 * An instant in a time zone.
 * @param {string} text RFC 3339.
 * @param {string} timezone IANA.
 */
export const moment = (text, timezone) =>
  dates({ dateStyle: "medium", timeStyle: "medium", timeZone: shownZone(timezone) }).format(new Date(text));

/**
 * The time of day of an instant, short.
 * @param {string} text
 * @param {string} timezone
 */
export const clock = (text, timezone) =>
  dates({ timeStyle: "short", timeZone: shownZone(timezone) }).format(new Date(text));

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
