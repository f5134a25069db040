/** The frame that other pages show: it renders a view as they ask by messages. */
import { render } from "../vendor/preact.js";
import { change, parse, route } from "../state/route.js";
import { html } from "../parts/html.js";
import { Skeleton } from "../parts/states.js";
import { place } from "../parts/popover.js";
import { showFullTexts } from "../parts/whole.js";
import { listen, send, settings } from "./messages.js";
import { allowed, missed, need, receive, retry, rounds, trouble } from "./session.js";
import { EmbeddedView } from "./views.js";

/** The room around an open panel, in pixels. */
const ROOM = 16;

function App() {
  const [wanted, viewer, wrong] = [settings.value, allowed.value, trouble.value];
  return html`
    ${wrong && html`<${Trouble} trouble=${wrong} isOld=${Boolean(viewer)} />`}
    ${wanted && viewer ? html`<${EmbeddedView} key=${`${wanted.organization} ${wanted.user} ${rounds}`} settings=${wanted} viewer=${viewer} />` : !wrong && html`<${Skeleton} lines=${3} />`}
  `;
}

/** @param {{trouble: import("./session.js").Trouble, isOld: boolean}} props */
const Trouble = ({ trouble: { code, message }, isOld }) => html`
  <div class="notice" role="alert">
    <span>${isOld ? "The figures are not updated: " : "Usage cannot be shown: "}${message}</span>
    ${code !== "token_mismatch" && html` <button type="button" class="button" onClick=${retry}>Try again</button>`}
  </div>
`;

/** The row whose modal is open: a modal of the page takes the focus from the frame. @type {Element | null} */
let selected = null;

function focused() {
  if (selected instanceof HTMLElement && document.activeElement === document.body) selected.focus();
}

/** Follow a link inside the frame without an entry in the history; tell the page around it what was selected. @param {MouseEvent} event */
function followed(event) {
  const link = event.target instanceof Element ? event.target.closest("a[href^='#']") : null;
  if (!link) return;
  event.preventDefault();
  const { query } = parse(link.getAttribute("href") ?? "");
  const about = { organization_id: settings.value?.organization };
  if (query.user) {
    selected = link;
    return send("select", { kind: "user", user_id: query.user, period: periodOf(query), ...about });
  }
  if (query.event && query.event !== route.value.query.event) send("select", { kind: "event", event_id: query.event, ...about });
  const gone = Object.fromEntries(Object.keys(route.value.query).map((it) => [it, null]));
  change({ ...gone, ...query });
}

/** The period of a view as the attribute of that name. @param {Record<string, string>} query */
const periodOf = ({ period, start, end }) => (start && end ? `${start}/${end}` : period);

/** @param {KeyboardEvent} event */
function pressed(event) {
  const target = /** @type {Element} */ (event.target);
  if (event.key === "Escape" && settings.value?.view === "modal" && !event.defaultPrevented) send("close");
  if (target.closest("input, textarea, select") || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "x" && document.querySelector(".period")) change({ compare: route.value.query.compare ? null : "previous_period" });
  const search = document.querySelector("input[type=search]");
  if (event.key === "/" && search instanceof HTMLElement) {
    event.preventDefault();
    search.focus();
  }
}

/** Make room for a panel that opens: it is no part of the content that the height follows. @param {Event} event */
function makeRoom(event) {
  const panel = /** @type {HTMLElement} */ (event.target);
  const isOpen = /** @type {ToggleEvent} */ (event).newState === "open";
  const button = buttonOf(panel);
  if (!button) return;
  requestAnimationFrame(() => {
    const end = button.getBoundingClientRect().bottom + panel.offsetHeight + ROOM;
    document.body.style.minHeight = isOpen ? `${Math.ceil(end)}px` : "";
  });
}

/** @param {Element} panel */
const buttonOf = (panel) => document.querySelector(`[popovertarget="${panel.id}"]`);

/** An open panel was placed before there was room for it. */
function placeAgain() {
  const panel = document.querySelector(".popover:popover-open");
  const button = panel && buttonOf(panel);
  if (panel instanceof HTMLElement && button) place(panel, button);
}

/** @type {string | undefined} */
let hidden;
route.subscribe(({ query }) => {
  if (query.off !== hidden) send("select", { kind: "series", hidden: (query.off ?? "").split(",").filter(Boolean) });
  hidden = query.off;
});
document.addEventListener("click", followed);
document.addEventListener("keydown", pressed);
document.addEventListener("toggle", makeRoom, true);
addEventListener("resize", placeAgain);
addEventListener("focus", focused);
showFullTexts();
const main = document.createElement("main");
main.id = "main";
document.body.append(main);
new ResizeObserver(() => send("resize", { height: Math.ceil(document.body.getBoundingClientRect().height) })).observe(document.body);
render(html`<${App} />`, main);
listen({ token: receive, missed, start: () => need("start") });
send("ready");
