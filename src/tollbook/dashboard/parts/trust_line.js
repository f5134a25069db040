/** The state of the figures: their time, whether they will change, and quarantined events. */
import { hrefTo } from "../state/route.js";
import { visibleText } from "../words/foreign.js";
import { clock, pluralize, isKnownZone } from "../words/format.js";
import { html } from "./html.js";

/**
 * @param {{
 *   answer: import("../state/resource.js").Resource, timezone: string, period: import("../state/period.js").Period,
 *   organization?: string, admin: boolean,
 * }} props
 */
export function TrustLine({ answer, timezone, period, organization, admin }) {
  const asOf = answer.headers?.get("x-as-of");
  if (!asOf) return html`<p class="trust"> </p>`;
  const quarantined = Number(answer.headers?.get("x-quarantined") ?? answer.data?.meta?.quarantined_events ?? NaN);
  const open = answer.data?.meta && !answer.loading ? answer.data.meta.period_state === "open" : period.open;
  return html`
    <p class="trust">
      <span class=${answer.error ? "dot late" : "dot"} aria-hidden="true"></span>
      <span>As of ${clock(asOf, timezone)}${answer.error ? "; not updated since, because the server cannot be reached" : ""}</span>
      <span>${open ? "In progress: figures will still change" : "Ended: late usage may still arrive"}</span>
      ${quarantined === 0 && html`<span>No events in quarantine</span>`}
      ${quarantined > 0 &&
      html`<span class="waiting">
        ${admin
          ? html`<a href=${hrefTo(["quarantine"], { organization })}>${pluralize(quarantined, "event")} in quarantine</a>`
          : `${pluralize(quarantined, "event")} in quarantine`}, not charged yet
      </span>`}
      <span>Time zone: <bdi>${visibleText(timezone)}</bdi></span>
      ${!isKnownZone(timezone) && html`<span class="waiting">This browser does not support this time zone; times are shown in UTC</span>`}
    </p>
  `;
}
