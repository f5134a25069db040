/** The frame of every view: name, navigation, theme, and signing out. */
import { hrefTo, route } from "../state/route.js";
import { isAdmin, signOut } from "../state/session.js";
import { nextTheme, theme } from "../state/theme.js";
import { Foreign } from "./foreign.js";
import { html } from "./html.js";
import { Icon } from "./icon.js";
import { Popover } from "./popover.js";

const THEMES = { "light dark": "system", light: "light", dark: "dark" };

/** @param {{viewer: import("../state/session.js").Viewer, children: any}} props */
export function Shell({ viewer, children }) {
  const place = (route.value.path[0] ?? "").replace("organizations", "");
  const start = viewer.user_id ? "My usage" : viewer.organization_id ? "Usage" : "Overview";
  const links = [
    { name: start, to: "" },
    ...(viewer.permissions.every((it) => it.startsWith("events:")) ? [] : [{ name: isAdmin(viewer) ? "Prices" : "Estimate", to: "prices" }, { name: "Alerts", to: "alerts" }]),
    ...(isAdmin(viewer) ? [{ name: "Quarantine", to: "quarantine" }] : []),
  ];
  return html`
    <a class="skip" href="#main" onClick=${skip}>Skip to content</a>
    <header class="bar">
      <a class="brand" href=${hrefTo([])}><span class="mark" aria-hidden="true"></span>Tollbook</a>
      <nav aria-label="Views">
        ${links.map((it) => html`<a key=${it.name} href=${hrefTo([it.to])} aria-current=${place === it.to ? "page" : undefined}>${it.name}</a>`)}
      </nav>
      <button type="button" class="button quiet square" onClick=${nextTheme} aria-label=${`Theme: ${THEMES[theme.value]}`} title=${`Theme: ${THEMES[theme.value]}`}>
        <${Icon} name="theme" />
      </button>
      <${Popover} name="Key" class="quiet" label=${html`<span class="who"><${Foreign} text=${viewer.name} /></span><${Icon} name="down" />`}>
        ${() => html`
          <div class="key-panel">
            <p><b><${Foreign} text=${viewer.name} /></b><br /><code>${viewer.prefix}…</code></p>
            <p class="note">Access: ${accessOf(viewer)} · Role: ${viewer.permissions.join(", ")}</p>
            <p><a href="docs">API reference</a></p>
            <button type="button" class="button" onClick=${() => signOut()}>Sign out</button>
          </div>
        `}
      <//>
    </header>
    <main id="main" tabindex="-1">${children}</main>
  `;
}

/** @param {import("../state/session.js").Viewer} viewer */
function accessOf(viewer) {
  const id = (/** @type {string} */ text) => html`<${Foreign} text=${text} />`;
  if (viewer.user_id) return html`user ${id(viewer.user_id)} of ${id(viewer.organization_id ?? "")}`;
  if (viewer.organization_id) return html`organization ${id(viewer.organization_id)}`;
  return html`all organizations in ${id(viewer.tenant_id)}`;
}

/** @param {Event} event Moves the focus here, because the fragment of the address is the route. */
function skip(event) {
  event.preventDefault();
  document.getElementById("main")?.focus();
}
