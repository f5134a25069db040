/** A tooltip with the full text of shortened names, shown on hover and focus. */
import { piecesOf } from "../words/foreign.js";
import { place } from "./popover.js";

/** Show full texts in a tooltip, and copy them unchanged. */
export function showFullTexts() {
  const panel = document.createElement("div");
  panel.className = "whole";
  panel.popover = "manual";
  panel.setAttribute("role", "tooltip");
  document.body.append(panel);

  const hide = () => panel.matches(":popover-open") && panel.hidePopover();
  const show = (/** @type {Element | null | undefined} */ long) => {
    hide();
    if (!(long instanceof HTMLElement)) return;
    panel.textContent = piecesOf(long.dataset.whole ?? "").map((it) => (it.unseen ? `[${it.text}]` : it.text)).join("");
    panel.showPopover();
    place(panel, long);
  };
  document.addEventListener("pointerover", (event) => show(/** @type {Element} */ (event.target).closest(".long")));
  document.addEventListener("focusin", (event) => {
    const target = /** @type {Element} */ (event.target);
    show(target.matches("a, button, summary") ? target.querySelector(".long") : target.closest(".long"));
  });
  document.addEventListener("focusout", hide);
  document.addEventListener("scroll", hide, true);
  document.addEventListener("keydown", (event) => event.key === "Escape" && hide());
  document.addEventListener("copy", copyNames);
}

/**
 * Copy names and ids unchanged, without the codes of invisible characters.
 * @param {ClipboardEvent} event
 */
function copyNames(event) {
  const selection = getSelection();
  const names = /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(".foreign:has(.unseen-character)"));
  let [text, from] = [String(selection), 0];
  for (const name of names) {
    const shown = name.textContent ?? "";
    const at = selection?.containsNode(name, true) ? text.indexOf(shown, from) : -1;
    if (at < 0) continue;
    const whole = name.dataset.whole ?? "";
    text = text.slice(0, at) + whole + text.slice(at + shown.length);
    from = at + whole.length;
  }
  if (text === String(selection) || !event.clipboardData) return;
  event.clipboardData.setData("text/plain", text);
  event.preventDefault();
}
