/** The messages between the frame and the page around it (docs/embedding.md). */
import { change } from "../state/route.js";
import { signal } from "../vendor/signals.js";
import { setLocale } from "../words/format.js";

/**
 * @typedef {Object} Settings
 * @property {string} organization
 * @property {string} [tenant]
 * @property {string} [user]
 * @property {string} [view]
 * @property {string} [period]
 * @property {string} [theme]
 * @property {string} [locale]
 * @property {Record<string, string>} [tokens]
 */

/** @type {import("../vendor/signals-core.js").Signal<Settings | null>} */
export const settings = signal(null);

const ORIGINS = (document.documentElement.dataset.origins ?? "").split(" ");
/** The properties that a token of the theme sets, and what its value must be. @type {Record<string, [string, string[]]>} */
const TOKENS = {
  accent: ["color", ["--accent"]],
  background: ["color", ["--ground"]],
  surface: ["color", ["--surface"]],
  text: ["color", ["--ink"]],
  line: ["color", ["--line"]],
  font: ["font-family", ["font-family"]],
  radius: ["border-radius", ["--radius", "--radius-l"]],
};

let pinned = "";

/** The origin of the page around the frame, once it has said so. */
export const host = () => pinned;

/** @param {string} type @param {Record<string, unknown>} [data] */
export function send(type, data = {}) {
  if (pinned || type === "ready") parent.postMessage({ tollbook: 1, type, ...data }, pinned || "*");
}

/**
 * Listen to the page around the frame, if its origin is registered. Its first `init` pins that origin.
 * @param {{token: (text: string) => void, missed: (message: string) => void, start: () => void}} to
 */
export function listen(to) {
  addEventListener("message", ({ source, origin, data }) => {
    if (source !== parent || data?.tollbook !== 1) return;
    if (pinned ? origin !== pinned : data.type !== "init" || !ORIGINS.includes(origin)) return;
    pinned = origin;
    if (data.settings) apply(data.settings);
    if (data.type === "token" || (data.type === "init" && data.token)) to.token(String(data.token));
    else if (data.type === "init") to.start();
    else if (data.type === "no_token") to.missed(String(data.message));
  });
}

/** @param {Settings} wanted */
function apply(wanted) {
  const { style } = document.documentElement;
  style.colorScheme = wanted.theme === "light" || wanted.theme === "dark" ? wanted.theme : "light dark";
  for (const [name, [property, targets]] of Object.entries(TOKENS)) {
    const value = wanted.tokens?.[name] ?? "";
    const isGood = CSS.supports(property, value) && !/url\(/i.test(value);
    for (const it of targets) style.setProperty(it, isGood ? value : "");
  }
  setLocale(wanted.locale || navigator.language || "en");
  if (wanted.period !== settings.value?.period) {
    const [start, end] = wanted.period?.split("/") ?? [];
    change(end ? { period: null, start, end } : { period: start || null, start: null, end: null });
  }
  settings.value = wanted;
}
