/** The optional columns of own meters, whose figures are only requested for columns that are shown. */
import { useMemo } from "../vendor/hooks.js";
import { pathOf } from "../state/api.js";
import { useAnswer, useEarlier } from "../state/resource.js";
import { html } from "./html.js";
import { Refused } from "./states.js";

/** @typedef {import("../words/columns.js").Column} Column */

/** The most rows of an answer: rows after them have no figures of own meters. */
const MOST_ROWS = 10_000;

/**
 * The question of a table, with meters.
 * @param {string} path
 * @param {Record<string, string | number>} more
 */
function withMeters(path, more) {
  const [address, query] = path.split("?");
  return pathOf(address, { ...more, ...Object.fromEntries(new URLSearchParams(query)), include: "totals,meters", limit: more.limit });
}

/**
 * The own meters of rows, by id and type, for the columns that are shown.
 * @param {string} path The question of the table.
 * @param {import("../state/resource.js").Resource} answer
 * @param {"user" | "organization"} one
 * @param {Column[]} shown
 */
export function useOwnMeters(path, answer, one, shown) {
  const meter = shown.filter((it) => it.own).map((it) => it.key).join(",");
  const found = useEarlier(meter ? withMeters(path, { meter, limit: MOST_ROWS }) : null, answer);
  /** @type {any[] | undefined} */
  const rows = found.data?.[`${one}s`];
  const own = useMemo(() => rows && new Map(rows.map((row) => [row[`${one}_id`], new Map(row.meters.map((/** @type {any} */ it) => [it.meter, it]))])), [rows]);
  return { own, answer: found };
}

/**
 * The choice of own meters: those with usage, and those that are shown.
 * @param {{columns: Column[], shown: Column[], path: string, check: (column: Column) => any}} props
 */
export function OwnChoice({ columns, shown, path, check }) {
  const answer = useAnswer(withMeters(path, { limit: 1 }));
  /** @type {any[]} */
  const meters = answer.data?.totals.meters ?? [];
  const offered = columns.filter((it) => shown.includes(it) || meters.some(({ meter, count, cost }) => meter === it.key && (count || Number(cost))));
  if (answer.error) return html`<${Refused} error=${answer.error} reload=${answer.reload} />`;
  return offered.length ? html`<p class="note">Own meters</p>${offered.map(check)}` : null;
}
