/** The events behind a figure, newest first, by page; each shows why it costs what it does. */
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { ApiError, ask, pathOf } from "../state/api.js";
import { useAnswer } from "../state/resource.js";
import { change, hrefWith, route } from "../state/route.js";
import { key, signOutIfRefused } from "../state/session.js";
import { days, exactMoney, moment, money, quantity } from "../words/format.js";
import { kindOf, meterName } from "../words/meters.js";
import { EventDetail } from "./event_detail.js";
import { Foreign } from "./foreign.js";
import { html } from "./html.js";
import { Empty, Refused, Skeleton } from "./states.js";
import { ExportMenu, KindOptions } from "./toolbar.js";

/** @typedef {import("../views/organization.js").Organization} Organization */

const A_PAGE = 50;

/**
 * @param {string} organization
 * @param {string | null} user Null for organization-level events.
 * @param {import("../state/period.js").QueriedDays} period
 * @param {string | undefined} kind
 */
export const eventsPath = (organization, user, period, kind) =>
  pathOf("v1/events", {
    organization_id: organization,
    user_id: user,
    organization_level: user === null,
    meter: kindOf(kind ?? "")?.meters.join(","),
    ...period.query,
    amounts: "string",
    limit: A_PAGE,
  });

/** @param {{organization: Organization, user: string | null, period: import("../state/period.js").QueriedDays}} props */
export function Events({ organization, user, period }) {
  const { query } = route.value;
  const path = eventsPath(organization.id, user, period, query.events);
  const answer = useAnswer(path, { live: false, subject: `events ${organization.id} ${user}` });
  const more = useMore(path, answer);
  const events = answer.data ? [...answer.data.events, ...more.events] : [];
  return html`
    <section class="events" id="events" aria-label="Events">
      <header>
        <h2>Events</h2>
        <select aria-label="Kind of event" value=${query.events ?? ""} onChange=${(/** @type {any} */ e) => change({ events: e.target.value || null, event: null })}>
          <${KindOptions} all="All kinds" brand=${user === null} />
        </select>
      </header>
      ${answer.error && html`<${Refused} error=${answer.error} reload=${answer.reload} />`}
      ${!answer.error && (!answer.data || (answer.loading && !events.length)) && html`<${Skeleton} lines=${4} class="rows" />`}
      ${answer.data && !answer.loading && !events.length && html`<${Empty} title="No events">No events of this kind in this period.<//>`}
      ${query.event && !events.some((it) => it.id === query.event) && answer.data && html`<${EventDetail} organization=${organization} id=${query.event} />`}
      <ul class=${answer.loading ? "dimmed" : ""}>
        ${events.map((it) => html`<${Event} key=${it.id} event=${it} organization=${organization} open=${it.id === query.event} />`)}
      </ul>
      ${more.error && html`<${Refused} error=${more.error} reload=${more.next} />`}
      ${more.cursor && !more.error && !answer.loading && html`<button type="button" class="button" disabled=${more.loading} onClick=${more.next}>${more.loading ? "Loading…" : "Show more"}</button>`}
    </section>
  `;
}

/**
 * The pages after the first. They belong to one answer: when a new answer arrives, pending requests
 * are aborted and these pages are dropped.
 * @param {string} path
 * @param {import("../state/resource.js").Resource} answer
 */
function useMore(path, answer) {
  const none = { events: /** @type {any[]} */ ([]), cursor: answer.data?.next_cursor ?? null, error: /** @type {ApiError | null} */ (null), loading: false };
  const [kept, setKept] = useState({ of: answer.data, ...none });
  const stop = useRef(new AbortController());
  useEffect(() => {
    stop.current = new AbortController();
    return () => stop.current.abort();
  }, [path, answer.data]);
  const more = kept.of === answer.data ? kept : { of: answer.data, ...none };
  const next = async () => {
    const { signal } = stop.current;
    setKept({ ...more, error: null, loading: true });
    try {
      const { data } = await ask(key.value, `${path}&cursor=${encodeURIComponent(more.cursor ?? "")}`, { signal });
      if (!signal.aborted) setKept({ ...more, events: [...more.events, ...data.events], cursor: data.next_cursor, error: null, loading: false });
    } catch (error) {
      if (signal.aborted) return;
      signOutIfRefused(error);
      if (!(error instanceof ApiError)) throw error;
      setKept({ ...more, error, loading: false });
    }
  };
  return { ...more, next };
}

/** @param {{event: any, organization: Organization, open: boolean}} props */
const Event = ({ event, organization, open }) => html`
  <li>
    <button type="button" class="event" aria-expanded=${open} onClick=${() => change({ event: open ? null : event.id }, { replace: true })}>
      <time datetime=${event.time}>${moment(event.time, organization.timezone)}</time>
      <span class="what"><bdi>${meterName(event.type)}</bdi>${event.reverses ? ", reversal" : ""}</span>
      <span class="much">${quantity(event.quantity, event.unit)}</span>
      <b>${exactMoney(event.cost, organization.currency)}</b>
    </button>
    ${open && html`<${EventDetail} organization=${organization} id=${event.id} />`}
  </li>
`;

/** @param {{children: any}} props A link to the events of the kind that the view shows. */
export const OrganizationLevelLink = ({ children }) => html`
  <a href=${hrefWith({ level: "organization", events: route.value.query.kind, user: null, event: null })}>${children}</a>
`;

/** @param {{organization: Organization, period: import("../state/period.js").Period, cost?: number}} props */
export const OrganizationLevel = ({ organization, period, cost }) => html`
  <header class="user-head">
    <div>
      <h2 id="drawer-heading">Organization-level usage</h2>
      <p class="note">Not attributed to a user of <${Foreign} text=${organization.name} />, ${days(period.start, period.end)}</p>
    </div>
    ${cost !== undefined && html`<p class="user-cost"><b>${money(cost, organization.currency)}</b></p>`}
  </header>
  <${Events} organization=${organization} user=${null} period=${period} />
  <div class="toolbar">
    <${ExportMenu} paths=${[{ name: "These events", path: eventsPath(organization.id, null, period, route.value.query.events) }]} />
  </div>
`;
