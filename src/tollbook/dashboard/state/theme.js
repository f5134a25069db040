/** Light, dark, or as the system has it; remembered by the browser. */
import { signal } from "../vendor/signals.js";

/** @typedef {"light dark" | "light" | "dark"} Theme */

const KEPT = "tollbook.theme";
/** @type {Theme[]} */
const ORDER = ["light dark", "light", "dark"];

/** @type {import("../vendor/signals-core.js").Signal<Theme>} */
export const theme = signal(ORDER.find((it) => it === localStorage.getItem(KEPT)) ?? "light dark");

/** Let the document follow the choice. */
export function keepTheme() {
  theme.subscribe((value) => {
    document.documentElement.style.colorScheme = value;
    localStorage.setItem(KEPT, value);
  });
}

/** Take the next choice. */
export function nextTheme() {
  theme.value = ORDER[(ORDER.indexOf(theme.value) + 1) % ORDER.length];
}
