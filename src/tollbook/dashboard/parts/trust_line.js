/** How far the figures can be trusted: as of when, whether they still grow, what waits. */
import { hrefTo } from "../state/route.js";
import { plainly } from "../words/foreign.js";
import { clock, counted, isKnownZone } from "../words/format.js";
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
  const waiting = Number(answer.headers?.get("x-quarantined") ?? answer.data?.meta?.quarantined_events ?? NaN);
  const open = answer.data?.meta && !answer.loading ? answer.data.meta.period_state === "open" : period.open;
  return html`
    <p class="trust">
      <span class=${answer.error ? "dot late" : "dot"} aria-hidden="true"></span>
      <span>As of ${clock(asOf, timezone)}${answer.error ? ", and not renewed since: the server cannot be reached" : ""}</span>
      <span>${open ? "Open: usage of this period still comes in" : "Ended; late usage may still come in"}</span>
      ${waiting === 0 && html`<span>Nothing in quarantine</span>`}
      ${waiting > 0 &&
      html`<span class="waiting">
        ${admin
          ? html`<a href=${hrefTo(["quarantine"], { organization })}>${counted(waiting, "event")} in quarantine</a>`
          : `${counted(waiting, "event")} in quarantine`}, not charged yet
      </span>`}
      <span>Days in <bdi>${plainly(timezone)}</bdi></span>
      ${!isKnownZone(timezone) && html`<span class="waiting">This browser does not know that zone: times are shown in UTC</span>`}
    </p>
  `;
}
