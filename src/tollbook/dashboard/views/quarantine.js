/** The view of quarantined events: their reasons, and replay. */
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { ApiError, ask, pathOf } from "../state/api.js";
import { useAnswer } from "../state/resource.js";
import { hrefWith, route } from "../state/route.js";
import { key, signOutIfRefused } from "../state/session.js";
import { pluralize, moment } from "../words/format.js";
import { meterName } from "../words/meters.js";
import { Foreign, Sentence } from "../parts/foreign.js";
import { html } from "../parts/html.js";
import { Empty, Refused, Skeleton } from "../parts/states.js";
import { ExportMenu } from "../parts/toolbar.js";

const A_PAGE = 200;

/** @type {Record<string, string>} */
const REMEDIES = {
  unknown_organization: "Create the organization, then replay.",
  no_price: "Load a price book with a price for it, then replay.",
};

/** @param {{viewer: import("../state/session.js").Viewer}} props */
export function QuarantineView({ viewer }) {
  const { organization = "", cursor = "" } = route.value.query;
  const own = viewer.organization_id ?? organization;
  const path = pathOf("v1/quarantine", { organization_id: own, limit: A_PAGE, cursor });
  const answer = useAnswer(path);
  const events = answer.data?.quarantine ?? [];
  return html`
    <div class="heading">
      <div>
        <h1>Quarantine</h1>
        <p class="note">
          Events${own ? html` of <b><${Foreign} text=${own} /></b>` : ""} that are stored but not charged.
          ${organization && !viewer.organization_id && html` <a href=${hrefWith({ organization: null, cursor: null })}>Show all organizations</a>`}
        </p>
      </div>
      <${Replay} organization=${own} reload=${answer.reload} />
    </div>
    ${answer.error && html`<${Refused} error=${answer.error} reload=${answer.reload} />`}
    ${!answer.error && !answer.data && html`<${Skeleton} lines=${5} class="rows" />`}
    ${answer.data && !events.length && html`<${Empty} title="No events in quarantine">Every event has an organization and a price.<//>`}
    ${events.length > 0 &&
    html`
      <section class="panel">
        <header><h2>${pluralize(events.length, "event")}${answer.data.next_cursor ? " on this page" : ""}</h2><${ExportMenu} paths=${[{ name: "These events", path }]} /></header>
        <div class="plain-table" tabindex="0" role="region" aria-label="Events in quarantine">
          <table>
            <thead><tr><th scope="col">Organization</th><th scope="col">Event</th><th scope="col">Usage</th><th scope="col">Reason</th><th scope="col">Received</th></tr></thead>
            <tbody>
              ${events.map(
                (/** @type {any} */ it) => html`
                  <tr key=${`${it.organization_id} ${it.id}`}>
                    <td><${Foreign} text=${it.organization_id} /></td>
                    <td><details><summary><code><${Foreign} text=${it.id} /></code></summary><pre tabindex="0"><${Sentence} text=${JSON.stringify(it.event, null, 2)} lines=${true} /></pre></details></td>
                    <td>${meterName(it.event.type)}</td>
                    <td><${Sentence} text=${it.reason} />.<br /><span class="note">${REMEDIES[it.code] ?? ""}</span></td>
                    <td>${moment(it.received_at, "UTC")} UTC</td>
                  </tr>
                `,
              )}
            </tbody>
          </table>
        </div>
        ${(cursor || !answer.loading) && answer.data.next_cursor && html`<p><a class="button" href=${hrefWith({ cursor: answer.data.next_cursor })}>Next page</a></p>`}
      </section>
    `}
  `;
}

/** @param {{organization: string, reload: () => void}} props */
function Replay({ organization, reload }) {
  const [message, setMessage] = useState("");
  const [busy, setBusy] = useState(false);
  const current = useRef(organization);
  current.current = organization;
  useEffect(() => setMessage(""), [organization]);
  const replay = async () => {
    setBusy(true);
    const replayed = organization;
    const report = (/** @type {string} */ text) => current.current === replayed && setMessage(text);
    try {
      const { data } = await ask(key.value, pathOf("v1/quarantine/replay", { organization_id: organization }), { method: "POST" });
      report(`${pluralize(data.released, "event")} charged, ${pluralize(data.remaining, "event")} still in quarantine.`);
      reload();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      signOutIfRefused(error);
      report(`${error.message}; select Replay to try again.`);
    }
    setBusy(false);
  };
  return html`
    <div class="replay">
      <span role="status" class="note"><${Sentence} text=${message} /></span>
      <button type="button" class="button primary" disabled=${busy} onClick=${replay}>Replay</button>
    </div>
  `;
}
