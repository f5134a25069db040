/** Prices: which books are in force, what they say, and what something would cost. */
import { pathOf } from "../state/api.js";
import { useAnswer } from "../state/resource.js";
import { change, hrefWith, route } from "../state/route.js";
import { isAdmin } from "../state/session.js";
import { count, day } from "../words/format.js";
import { METERS, meterName } from "../words/meters.js";
import { Foreign, Sentence } from "../parts/foreign.js";
import { html } from "../parts/html.js";
import { Calculator } from "../parts/calculator.js";
import { Empty, Refused, Skeleton } from "../parts/states.js";
import { ExportMenu } from "../parts/toolbar.js";

const A_PAGE = 1000;

/** @param {{viewer: import("../state/session.js").Viewer}} props */
export const PricesView = ({ viewer }) => html`
  <div class="heading"><h1>${isAdmin(viewer) ? "Prices" : "Estimate"}</h1></div>
  <${Calculator} viewer=${viewer} />
  ${isAdmin(viewer) && html`<${Books} />`}
`;

function Books() {
  const books = useAnswer("v1/price-books", { live: false });
  const listed = books.data?.price_books ?? [];
  const wanted = route.value.query.book ?? String(listed.find((/** @type {any} */ it) => it.status === "published")?.version ?? "");
  return html`
    <section class="panel" aria-label="Price books">
      <header><h2>Price books</h2><${ExportMenu} paths=${[{ name: "Price books", path: "v1/price-books" }]} /></header>
      ${books.error && html`<${Refused} error=${books.error} reload=${books.reload} />`}
      ${!books.error && !books.data && html`<${Skeleton} lines=${3} class="rows" />`}
      ${books.data && !listed.length && html`<${Empty} title="No price books">Load one with <code>tollbook prices load</code>. Until then, all usage is quarantined.<//>`}
      ${listed.length > 0 &&
      html`
        <div class="plain-table" tabindex="0" role="region" aria-label="List of price books">
          <table>
            <thead><tr><th scope="col">Book</th><th scope="col">Status</th><th scope="col">Effective from</th><th scope="col">Applies to</th><th scope="col">Currency</th></tr></thead>
            <tbody>
              ${listed.map(
                (/** @type {any} */ it) => html`
                  <tr key=${it.version} aria-current=${String(it.version) === wanted ? "true" : undefined}>
                    <th scope="row"><a href=${hrefWith({ book: it.version, prefix: null })}><${Foreign} text=${it.name} /></a> <span class="note">version ${it.version}</span></th>
                    <td><span class=${`badge ${it.status}`}>${it.status === "published" ? "in force" : it.status}</span></td>
                    <td>${it.effective_from ? day(it.effective_from) : ""}</td>
                    <td>${it.organization_id ? html`<${Foreign} text=${it.organization_id} />` : "All organizations"}</td>
                    <td>${it.currency}</td>
                  </tr>
                `,
              )}
            </tbody>
          </table>
        </div>
      `}
    </section>
    ${wanted && books.data && html`<${Rates} key=${wanted} version=${wanted} />`}
  `;
}

/** @param {{version: string}} props */
function Rates({ version }) {
  const { after = "", prefix = "", meter = "" } = route.value.query;
  const to = prefix.replace(/[^\d]/g, "");
  const path = pathOf(`v1/price-books/${version}`, { limit: A_PAGE, after, to });
  const answer = useAnswer(path, { live: false });
  const rates = (answer.data?.rates ?? []).filter((/** @type {any} */ it) => !meter || it.meter === meter);
  return html`
    <section class="panel" aria-label="Rates">
      <header>
        <h2>${answer.data ? html`Rates of <${Foreign} text=${answer.data.price_book.name} />` : "Rates"}</h2>
        <div class="toolbar">
          <label class="search"><input type="search" inputmode="tel" aria-label="Search by destination" placeholder="Destination (+44 20)" value=${prefix} onInput=${(/** @type {any} */ e) => change({ prefix: e.target.value || null, after: null }, { replace: true })} /></label>
          <select aria-label="Kind of usage" value=${meter} onChange=${(/** @type {any} */ e) => change({ meter: e.target.value || null })}>
            <option value="">All usage</option>
            ${METERS.map((it) => html`<option key=${it.type} value=${it.type}>${it.name}</option>`)}
          </select>
        </div>
      </header>
      ${answer.error && html`<${Refused} error=${answer.error} reload=${answer.reload} />`}
      ${!answer.error && !answer.data && html`<${Skeleton} lines=${5} class="rows" />`}
      ${answer.data && !rows(rates).length && html`<${Empty} title="No matching rates">No rate on this page matches. ${answer.data.next_after ? "There are more pages." : ""}<//>`}
      ${rates.length > 0 &&
      html`
        <div class="plain-table tall" tabindex="0" role="region" aria-label="List of rates">
          <table>
            <thead><tr><th scope="col">Usage</th><th scope="col">Destination</th><th scope="col">Conditions</th><th scope="col" class="number">Price</th><th scope="col">Per</th></tr></thead>
            <tbody>${rows(rates)}</tbody>
          </table>
        </div>
      `}
      ${answer.data &&
      html`<p class="note below">
        ${count(rates.length)} of ${count(answer.data.rates.length)} rates on this page. A rate without a destination applies to all destinations. ${(after || !answer.loading) && answer.data.next_after && html`<a href=${hrefWith({ after: answer.data.next_after })}>Next page</a>`}
        ${after && html` <a href=${hrefWith({ after: null })}>First page</a>`}
      </p>`}
    </section>
  `;
}

/** @param {any[]} rates */
const rows = (rates) =>
  rates.slice(0, A_PAGE).map(
    (it) => html`
      <tr key=${it.rate_id}>
        <th scope="row">${meterName(it.meter)}</th>
        <td>${it.to ?? (it.from ? `from ${it.from}` : "")}${it.destination && html` <span class="note"><${Foreign} text=${it.destination} /></span>`}</td>
        <td class="note"><${Sentence} text=${conditions(it)} /></td>
        <td class="number">${String(it.price ?? "")}</td>
        <td>${it.per ?? ""}</td>
      </tr>
    `,
  );

/** @param {any} rate Its fields except price and destination. */
function conditions(rate) {
  const fields = { ...rate };
  for (const name of ["rate_id", "meter", "price", "per", "to", "from", "destination"]) delete fields[name];
  return Object.entries(fields)
    .map(([name, value]) => `${name.replaceAll("_", " ")} ${typeof value === "string" ? value : JSON.stringify(value).replace(/["{}[\]]/g, "")}`)
    .join("; ");
}
