/** A button that opens a small panel. The browser closes it on Escape and on clicks outside. */
import { useId, useRef, useState } from "../vendor/hooks.js";
import { html } from "./html.js";

const GAP = 6;
const MARGIN = 8;

/**
 * @param {{label: any, name: string, class?: string, children: (close: () => void) => any}} props
 *   `name` is the accessible name of the panel. Its content is rendered when it opens.
 */
export function Popover({ label, name, class: className = "", children }) {
  const id = useId();
  const button = useRef(/** @type {HTMLButtonElement | null} */ (null));
  const panel = useRef(/** @type {HTMLDivElement | null} */ (null));
  const [open, setOpen] = useState(false);

  const place = () => {
    if (!button.current || !panel.current) return;
    const at = button.current.getBoundingClientRect();
    const size = panel.current.getBoundingClientRect();
    const left = Math.max(MARGIN, Math.min(at.left, innerWidth - size.width - MARGIN));
    const below = at.bottom + GAP + size.height <= innerHeight - MARGIN;
    const top = below ? at.bottom + GAP : Math.max(MARGIN, at.top - GAP - size.height);
    panel.current.style.left = `${left}px`;
    panel.current.style.top = `${top}px`;
  };
  const toggled = (/** @type {ToggleEvent} */ event) => {
    setOpen(event.newState === "open");
    if (event.newState === "open") {
      requestAnimationFrame(() => {
        place();
        const first = panel.current?.querySelector("[aria-pressed=true], input, button, a");
        if (first instanceof HTMLElement) first.focus({ preventScroll: true });
      });
    }
  };
  return html`
    <button
      type="button"
      ref=${button}
      class=${`button ${className}`}
      popovertarget=${id}
      aria-expanded=${open}
      aria-haspopup="dialog"
    >${label}</button>
    <div id=${id} ref=${panel} popover="auto" role="dialog" aria-label=${name} class="popover" onToggle=${toggled}>
      ${open && children(() => panel.current?.hidePopover())}
    </div>
  `;
}
