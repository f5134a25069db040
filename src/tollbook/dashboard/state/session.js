/** The session: the key of this tab and its scope. */
import { signal } from "../vendor/signals.js";
import { ApiError, ask } from "./api.js";
import { isEmbedded } from "./route.js";
import { learn } from "../words/meters.js";

/**
 * @typedef {Object} Viewer
 * @property {string} prefix The public part of the key.
 * @property {string} name
 * @property {string} tenant_id
 * @property {string | null} organization_id
 * @property {string | null} user_id
 * @property {string[]} permissions
 */

const KEPT = "tollbook.key";
const storage = isEmbedded ? null : sessionStorage;

/** @type {import("../vendor/signals-core.js").Signal<string>} */
export const key = signal(storage?.getItem(KEPT) ?? "");

/** @type {import("../vendor/signals-core.js").Signal<Viewer | null>} */
export const viewer = signal(null);

/** Why the tab was signed out automatically. */
export const farewell = signal("");

/**
 * Look up a key, and store it for this tab.
 * @param {string} text
 */
export async function signIn(text) {
  const [{ data }, catalog] = await Promise.all([ask(text, "v1/keys/self"), catalogOf(text)]);
  learn(catalog);
  storage?.setItem(KEPT, text);
  farewell.value = "";
  viewer.value = data.key;
  key.value = text;
}

/** @param {string} text The meters that a key may see; only the built-in ones are known without. */
async function catalogOf(text) {
  try {
    return (await ask(text, "v1/meters")).data.meters;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return [];
  }
}

/**
 * Forget the key.
 * @param {string} [because] A message to show.
 */
export function signOut(because = "") {
  storage?.removeItem(KEPT);
  farewell.value = because;
  viewer.value = null;
  key.value = "";
}

/** @param {unknown} error Sign out if the key is no longer valid. */
export function signOutIfRefused(error) {
  if (error instanceof ApiError && error.kind === "signed_out" && key.value) {
    signOut("This key is no longer valid. Sign in with another one.");
  }
}

/** @param {Viewer} it Whether it may see price books and quarantine, which a key of one user may not. */
export const isAdmin = (it) => it.permissions.includes("admin") && !it.user_id;
