/**
 * Exact figures: an amount with more digits than a float can hold keeps its text.
 *
 * A float holds 15 decimal digits; an amount of 1e12 units in billionths has 21.
 */

const MOST_DIGITS = 15;
const PLAIN = /^(-?)(\d+)(?:\.(\d+))?$/;
const DECIMALS = 9;
/** Fields with amounts, which are strings of all their digits. */
const AMOUNT = /(costs?|margins?)$/;
/** What a client has sent stays as it is. */
const AS_SENT = /^(attributes|event)$/;

/** A number with its text. Arithmetic uses the nearest float; sums and texts are exact. */
export class Exact extends Number {
  /** @param {string} text */
  constructor(text) {
    super(text);
    this.text = text;
  }

  toString() {
    return this.text;
  }
}

/**
 * A figure by its digits.
 * @param {string} text
 * @returns {any} A number, or `Exact` if a float cannot hold it.
 */
export const figureOf = (text) => (text.replace(/\D/g, "").length > MOST_DIGITS ? new Exact(text) : Number(text));

/**
 * Read the amounts of an answer as figures, in place.
 * @param {any} answer
 */
export function readAmounts(answer) {
  for (const name in answer) {
    const it = answer[name];
    if (typeof it === "string") {
      if (AMOUNT.test(name)) answer[name] = figureOf(it);
    } else if (Array.isArray(it) && AMOUNT.test(name)) answer[name] = it.map((one) => (one === null ? null : figureOf(one)));
    else if (it && typeof it === "object" && !AS_SENT.test(name)) readAmounts(it);
  }
  return answer;
}

/**
 * A figure in the form that number formats accept.
 * @param {number | Exact} value
 */
export const exact = (value) => /** @type {number} */ (value instanceof Exact ? /** @type {unknown} */ (value.text) : value);

/**
 * A figure as plain digits: at most nine decimals of a float, and no exponent.
 * @param {number | Exact} value
 */
export function plain(value) {
  const text = String(value);
  return text.includes("e") ? Number(value).toFixed(DECIMALS).replace(/\.?0+$/, "") : text;
}

/**
 * A figure as a whole number of billionths.
 * @param {number | Exact} value
 */
export function nanosOf(value) {
  const [, sign, whole, part = ""] = PLAIN.exec(plain(value)) ?? ["", "", "0"];
  return BigInt(`${sign}${whole}${part.slice(0, DECIMALS).padEnd(DECIMALS, "0")}`);
}

/**
 * Compare two figures exactly, for sorting.
 * @param {number | Exact} a
 * @param {number | Exact} b
 */
export function compare(a, b) {
  const rough = Number(a) - Number(b) || 0;
  if (rough || !(a instanceof Exact || b instanceof Exact)) return rough;
  const difference = nanosOf(a) - nanosOf(b);
  return difference > 0n ? 1 : difference < 0n ? -1 : 0;
}

/**
 * The change from an earlier figure, as a fraction of it; null unless that is above 0.
 * @param {number | Exact} now
 * @param {number | Exact} before
 */
export function changeOf(now, before) {
  const long = now instanceof Exact || before instanceof Exact;
  return shareOf(long ? Number(nanosOf(now) - nanosOf(before)) / 1e9 : Number(now) - Number(before), before);
}

/**
 * A part as a fraction of a whole; null unless the whole is above 0.
 * @param {number | Exact} part
 * @param {number | Exact} whole
 */
export const shareOf = (part, whole) => (Number(whole) > 0 ? Number(part) / Number(whole) : null);

/** The bounds of a share of which only a part is known. */
const [LEAST_KNOWN, MOST_KNOWN] = [0.000001, 0.999999];

/**
 * The margin of several rows together, as the API adds them up: of what is known, null if nothing is.
 * @param {any[]} rows With margins.
 * @returns {{margin: any, share: number | null}} `share` of their cost has a known buy price; null without usage.
 */
export function marginOf(rows) {
  const used = rows.filter((it) => it.buy_known_share !== null || Number(it.total_cost) || Number(it.margin));
  const known = used.filter((it) => it.margin !== null);
  const margin = used.length && !known.length ? null : exactSum(known.map((it) => it.margin));
  const all = (/** @type {number} */ share) => used.every((it) => it.buy_known_share === share);
  if (!used.length) return { margin, share: null };
  if (all(0) || all(1)) return { margin, share: used[0].buy_known_share };
  const part = shareOf(exactSum(known.flatMap((it) => [it.buy_cost, it.margin])), exactSum(used.map((it) => it.total_cost)));
  return { margin, share: part === null ? null : Math.min(MOST_KNOWN, Math.max(LEAST_KNOWN, part)) };
}

/**
 * Add figures up exactly: each is a whole number of billionths.
 * @param {(number | Exact)[]} amounts
 * @returns {any} A number, or `Exact` if a float cannot hold the sum.
 */
export function exactSum(amounts) {
  let [whole, nanos] = [0n, 0];
  for (const it of amounts) {
    const near = Math.round(Number(it) * 1e9);
    // Floats hold whole billionths up to nine million; larger amounts are read from their digits.
    if (Math.abs(near) > 4e15) whole += nanosOf(it);
    else nanos += near;
    if (Math.abs(nanos) > 4e15) {
      whole += BigInt(nanos);
      nanos = 0;
    }
  }
  whole += BigInt(nanos);
  const sign = whole < 0n ? "-" : "";
  const digits = String(whole < 0n ? -whole : whole).padStart(DECIMALS + 1, "0");
  const text = `${sign}${digits.slice(0, -DECIMALS)}.${digits.slice(-DECIMALS)}`.replace(/\.?0+$/, "");
  return figureOf(text);
}
