/** An organization's month: its forecast with the range, and how far its budgets are used. */
import { pathOf } from "../state/api.js";
import { useAnswer } from "../state/resource.js";
import { hrefTo } from "../state/route.js";
import { money, percent, pluralize, shortDay } from "../words/format.js";
import { html } from "../parts/html.js";
import { Tiles } from "../parts/tiles.js";

/** @type {[string, string, string][]} The period of a budget, the field of its amount, and its name. */
const BUDGETS = [["month", "monthly", "Monthly budget"], ["week", "weekly", "Weekly budget"], ["day", "daily", "Daily budget"]];

/** @param {any} it A budget: the field of its kind has the name of its running period. */
export const periodOf = (it) => BUDGETS.map(([period]) => period).find((period) => it[period]) ?? "month";

/** @param {string} organization */
export const budgetPath = (organization) => pathOf("v1/budgets", { organization_id: organization, amounts: "string" });

/** @param {{id: string}} props */
export default function Month({ id }) {
  const budgets = useAnswer(budgetPath(id), { subject: `budgets ${id}` });
  const forecast = useAnswer(pathOf("v1/analytics/forecast", { organization_id: id, amounts: "string" }), { subject: `forecast ${id}` });
  const isLoaded = (budgets.data || budgets.error) && (forecast.data || forecast.error);
  const own = (budgets.data?.budgets ?? []).filter((/** @type {any} */ it) => !it.user_id);
  const users = (budgets.data?.budgets ?? []).length - own.length;
  const link = (/** @type {string} */ text) => html`<a href=${hrefTo(["alerts"], { show: "budgets", organization: id })}>${text}</a>`;
  return html`<${Tiles} tiles=${isLoaded && [forecastTile(forecast.data, users ? link(pluralize(users, "budget of a user", "budgets of users")) : ""), ...BUDGETS.map((it) => budgetTile(it, own, link))]} />`;
}

/** @param {string} name @param {string} value @param {any} note @returns {import("../parts/tiles.js").Tile} */
const tile = (name, value, note) => ({ name, value, note, now: 0, before: null });

/** @param {any} data Null when it could not be loaded. @param {any} note */
function forecastTile(data, note) {
  if (!data?.currency) return tile("Expected this month", "–", note);
  const { forecast, low, high, currency } = data;
  const range = low !== null && `${money(low, currency)} to ${money(high, currency)}`;
  return tile("Expected this month", money(forecast, currency), html`${range}${range && html`<br />`}${note}`);
}

/** @param {[string, string, string]} kind @param {any[]} own The budgets of the organization itself. @param {(text: string) => any} link */
function budgetTile([period, field, name], own, link) {
  const it = own.find((one) => periodOf(one) === period);
  if (!it) return tile(name, "–", link("not set"));
  const when = it.passed_on && `${it.state === "over" ? "exceeded" : "will be exceeded"} ${shortDay(it.passed_on)}`;
  return tile(name, percent(it.used), html`${link(`of ${money(it[field], it.currency)}`)}<br />${when || (it.state === "over" ? "exceeded" : "")}`);
}
