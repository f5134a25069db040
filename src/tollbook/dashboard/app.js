/** The root component. The key that is signed in determines the view. */
import { useEffect } from "./vendor/hooks.js";
import { change, route } from "./state/route.js";
import { farewell, key, signOutIfRefused, signIn, viewer } from "./state/session.js";
import { ApiError } from "./state/api.js";
import { millisecondsUntil } from "./state/resource.js";
import { html } from "./parts/html.js";
import { Shell } from "./parts/shell.js";
import { Empty, Later, Refused, Skeleton } from "./parts/states.js";
import { OrganizationView } from "./views/organization.js";
import { OverviewView } from "./views/overview.js";
import { PricesView } from "./views/prices.js";
import { SignIn } from "./views/sign_in.js";
import { UserView } from "./views/user.js";
import { signal } from "./vendor/signals.js";

/** @type {import("./vendor/signals-core.js").Signal<ApiError | null>} */
const trouble = signal(null);

/** Look up the stored key after a reload. */
function resume() {
  trouble.value = null;
  const resumed = key.value;
  signIn(resumed).catch((error) => {
    if (key.value !== resumed) return;
    signOutIfRefused(error);
    if (error instanceof ApiError) trouble.value = error;
  });
}

export function App() {
  useEffect(() => {
    if (key.value && !viewer.value) resume();
  }, [key.value]);
  useEffect(() => {
    const wait = trouble.value && !viewer.value ? millisecondsUntil(trouble.value) : 0;
    if (!wait) return undefined;
    const timer = setTimeout(resume, wait);
    return () => clearTimeout(timer);
  }, [trouble.value]);
  useShortcuts();
  if (!key.value) return html`<${SignIn} farewell=${farewell.value} />`;
  if (!viewer.value) {
    const error = trouble.value;
    return html`<main class="alone">${error ? html`<${Refused} error=${error} reload=${resume} />` : html`<${Skeleton} lines=${3} />`}</main>`;
  }
  return html`<${Shell} viewer=${viewer.value}><${View} viewer=${viewer.value} /><//>`;
}

/** @param {{viewer: import("./state/session.js").Viewer}} props */
function View({ viewer }) {
  const [place = "", id = ""] = route.value.path;
  if (place === "alerts") return html`<${Later} key=${place} path="alerts/view" viewer=${viewer} />`;
  if (place === "prices") return html`<${PricesView} viewer=${viewer} />`;
  if (place === "quarantine") return html`<${Later} key=${place} path="views/quarantine" viewer=${viewer} />`;
  if (viewer.user_id) return html`<${UserView} organization=${viewer.organization_id} user=${viewer.user_id} />`;
  if (place === "organizations" && id) return html`<${OrganizationView} key=${id} id=${id} viewer=${viewer} />`;
  if (place && place !== "organizations") {
    return html`<${Empty} title="Page not found"><a href="#/">Go to the start page</a>.<//>`;
  }
  if (viewer.organization_id) return html`<${OrganizationView} id=${viewer.organization_id} viewer=${viewer} />`;
  return html`<${OverviewView} viewer=${viewer} />`;
}

/** Compare with the previous period on `x`, and focus the search on `/`, except while typing. */
function useShortcuts() {
  useEffect(() => {
    const pressed = (/** @type {KeyboardEvent} */ event) => {
      const target = /** @type {Element} */ (event.target);
      const typing = target.closest("input, textarea, select, [contenteditable]");
      if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === "x" && document.querySelector(".period")) {
        change({ compare: route.value.query.compare ? null : "previous_period" });
      }
      const search = document.querySelector("input[type=search]");
      if (event.key === "/" && search instanceof HTMLElement) {
        event.preventDefault();
        search.focus();
      }
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, []);
}
