/** Endpoints, what was delivered to each, and changes of them. */
import { useState } from "../vendor/hooks.js";
import { pathOf } from "../state/api.js";
import { useAnswer } from "../state/resource.js";
import { hrefWith, route } from "../state/route.js";
import { moment } from "../words/format.js";
import { Foreign, Sentence } from "../parts/foreign.js";
import { html } from "../parts/html.js";
import { Field, Form, Listed, Outcome, RowButton, Select, Subject, listOf, useChanges } from "./acting.js";
import { typeName } from "./notifications.js";

const A_PAGE = 50;
/** @type {[string, string][]} */
const KINDS = [["webhook", "Webhook"], ["slack", "Slack"], ["teams", "Microsoft Teams"], ["mail", "Mail"]];

/** @param {any} it An endpoint. */
const pathTo = (it) => `v1/endpoints/${it.id}`;

/** @param {{viewer: import("../state/session.js").Viewer, endpoints: import("../state/resource.js").Resource, organization: string}} props */
export function Endpoints({ viewer, endpoints, organization }) {
  const [edited, setEdited] = useState(/** @type {any} */ (null));
  const [secret, setSecret] = useState(/** @type {any} */ (null));
  const changes = useChanges(endpoints.reload);
  const rows = (endpoints.data?.endpoints ?? []).filter((/** @type {any} */ it) => !organization || it.organization_id === organization);
  const opened = rows.find((/** @type {any} */ it) => it.id === route.value.query.endpoint);
  const show = (/** @type {any} */ answer) => answer?.secret && setSecret({ name: answer.endpoint.name, text: answer.secret });
  const submit = async (/** @type {Record<string, string>} */ given) => {
    const { kind = edited.kind, name, address } = given;
    const where = !address ? {} : kind === "mail" ? { to: listOf(address) } : { url: address };
    const body = { name, types: listOf(given.types), ...where };
    const owner = viewer.organization_id ?? (given.organization || undefined);
    const saved = edited.id ? await changes.send("PATCH", pathTo(edited), body, "Changed.") : await changes.send("POST", "v1/endpoints", { ...body, kind, organization_id: owner }, "Added.");
    if (!saved) return;
    setEdited(null);
    show(saved);
  };
  const enable = (/** @type {any} */ it, /** @type {any} */ body) => changes.send("PATCH", pathTo(it), body, "Changed.");
  const rotate = async (/** @type {any} */ it) => confirm("Make a new secret? The old one also signs for a day.") && show(await changes.send("POST", `${pathTo(it)}/rotation`, {}, "The old secret also signs for a day."));
  const remove = (/** @type {any} */ it) => confirm("Remove this endpoint? What waits for it is discarded.") && changes.send("DELETE", pathTo(it), undefined, "Removed.");
  return html`
    ${secret && html`<p class="notice" role="status">The secret of <${Foreign} text=${secret.name} />, shown only now: <code>${secret.text}</code> <button type="button" class="button" onClick=${() => setSecret(null)}>Hide</button></p>`}
    ${edited && html`<${EndpointForm} key=${edited.id ?? "new"} endpoint=${edited} viewer=${viewer} organization=${organization} busy=${changes.busy} submit=${submit} close=${() => setEdited(null)} />`}
    <${Listed}
      title="Endpoints" answer=${endpoints} rows=${rows}
      columns=${["Name", "Kind", "Address", "Types", "Owner", "Status", ""]}
      none="An endpoint receives notifications: a webhook, a channel of Slack or Teams, or mail."
      tools=${html`<div class="toolbar"><${Outcome} changes=${changes} /><button type="button" class="button primary" onClick=${() => setEdited({})}>Add an endpoint</button></div>`}
    >
      ${(/** @type {any} */ it) => html`
        <tr key=${it.id} aria-current=${it === opened ? "true" : undefined}>
          <th scope="row"><a href=${hrefWith({ endpoint: it === opened ? null : it.id, cursor: null })}><${Foreign} text=${it.name} /></a></th>
          <td>${KINDS.find(([kind]) => kind === it.kind)?.[1]}</td>
          <td><${Foreign} text=${it.url ?? it.to.join(", ")} />${it.unsubscribed.length > 0 && html`<br /><span class="note">${it.unsubscribed.length} unsubscribed</span>`}</td>
          <td>${it.types.join(", ") || "all"}</td>
          <td>${it.organization_id ? html`<${Subject} it=${it} />` : "Tenant"}</td>
          <td><span class=${`badge${it.status === "enabled" ? " published" : ""}`}>${it.status}</span>${it.failing_since && html`<br /><span class="note">fails since ${moment(it.failing_since, "UTC")} UTC</span>`}</td>
          <td>
            <${RowButton} name="Edit" of=${it.name} run=${() => setEdited(it)} />
            ${it.status === "enabled"
              ? html`
                  <${RowButton} name="Test" of=${it.name} busy=${changes.busy} run=${() => changes.send("POST", `${pathTo(it)}/test`, undefined, "A test is sent; its delivery shows the result.")} />
                  <${RowButton} name="Disable" of=${it.name} busy=${changes.busy} run=${() => enable(it, { enabled: false })} />
                `
              : html`
                  <${RowButton} name="Enable" of=${it.name} busy=${changes.busy} run=${() => enable(it, { enabled: true })} />
                  <${RowButton} name="Enable, discard what waits" of=${it.name} busy=${changes.busy} run=${() => enable(it, { enabled: true, skip_pending: true })} />
                `}
            ${it.kind === "webhook" && html`<${RowButton} name="New secret" of=${it.name} busy=${changes.busy} run=${() => rotate(it)} />`}
            <${RowButton} name="Remove" of=${it.name} busy=${changes.busy} run=${() => remove(it)} />
          </td>
        </tr>
      `}
    <//>
    ${opened ? html`<${Deliveries} key=${opened.id} endpoint=${opened} />` : rows.length > 0 && html`<p class="note">Select an endpoint to see its deliveries.</p>`}
  `;
}

