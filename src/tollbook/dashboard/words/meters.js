/** Looking up meters and kinds of usage. */
import { KINDS, METERS } from "./catalog.js";

export { KINDS, METERS };

const BY_TYPE = new Map(METERS.map((it) => [it.type, it]));
const BY_KIND = new Map(KINDS.map((it) => [it.key, it]));

/** @param {string} type */
export const meterOf = (type) => BY_TYPE.get(type);

/** @param {string} key */
export const kindOf = (key) => BY_KIND.get(key);

/** @param {string} type */
export const meterName = (type) => meterOf(type)?.name ?? type;

/** The kinds that users have, and whose usage a chart can add up. */
export const USAGE_KINDS = KINDS.filter((it) => it.key !== "brand");
