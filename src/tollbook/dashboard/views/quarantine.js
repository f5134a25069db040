/** The view of quarantined events: their causes, the events of each, and replay. */
import { useState } from "../vendor/hooks.js";
import { ApiError, ask, pathOf } from "../state/api.js";
import { useAnswer } from "../state/resource.js";
import { hrefWith, route } from "../state/route.js";
import { key, signOutIfRefused } from "../state/session.js";
import { count, days, moment, pluralize } from "../words/format.js";
import { meterName } from "../words/meters.js";
import { Foreign, Sentence } from "../parts/foreign.js";
import { html } from "../parts/html.js";
import { Empty, Refused, Skeleton } from "../parts/states.js";
import { ExportMenu } from "../parts/toolbar.js";

const A_PAGE = 200;

const LOAD = "Load a price book with a price for it, then replay";
/** @type {Record<string, string>} What makes a replay charge the events of a code. */
const REMEDIES = {
  unknown_organization: "Create the organization, then replay",
  no_price_book: LOAD,
  no_price: LOAD,
  currency_mismatch: "Load a price book in the organization's currency, then replay",
  cost_out_of_range: "Load a price book with a lower price, then replay",
  number_unreadable: "Set the number format of the organization, then replay",
  number_hidden: "Load a price book with prices by shorter prefixes, then replay",
  ends_in_future: "Wait until the call can have ended, then replay",
  implausibly_long: "Raise the limit on the length of calls, then replay",
  sum_out_of_range: "Reverse usage of that month, then replay",
};
/** @type {Record<string, string>} */
const WAYS = { correct: "correct the event", discard: "discard it" };

/** @param {{code: string, ways_out: string[]}} cause The ways out in words: what a replay needs, then the others. */
function waysOut({ code, ways_out: ways }) {
  const others = ways.filter((way) => way in WAYS).map((way) => WAYS[way]).join(", or ");
  const remedy = ways.includes("replay") ? `${REMEDIES[code] ?? "Replay"}. ` : "";
  return `${remedy}${remedy ? "Or" : "To leave the quarantine,"} ${others}.`;
}

/** @param {string} code Such as `no_price`. */
const nameOf = (code) => (code.charAt(0).toUpperCase() + code.slice(1)).replaceAll("_", " ");

