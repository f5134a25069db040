/** The organizations and destinations that are sold below their buy price, for keys of the whole tenant. */
import { pathOf } from "../state/api.js";
import { useAnswer } from "../state/resource.js";
import { hrefTo } from "../state/route.js";
import { money } from "../words/format.js";
import { Foreign } from "./foreign.js";
import { html } from "./html.js";

const MOST = 10;

/** @param {any[]} rows @param {string} name The field of the margin, null where it is unknown. */
const lossesOf = (rows, name) => rows.filter((it) => !it.rest && it[name] !== null && Number(it[name]) < 0).slice(0, MOST);

/** @param {{period: import("../state/period.js").Period, filters: Record<string, string | undefined>, currency: string}} props */
export function Losses({ period, filters, currency }) {
  const query = { ...period.query, ...filters, include: "margin", sort: "margin", amounts: "string" };
  const organizations = useAnswer(pathOf("v1/analytics/organizations", { ...query, order: "asc", limit: String(MOST) }), { subject: `losses ${currency}` });
  const destinations = useAnswer(pathOf("v1/analytics/series", { ...query, split_by: "country", bucket: "month", top: String(MOST) }), { subject: `losses by country ${currency}` });
  const sold = lossesOf(organizations.data?.organizations ?? [], "margin");
  const called = lossesOf(destinations.data?.series ?? [], "total_margin");
  if (!sold.length && !called.length) return null;
  return html`
    <section class="losses">
      <h2>Sold below the buy price</h2>
      ${sold.length > 0 && html`<h3>Organizations</h3><ul class="plain-list">
        ${sold.map((it) => html`<li key=${it.organization_id}><a href=${hrefTo(["organizations", it.organization_id])}><${Foreign} text=${it.organization_name} /></a> ${money(it.margin, currency)}</li>`)}
      </ul>`}
      ${called.length > 0 && html`<h3>Destinations</h3><ul class="plain-list">
        ${called.map((it) => html`<li key=${it.key}>${it.key || "no country"} ${money(it.total_margin, currency)}</li>`)}
      </ul>`}
    </section>
  `;
}
