/** A dialog over the table, with an address that can be shared. */
import { useEffect, useRef } from "../vendor/hooks.js";
import { change } from "../state/route.js";
import { html } from "./html.js";
import { Icon } from "./icon.js";

/** @param {{children: any}} props Its heading has the id `drawer-heading`. */
export function Drawer({ children }) {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  useEffect(() => {
    const before = document.activeElement;
    dialog.current?.showModal();
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus({ preventScroll: true });
    };
  }, []);
  const closed = () => change({ user: null, level: null, event: null, events: null });
  const outside = (/** @type {MouseEvent} */ event) => event.target === dialog.current && dialog.current?.close();
  return html`
    <dialog ref=${dialog} class="drawer" aria-labelledby="drawer-heading" onClose=${closed} onClick=${outside}>
      <div class="drawer-body">
        <button type="button" class="button quiet square close" aria-label="Close" onClick=${() => dialog.current?.close()}>
          <${Icon} name="close" />
        </button>
        ${children}
      </div>
    </dialog>
  `;
}
