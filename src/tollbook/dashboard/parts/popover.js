/** A button that opens a small panel. The browser closes it on Escape and on clicks outside. */
import { useId, useRef, useState } from "../vendor/hooks.js";
import { html } from "./html.js";

const GAP = 6;
const MARGIN = 8;

/**
 * Place a panel below an element, or above it if there is no room.
 * @param {HTMLElement} panel
 * @param {Element} element
 */
export function place(panel, element) {
  const [at, size] = [element.getBoundingClientRect(), panel.getBoundingClientRect()];
  const below = at.bottom + GAP + size.height <= innerHeight - MARGIN;
  panel.style.left = `${Math.max(MARGIN, Math.min(at.left, innerWidth - size.width - MARGIN))}px`;
  panel.style.top = `${below ? at.bottom + GAP : Math.max(MARGIN, at.top - GAP - size.height)}px`;
}

/**
 * @param {{label: any, name: string, class?: string, children: (close: () => void) => any}} props
 *   `name` is the accessible name of the panel. Its content is rendered when it opens.
 */
export function Popover({ label, name, class: className = "", children }) {
  const id = useId();
  const button = useRef(/** @type {HTMLButtonElement | null} */ (null));
  const panel = useRef(/** @type {HTMLDivElement | null} */ (null));
  const [open, setOpen] = useState(false);

  const toggled = (/** @type {ToggleEvent} */ event) => {
    setOpen(event.newState === "open");
    if (event.newState === "open") {
      requestAnimationFrame(() => {
        if (!button.current || !panel.current) return;
        place(panel.current, button.current);
        const first = panel.current.querySelector("[aria-pressed=true], input, button, a");
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