/** @param {{endpoint: any, viewer: import("../state/session.js").Viewer, organization: string, busy: boolean, submit: (given: Record<string, string>) => void, close: () => void}} props */
function EndpointForm({ endpoint: it, viewer, organization, busy, submit, close }) {
  const [kind, setKind] = useState(it.kind ?? "webhook");
  const isMail = kind === "mail";
  return html`
    <${Form} title=${it.id ? "Edit the endpoint" : "Add an endpoint"} submit=${submit} close=${close} busy=${busy}>
      <${Field} label="Name" name="name" value=${it.name} maxlength="100" required />
      ${!it.id && html`<${Select} label="Kind" name="kind" options=${KINDS} onChange=${(/** @type {any} */ e) => setKind(e.target.value)} />`}
      <${Field} label=${isMail ? "Addresses" : "URL"} name="address" type=${isMail ? "text" : "url"} value=${isMail && it.id ? it.to.join(", ") : ""} placeholder=${it.id ? "unchanged" : isMail ? "ops@example.com" : "https://example.com/hook"} required=${!it.id} />
      <${Field} label="Types" name="types" value=${(it.types ?? []).join(", ")} placeholder="all, or trigger.*, budget.*" />
      ${!it.id && !viewer.organization_id && html`<${Field} label="Owner (organization id)" name="organization" value=${organization} placeholder="the tenant" />`}
    <//>
  `;
}

/** @param {{endpoint: any}} props What was sent to an endpoint, the newest first. */
function Deliveries({ endpoint }) {
  const answer = useAnswer(pathOf(`${pathTo(endpoint)}/deliveries`, { limit: A_PAGE, cursor: route.value.query.cursor }));
  const changes = useChanges(answer.reload);
  const resend = (/** @type {any} */ it) => changes.send("POST", `v1/notifications/${it.notification_id}/resend`, { endpoint_id: endpoint.id }, "Sent again.");
  return html`
    <${Listed}
      title="Deliveries" answer=${answer} rows=${answer.data?.deliveries ?? []}
      columns=${["Number", "Type", "Status", "Attempts", "Delivered (UTC)", ""]}
      none="Nothing was sent to this endpoint."
      tools=${html`<${Outcome} changes=${changes} />`}
      below=${answer.data?.next_cursor && html`<p class="note below"><a class="button" href=${hrefWith({ cursor: answer.data.next_cursor })}>Next page</a></p>`}
    >
      ${(/** @type {any} */ it) => html`
        <tr key=${`${it.sequence} ${it.address}`}>
          <td>${it.sequence}</td>
          <th scope="row">${typeName(it.type)}${it.address && html`<br /><span class="note"><${Foreign} text=${it.address} /></span>`}</th>
          <td><span class="badge">${it.status}</span></td>
          <td>${it.attempts.length > 0 && html`<details><summary>${it.attempts.length}</summary><ul class="plain-list">${it.attempts.map((/** @type {any} */ one) => html`<li key=${one.number}>${moment(one.at, "UTC")} UTC, ${one.milliseconds} ms: ${one.status ?? ""} ${one.code ?? ""} <${Sentence} text=${one.excerpt} /></li>`)}</ul></details>`}${it.next_attempt_at && html`<span class="note">next ${moment(it.next_attempt_at, "UTC")} UTC</span>`}</td>
          <td>${it.delivered_at && moment(it.delivered_at, "UTC")}</td>
          <td><${RowButton} name="Resend" of=${`${typeName(it.type)}, ${it.sequence}`} busy=${changes.busy} run=${() => resend(it)} /></td>
        </tr>
      `}
    <//>
  `;
}
