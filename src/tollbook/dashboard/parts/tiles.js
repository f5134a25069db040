/** The main figures of a view. */
import { changeOf, exactSum, marginOf } from "../words/figures.js";
import { changeText, count, days, minutes, money, percent } from "../words/format.js";
import { html } from "./html.js";
import { Skeleton } from "./states.js";

/**
 * @typedef {Object} Tile
 * @property {string} name
 * @property {string} value
 * @property {any} [note]
 * @property {number} now
 * @property {number | null} before Null while it is unknown.
 */

/** @param {{tiles: Tile[] | null, against?: import("../state/period.js").Days, dimmed?: boolean}} props `against` is the period to compare with. */
export const Tiles = ({ tiles, against, dimmed = false }) => html`
  <dl class=${`tiles${dimmed ? " dimmed" : ""}`}>
    ${(tiles ?? Array.from({ length: 4 }, () => null)).map(
      (it, index) => html`
        <div key=${index} class=${`tile${index ? "" : " main"}`}>
          ${it
            ? html`
                <dt>${it.name}</dt>
                <dd class="figure" style=${{ "--letters": it.value.length }}>${it.value}</dd>
                <dd class="note">${it.note && html`<span>${it.note}</span>`}<${Change} now=${it.now} before=${it.before} against=${named(against)} /></dd>
              `
            : html`<dt><${Skeleton} /></dt><dd class="figure"><${Skeleton} class="tall" /></dd><dd class="note"><${Skeleton} /></dd>`}
        </div>
      `,
    )}
  </dl>
  ${against && html`<p class="note against">Compared with ${named(against)}.</p>`}
`;

/** @param {import("../state/period.js").Days | undefined} period */
const named = (period) => (period ? days(period.start, period.end) : "");

/** @param {{now: number, before: number | null, against: string}} props */
export function Change({ now, before, against }) {
  if (before === null) return null;
  const change = changeOf(now, before);
  const way = !change ? "" : change > 0 ? "▲" : "▼";
  return html`<span class=${`change${change ? " moved" : ""}`} title=${`Compared with ${against}`}>${way} ${changeText(change)}<span class="unseen"> compared with ${against}</span></span>`;
}

/** @param {any[]} rows Users or organizations. @param {number} [own] Cost that no row includes. */
export function figuresOf(rows, own = 0) {
  const sum = (/** @type {string} */ name) => exactSum(rows.map((it) => it[name] ?? it.cost_breakdown[name]));
  const sent = sum("total_sms_sent") + sum("total_mms_sent");
  return {
    cost: exactSum([sum("total_cost"), own]),
    sent,
    messages: sent + sum("total_sms_received") + sum("total_mms_received"),
    calls: sum("total_voice_calls"),
    seconds: sum("total_voice_seconds"),
    requests: sum("api_requests_count"),
  };
}

/**
 * @param {ReturnType<typeof figuresOf>} now
 * @param {ReturnType<typeof figuresOf> | null} then
 * @param {string} currency
 * @param {any} note
 */
export function tilesOf(now, then, currency, note) {
  const tile = (/** @type {string} */ name, /** @type {"cost" | "messages" | "calls" | "requests"} */ key, about = /** @type {any} */ ("")) => ({
    name, value: key === "cost" ? money(now.cost, currency) : count(now[key]), note: about, now: now[key], before: then ? then[key] : null,
  });
  return [
    tile("Cost", "cost", note),
    tile("Messages", "messages", `${count(now.sent)} sent`),
    tile("Calls", "calls", `${minutes(now.seconds)} min`),
    tile("API requests", "requests"),
  ];
}

/**
 * The tile of the margin.
 * @param {any[]} rows With margins, null where no buy price is known.
 * @param {string} currency
 * @returns {Tile}
 */
export function marginTile(rows, currency) {
  const { margin, share } = marginOf(rows);
  const value = margin === null ? "unknown" : money(margin, currency);
  return { name: "Margin", value, note: share === null ? "" : `buy price known for ${percent(share)} of cost`, now: 0, before: null };
}
