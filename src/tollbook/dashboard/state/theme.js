/** The theme: light, dark or system; the browser stores it. */
import { signal } from "../vendor/signals.js";

/** @typedef {"light dark" | "light" | "dark"} Theme */

const KEPT = "tollbook.theme";
/** @type {Theme[]} */
const ORDER = ["light dark", "light", "dark"];

/** @type {import("../vendor/signals-core.js").Signal<Theme>} */
export const theme = signal(ORDER.find((it) => it === localStorage.getItem(KEPT)) ?? "light dark");

/** Apply the theme to the document. */
export function keepTheme() {
  theme.subscribe((value) => {
    document.documentElement.style.colorScheme = value;
    localStorage.setItem(KEPT, value);
  });
}

/** Switch to the next theme. */
export function nextTheme() {
  theme.value = ORDER[(ORDER.indexOf(theme.value) + 1) % ORDER.length];
}
