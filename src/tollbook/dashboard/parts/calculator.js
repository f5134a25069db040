/** The cost estimate of an event that is not stored. */
import { useRef, useState } from "../vendor/hooks.js";
import { ApiError, ask, pathOf } from "../state/api.js";
import { useAnswer } from "../state/resource.js";
import { key, signOutIfRefused } from "../state/session.js";
import { optionText } from "../words/foreign.js";
import { exactMoney } from "../words/format.js";
import { METERS, meterOf } from "../words/meters.js";
import { Charge } from "./event_detail.js";
import { Sentence } from "./foreign.js";
import { html } from "./html.js";
import { Refused } from "./states.js";

/** @type {Record<string, string>} */
const QUANTITIES = {
  "voice.call": "Seconds",
  "kb.usage": "Seconds",
  "api.request": "Requests",
  "api.storage": "GB-days",
  "phone.rental": "Months",
  "kb.rental": "Months",
};
const WITH_NUMBER = new Set(["sms.outbound", "sms.inbound", "mms.outbound", "mms.inbound", "voice.call"]);

/** @param {string} type */
const withNumber = (type) => WITH_NUMBER.has(type) || Boolean(meterOf(type)?.own);

/** @param {string} type */
function quantityName(type) {
  const meter = meterOf(type);
  if (meter?.own) return meter.own[0].toUpperCase() + meter.own.slice(1);
  return QUANTITIES[type] ?? (meter?.unit === "messages" ? "Segments" : "Quantity");
}

/** @param {{viewer: import("../state/session.js").Viewer}} props */
export function Calculator({ viewer }) {
  const directory = useAnswer("v1/organizations", { live: false });
  const organizations = directory.data?.organizations ?? [];
  const [form, setForm] = useState({ organization: viewer.organization_id ?? "", type: "voice.call", quantity: "60", number: "+442071838750" });
  const [result, setResult] = useState(/** @type {any} */ (null));
  const latest = useRef(form);
  latest.current = form;
  const organization = form.organization || organizations[0]?.id || "";
  const set = (/** @type {string} */ name) => (/** @type {any} */ e) => {
    setForm({ ...form, [name]: e.target.value });
    setResult(null);
  };
  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    const inbound = form.type.endsWith(".inbound");
    const attributes = withNumber(form.type) && form.number ? { [inbound ? "from" : "to"]: form.number.replace(/[\s()-]/g, "") } : {};
    const body = {
      id: "estimate",
      type: form.type,
      organization_id: organization,
      user_id: viewer.user_id ?? undefined,
      time: new Date().toISOString(),
      quantity: form.quantity,
      resource_id: form.type.startsWith("kb.") || form.type === "phone.rental" || meterOf(form.type)?.resource ? "estimate" : undefined,
      attributes,
    };
    const submitted = form;
    const show = (/** @type {any} */ it) => latest.current === submitted && setResult(it);
    try {
      show((await ask(key.value, pathOf("v1/rate", { amounts: "string" }), { method: "POST", body })).data.charges[0]);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      signOutIfRefused(error);
      show({ status: "refused", error: `${error.message}; select Calculate to try again` });
    }
  };
  return html`
    <section class="panel calculator" aria-label="Cost estimate">
      <header><h2>Cost estimate</h2></header>
      ${directory.error && html`<${Refused} error=${directory.error} reload=${directory.reload} />`}
      <form onSubmit=${submit}>
        ${!viewer.organization_id &&
        html`<label>Organization<select value=${organization} onChange=${set("organization")}>${organizations.map((/** @type {any} */ it) => html`<option key=${it.id} value=${it.id}>${optionText(it.name)}</option>`)}</select></label>`}
        <label>Usage<select value=${form.type} onChange=${set("type")}>${METERS.map((it) => html`<option key=${it.type} value=${it.type}>${it.name}</option>`)}</select></label>
        <label>${quantityName(form.type)}<input inputmode="decimal" value=${form.quantity} onInput=${set("quantity")} required /></label>
        ${withNumber(form.type) &&
        html`<label>${form.type.endsWith(".inbound") ? "From number" : "To number"}<input type="tel" value=${form.number} onInput=${set("number")} placeholder="+442071838750" /></label>`}
        <button type="submit" class="button primary">Calculate</button>
      </form>
      <div role="status">
        ${result?.charge && html`<p class="figure">${exactMoney(result.charge.cost, result.charge.currency)}</p><${Charge} charge=${result.charge} />`}
        ${result && !result.charge && html`<p class="notice"><${Sentence} text=${result.error} />.</p>`}
        ${!result && html`<p class="note">Estimate at current prices. Nothing is saved.</p>`}
      </div>
    </section>
  `;
}
