/** The view of alerts: triggers, notifications, budgets and endpoints. It is loaded when it is opened. */
import { useAnswer } from "../state/resource.js";
import { change, hrefWith, route } from "../state/route.js";
import { isAdmin } from "../state/session.js";
import { Foreign } from "../parts/foreign.js";
import { html } from "../parts/html.js";
import { Budgets } from "./budgets.js";
import { Endpoints } from "./endpoints.js";
import { Notifications } from "./notifications.js";
import { Triggers } from "./triggers.js";

const PARTS = { triggers: Triggers, notifications: Notifications, budgets: Budgets, endpoints: Endpoints };

/** @param {{viewer: import("../state/session.js").Viewer}} props */
export default function AlertsView({ viewer }) {
  const { show = "", organization = "" } = route.value.query;
  const admin = isAdmin(viewer);
  const endpoints = useAnswer(admin ? "v1/endpoints" : null);
  const parts = Object.keys(PARTS).filter((it) => admin || it !== "endpoints");
  const shown = parts.includes(show) ? show : "triggers";
  const Part = PARTS[/** @type {keyof typeof PARTS} */ (shown)];
  const failed = (endpoints.data?.endpoints ?? []).filter((/** @type {any} */ it) => ["failing", "gone"].includes(it.status));
  return html`
    <div class="heading">
      <div>
        <h1>Alerts</h1>
        ${organization && !viewer.organization_id &&
        html`<p class="note">Of <b><${Foreign} text=${organization} /></b>. <a href=${hrefWith({ organization: null, cursor: null })}>Show all organizations</a></p>`}
      </div>
      <div class="choice" style=${{ flexWrap: "wrap" }} role="group" aria-label="Parts of alerts">
        ${parts.map((it) => html`<button key=${it} type="button" aria-pressed=${it === shown} onClick=${() => change({ show: it, cursor: null, endpoint: null })}>${it[0].toUpperCase() + it.slice(1)}</button>`)}
      </div>
    </div>
    ${failed.length > 0 &&
    html`<p class="notice" role="alert">
      Disabled, and notifications wait: ${failed.map((/** @type {any} */ it, /** @type {number} */ n) => html`${n ? ", " : ""}<a key=${it.id} href=${hrefWith({ show: "endpoints", endpoint: it.id, cursor: null })}><${Foreign} text=${it.name} /></a>`)}.
    </p>`}
    <${Part} key=${shown} viewer=${viewer} admin=${admin} endpoints=${endpoints} organization=${viewer.organization_id ?? organization} />
  `;
}
