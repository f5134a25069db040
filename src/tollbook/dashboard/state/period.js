/** The period of a view, as the API resolves it. */
import { useRef } from "../vendor/hooks.js";
import { comparisonOf, periodQueryOf, datesOf } from "../words/periods.js";
import { pathOf } from "./api.js";
import { useAnswer } from "./resource.js";

/**
 * @typedef {{start: string, end: string}} Days
 * @typedef {Days & {query: import("../words/periods.js").PeriodQuery}} QueriedDays Days, and the parameters that select them in other questions.
 * @typedef {Object} More
 * @property {string} preset Its name, or "" for dates.
 * @property {number} days The number of days.
 * @property {boolean} open Whether its last day has not ended.
 * @property {QueriedDays} compared The days to compare with.
 * @property {Days | null} previous
 * @property {Days | null} next
 * @typedef {QueriedDays & More} Period
 */

/**
 * @param {import("../words/periods.js").PeriodQuery} query
 * @param {string} [organization] The organization whose calendar applies; by default the tenant's.
 * @param {string} [compare]
 */
export const periodPath = (query, organization, compare) => pathOf("v1/analytics/period", { organization_id: organization, ...query, compare });

/**
 * Load the period of a view; the last one stays until the next one is loaded.
 * @param {Record<string, string>} query Of the address.
 * @param {string} [organization]
 * @returns {{period: Period | null, error: import("./api.js").ApiError | null, reload: () => void}}
 */
export function usePeriod(query, organization) {
  const chosen = periodQueryOf(query);
  const answer = useAnswer(periodPath(chosen, organization, comparisonOf(query)), { subject: `period ${organization ?? ""}` });
  const last = useRef(/** @type {Period | null} */ (null));
  if (answer.data && !answer.loading) last.current = periodOf(answer.data, chosen);
  return { period: last.current, error: answer.data && !answer.loading ? null : answer.error, reload: answer.reload };
}

/**
 * @param {any} data
 * @param {import("../words/periods.js").PeriodQuery} query
 * @returns {Period}
 */
const periodOf = (data, query) => ({
  ...data.period,
  query,
  preset: "period" in query ? query.period : "",
  days: data.days,
  open: data.period_state === "open",
  compared: { ...data.comparison, query: datesOf(data.comparison) },
  previous: data.previous,
  next: data.next,
});