/** @param {{viewer: import("../state/session.js").Viewer}} props */
export default function QuarantineView({ viewer }) {
  const { organization = "", cursor = "", code = "", from = "", until = "" } = route.value.query;
  const own = viewer.organization_id ?? organization;
  const selection = { organization_id: own, start_date: from, end_date: until };
  const inDays = Boolean(from && until);
  const path = pathOf("v1/quarantine", { ...selection, codes: code, amounts: "string", include: "causes,pending", limit: code || inDays ? A_PAGE : 1, cursor });
  const answer = useAnswer(path);
  const causes = answer.data?.causes ?? [];
  const cause = causes.find((/** @type {any} */ it) => it.code === code);
  const replay = useReplay(`${own} ${from} ${until}`, answer.reload);
  return html`
    <div class="heading">
      <div>
        <h1>Quarantine</h1>
        <p class="note">
          Events${own ? html` of <b><${Foreign} text=${own} /></b>` : ""} that are stored but not charged.
          ${organization && !viewer.organization_id && html` <a href=${hrefWith({ organization: null, from: null, until: null, cursor: null })}>Show all organizations</a>`}
        </p>
      </div>
      <div class="replay">
        <span role="status" class="note"><${Sentence} text=${replay.message} /></span>
        <button type="button" class="button primary" disabled=${replay.busy} onClick=${() => replay.begin(selection)}>Replay all</button>
      </div>
    </div>
    ${answer.error && html`<${Refused} error=${answer.error} reload=${answer.reload} />`}
    ${!answer.error && !answer.data && html`<${Skeleton} lines=${5} class="rows" />`}
    ${answer.data && !causes.length && html`<${Empty} title="No events in quarantine">Every event has an organization and a price.<//>`}
    ${answer.data?.pending && html`<${Pending} pending=${answer.data.pending} />`}
    ${causes.length > 0 && !inDays && html`<${Causes} causes=${causes} code=${code} busy=${replay.busy} replay=${(/** @type {string} */ codes) => replay.begin({ ...selection, codes })} />`}
    ${cause && !inDays && !answer.loading && html`<${Events} title=${`${nameOf(code)}: ${pluralize(cause.events, "event")}`} answer=${answer} path=${path} />`}
    ${causes.length > 0 && inDays && !answer.loading &&
    html`
      <p class="note"><a href=${hrefWith({ from: null, until: null, cursor: null })}>Show the events of all days</a></p>
      <${Events} title=${`Events of ${days(from, until)}`} answer=${answer} path=${path} />
    `}
  `;
}

/** @param {{pending: {under_1_day: number, from_1_to_7_days: number, over_7_days: number}}} props */
function Pending({ pending }) {
  const { under_1_day: under, from_1_to_7_days: between, over_7_days: over } = pending;
  const all = under + between + over;
  if (!all) return null;
  return html`
    <p class="note pending">
      <a href=${hrefWith({ code: "cost_pending", cursor: null })}>${pluralize(all, "event")}</a> without the carrier's price:${" "}
      ${count(under)} under 1 day old, ${count(between)} of 1 to 7 days, ${count(over)} older.
    </p>
  `;
}

/** @param {{causes: any[], code: string, busy: boolean, replay: (code: string) => void}} props */
const Causes = ({ causes, code, busy, replay }) => html`
  <section class="panel">
    <header><h2>Causes</h2></header>
    <div class="plain-table" tabindex="0" role="region" aria-label="Causes">
      <table>
        <thead><tr><th scope="col">Cause</th><th scope="col" class="number">Events</th><th scope="col">Example</th><th scope="col">Event</th><td></td></tr></thead>
        <tbody>
          ${causes.map(
            (it) => html`
              <tr key=${it.code} aria-current=${it.code === code ? "true" : undefined}>
                <th scope="row"><a href=${hrefWith({ code: it.code === code ? null : it.code, cursor: null })}>${nameOf(it.code)}</a></th>
                <td class="number">${count(it.events)}</td>
                <td><${Sentence} text=${it.example.reason} />.<br /><span class="note">${waysOut(it)}</span></td>
                <td><code><${Foreign} text=${it.example.id} /></code><br /><span class="note"><${Foreign} text=${it.example.organization_id} /></span></td>
                <td>${it.ways_out.includes("replay") && html`<button type="button" class="button" aria-label=${`Replay: ${nameOf(it.code)}`} disabled=${busy} onClick=${() => replay(it.code)}>Replay</button>`}</td>
              </tr>
            `,
          )}
        </tbody>
      </table>
    </div>
  </section>
`;

/** @param {{title: string, answer: import("../state/resource.js").Resource, path: string}} props Selected events, by page. */
const Events = ({ title, answer, path }) => html`
  <section class="panel">
    <header><h2>${title}</h2><${ExportMenu} paths=${[{ name: "These events", path }]} /></header>
    <div class="plain-table" tabindex="0" role="region" aria-label="Events in quarantine">
      <table>
        <thead><tr><th scope="col">Organization</th><th scope="col">Event</th><th scope="col">Usage</th><th scope="col">Reason</th><th scope="col">Received</th></tr></thead>
        <tbody>
          ${answer.data.quarantine.map(
            (/** @type {any} */ it) => html`
              <tr key=${`${it.organization_id} ${it.id}`}>
                <td><${Foreign} text=${it.organization_id} /></td>
                <td><details><summary><code><${Foreign} text=${it.id} /></code></summary><pre tabindex="0"><${Sentence} text=${JSON.stringify(it.event, null, 2)} lines=${true} /></pre></details></td>
                <td>${meterName(it.event.type)}</td>
                <td><${Sentence} text=${it.reason} />.<br /><span class="note">${waysOut(it)}</span></td>
                <td>${moment(it.received_at, "UTC")} UTC</td>
              </tr>
            `,
          )}
        </tbody>
      </table>
    </div>
    ${answer.data.next_cursor && html`<p class="note below"><a class="button" href=${hrefWith({ cursor: answer.data.next_cursor })}>Next page</a></p>`}
  </section>
`;

/** @param {string} subject Of the message: the events shown. @param {() => void} reload */
function useReplay(subject, reload) {
  const [result, setResult] = useState({ subject, message: "" });
  const [busy, setBusy] = useState(false);
  const begin = async (/** @type {Record<string, string>} */ selection) => {
    setBusy(true);
    const report = (/** @type {string} */ message) => setResult({ subject, message });
    try {
      let { run } = (await ask(key.value, pathOf("v1/quarantine/replay", selection), { method: "POST" })).data;
      while (run.status === "running") {
        await new Promise((done) => setTimeout(done, 500));
        ({ run } = (await ask(key.value, `v1/quarantine-runs/${run.id}`)).data);
      }
      report(`${pluralize(run.released, "event")} charged, ${pluralize(run.remaining, "event")} still in quarantine.`);
      reload();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      signOutIfRefused(error);
      report(`${error.message}; select Replay to try again.`);
    }
    setBusy(false);
  };
  return { message: result.subject === subject ? result.message : "", busy, begin };
}
