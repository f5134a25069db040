/** The kinds of usage: their names, how their quantities are told, and the meters in each. */

/**
 * @typedef {Object} Kind
 * @property {string} key
 * @property {string} name
 * @property {number} colour Which of the eight colours, from 1.
 * @property {string[]} meters
 * @typedef {Object} Meter
 * @property {string} type
 * @property {string} name
 * @property {number} colour
 * @property {"events" | "quantities"} counted What a chart of usage adds up: events, or what they measure.
 * @property {number} [per] Quantities are divided by this before they are shown.
 * @property {string} unit The unit that is shown, in the plural.
 */

/** @type {Meter[]} */
export const METERS = [
  { type: "sms.outbound", name: "SMS sent", colour: 1, counted: "events", unit: "messages" },
  { type: "sms.inbound", name: "SMS received", colour: 2, counted: "events", unit: "messages" },
  { type: "mms.outbound", name: "MMS sent", colour: 3, counted: "events", unit: "messages" },
  { type: "mms.inbound", name: "MMS received", colour: 4, counted: "events", unit: "messages" },
  { type: "voice.call", name: "Voice calls", colour: 2, counted: "quantities", per: 60, unit: "minutes" },
  { type: "api.request", name: "API requests", colour: 3, counted: "quantities", unit: "requests" },
  { type: "api.storage", name: "Storage", colour: 4, counted: "quantities", unit: "GB-days" },
  { type: "phone.rental", name: "Phone monthly", colour: 5, counted: "events", unit: "numbers" },
  { type: "phone.purchase", name: "Phones purchased", colour: 6, counted: "events", unit: "numbers" },
  { type: "kb.rental", name: "Knowledge base rental", colour: 1, counted: "events", unit: "rentals" },
  { type: "kb.usage", name: "Knowledge base minutes", colour: 7, counted: "quantities", per: 60, unit: "minutes" },
  { type: "brand.registration", name: "Brand registration", colour: 8, counted: "events", unit: "registrations" },
];

/** @type {Kind[]} */
export const KINDS = [
  { key: "messaging", name: "Messaging", colour: 1, meters: ["sms.outbound", "sms.inbound", "mms.outbound", "mms.inbound"] },
  { key: "voice", name: "Voice", colour: 2, meters: ["voice.call"] },
  { key: "api_requests", name: "API requests", colour: 3, meters: ["api.request"] },
  { key: "storage", name: "Storage", colour: 4, meters: ["api.storage"] },
  { key: "phone_rental", name: "Phone monthly", colour: 5, meters: ["phone.rental"] },
  { key: "phone_purchase", name: "Phones purchased", colour: 6, meters: ["phone.purchase"] },
  { key: "knowledge_bases", name: "Knowledge bases", colour: 7, meters: ["kb.rental", "kb.usage"] },
  { key: "brand", name: "Brand registration", colour: 8, meters: ["brand.registration"] },
];

const BY_TYPE = new Map(METERS.map((it) => [it.type, it]));
const BY_KIND = new Map(KINDS.map((it) => [it.key, it]));

/** @param {string} type */
export const meterOf = (type) => BY_TYPE.get(type);

/** @param {string} key */
export const kindOf = (key) => BY_KIND.get(key);

/** @param {string} type */
export const meterName = (type) => meterOf(type)?.name ?? type;

/** The kinds whose usage a chart can add up, each in one unit. */
export const USAGE_KINDS = KINDS.filter((it) => it.key !== "brand");
