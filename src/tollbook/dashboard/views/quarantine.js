/** What waits for a price or an owner, why, and the way back into the ledger. */
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { ApiError, ask, pathOf } from "../state/api.js";
import { useAnswer } from "../state/resource.js";
import { hrefWith, route } from "../state/route.js";
import { key, noticeRefusal } from "../state/session.js";
import { counted, moment } from "../words/format.js";
import { meterName } from "../words/meters.js";
import { Foreign, Sentence } from "../parts/foreign.js";
import { html } from "../parts/html.js";
import { Empty, Refused, Skeleton } from "../parts/states.js";
import { TakeAlong } from "../parts/toolbar.js";

const A_PAGE = 200;

/** @type {Record<string, string>} */
const REMEDIES = {
  unknown_organization: "Create the organization, then replay.",
  no_price: "Load a price book that prices it, then replay.",
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
          Usage that was kept and not charged, because nothing fits it yet${own ? html`, of <b><${Foreign} text=${own} /></b>` : ""}.
          ${organization && !viewer.organization_id && html` <a href=${hrefWith({ organization: null, cursor: null })}>Show all organizations</a>`}
        </p>
      </div>
      <${Replay} organization=${own} reload=${answer.reload} />
    </div>
    ${answer.error && html`<${Refused} error=${answer.error} reload=${answer.reload} />`}
    ${!answer.error && !answer.data && html`<${Skeleton} lines=${5} class="rows" />`}
    ${answer.data && !events.length && html`<${Empty} title="Nothing in quarantine">Every event has an owner and a price.<//>`}
    ${events.length > 0 &&
    html`
      <section class="panel">
        <header><h2>${counted(events.length, "event")}${answer.data.next_cursor ? " on this page" : ""}</h2><${TakeAlong} paths=${[{ name: "These events", path }]} /></header>
        <div class="plain-table" tabindex="0" role="region" aria-label="Events in quarantine">
          <table>
            <thead><tr><th scope="col">Organization</th><th scope="col">Event</th><th scope="col">Kind</th><th scope="col">Why</th><th scope="col">Received</th></tr></thead>
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
  const [said, setSaid] = useState("");
  const [busy, setBusy] = useState(false);
  const current = useRef(organization);
  current.current = organization;
  useEffect(() => setSaid(""), [organization]);
  const replay = async () => {
    setBusy(true);
    const about = organization;
    const say = (/** @type {string} */ text) => current.current === about && setSaid(text);
    try {
      const { data } = await ask(key.value, pathOf("v1/quarantine/replay", { organization_id: organization }), { method: "POST" });
      say(`${counted(data.released, "event")} charged, ${counted(data.remaining, "event")} still waiting.`);
      reload();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      noticeRefusal(error);
      say(`${error.message}; press Replay to try again.`);
    }
    setBusy(false);
  };
  return html`
    <div class="replay">
      <span role="status" class="note"><${Sentence} text=${said} /></span>
      <button type="button" class="button primary" disabled=${busy} onClick=${replay}>Replay</button>
    </div>
  `;
}
