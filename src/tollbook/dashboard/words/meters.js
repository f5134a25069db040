/** Looking up meters and kinds of usage; those of the tenant's own are known once it is signed in. */
import { KINDS, METERS } from "./catalog.js";

export { KINDS, METERS };

/** @typedef {import("./catalog.js").Meter} Meter */
/** @typedef {Pick<import("./catalog.js").Kind, "key" | "name" | "color" | "meters">} Choice What a filter selects: a category, or one own meter. */

const BUILT_IN = METERS.length;
/** What a chart of a category's usage counts: meters of other units have a chart of their own. */
const UNITS = new Map(KINDS.map((it) => [it.key, unitOf(it.meters.at(-1))]));
const OF_BUILT_IN = KINDS.map((it) => it.meters.length);

/** @type {Map<string, Meter>} */
let byType = new Map();
/** @type {Choice[]} */
let choices = [];

/** @param {string | undefined} type */
function unitOf(type) {
  return METERS.find((it) => it.type === type)?.unit ?? "";
}

/** @param {any[]} catalog The meters of a tenant, as the server lists them. */
export function learn(catalog) {
  METERS.length = BUILT_IN;
  KINDS.forEach((it, index) => (it.meters.length = OF_BUILT_IN[index]));
  for (const { type, name, unit, category, resource_required } of catalog.filter((it) => !it.built_in)) {
    const kind = KINDS.find((it) => it.cost === `${category}_cost`);
    if (!kind) continue;
    kind.meters.push(type);
    const shown = unit === "second" ? { per: 60, unit: "minutes" } : { unit: `${unit}s` };
    METERS.push({ type, name, color: kind.color, counted: unit === "month" ? "events" : "quantities", ...shown, own: `${unit}s`, resource: resource_required });
  }
  byType = new Map(METERS.map((it) => [it.type, it]));
  choices = [...KINDS, ...ownMeters().map((it) => ({ key: it.type, name: it.name, color: it.color, meters: [it.type] }))];
}

/** The tenant's own meters. */
export function ownMeters() {
  return METERS.slice(BUILT_IN);
}

/** @param {string} type */
export const meterOf = (type) => byType.get(type);

/** @param {string} key */
export const kindOf = (key) => choices.find((it) => it.key === key);

/** @param {string} type */
export const meterName = (type) => meterOf(type)?.name ?? type;

/** @param {string} kind The unit in which a chart shows the usage of a kind. */
export const chartUnit = (kind) => UNITS.get(kind) ?? meterOf(kind)?.unit ?? "";

/** @param {boolean} brand What filters offer: with `brand`, organization-level usage too. */
export const kindChoices = (brand) => choices.filter((it) => brand || !it.meters.every(isOrganizationLevel));

const ORGANIZATION_LEVEL = KINDS.find((it) => it.key === "brand");
/** @param {string} type */
const isOrganizationLevel = (type) => Boolean(ORGANIZATION_LEVEL?.meters.includes(type));

learn([]);
