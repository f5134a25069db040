import type { Detail } from "../errors.js";
import { numberProblems } from "../event_numbers.js";

/** An event to record; its fields are those of `POST /v1/events`. */
export interface MeterEvent {
  /** The meter, such as `sms.outbound`. */
  type: string;
  /** The organization; that of the meter if it is left out. */
  organization_id?: string;
  /** The user to whom the usage belongs. */
  user_id?: string;
  /** In the unit of the meter, with at most 6 decimals. */
  quantity?: number | string;
  /** With the organization, it identifies the event permanently; a new UUID if it is left out. */
  id?: string;
  /** When it happened; now if it is left out. A text needs an offset. */
  time?: Date | string;
  /** The knowledge base or phone number that is used. */
  resource_id?: string;
  attributes?: Record<string, string | number | boolean | null>;
  /** What the carrier charged already, with at most 9 decimals. */
  cost?: number | string;
  /** Whether the carrier states the price later. */
  cost_pending?: boolean;
}

const LONGEST_ID = 255;
const MOST_ATTRIBUTES = 64;
const LONGEST_NAME = 64;
const LONGEST_VALUE = 2_000;
const LONGEST_BODY = 64 * 1024;
const CONTROL = /[\u0000-\u001f\u007f-\u009f]|\p{Cs}/u;
const TIME = /^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?(.*)$/;
const OFFSET = /^(?:[Zz]|[+-][0-9]{2}:?[0-9]{2})$/;
const EXAMPLE = "2024-01-15T10:30:00Z";

/** The fields in the order in which they are written and their problems are listed. */
const CHECKS: Readonly<Record<string, (field: string, value: unknown) => Detail[]>> = {
  id: identifier,
  type: identifier,
  organization_id: identifier,
  user_id: identifier,
  time: instant,
  quantity: decimal,
  resource_id: identifier,
  attributes,
  cost: decimal,
  cost_pending: flag,
};
const REQUIRED = ["id", "type", "organization_id", "time"];

/** Return an event as JSON, with `id` first. */
export function textOf(event: object): string {
  const written: Record<string, unknown> = {};
  for (const name in CHECKS) {
    const value = (event as Record<string, unknown>)[name];
    if (value !== undefined) written[name] = value;
  }
  return JSON.stringify(written);
}

/** Return the problems of an event that need no server to be found. */
export function problemsOf(event: object): Detail[] {
  const given = Object.entries(event).filter(([, value]) => value !== undefined);
  const fields = Object.fromEntries(given);
  const unknown = given
    .filter(([name]) => !Object.hasOwn(CHECKS, name))
    .map(([name]) => detail(name, "unknown_field", `${name} is not a field of events`));
  const missing = REQUIRED.filter((it) => fields[it] === undefined || fields[it] === null).map(
    (it) => detail(it, "missing_field", `${it} is required`),
  );
  const wrong = Object.keys(CHECKS)
    .filter((it) => fields[it] !== undefined && fields[it] !== null)
    .flatMap((it) => CHECKS[it]!(it, fields[it]));
  return [...unknown, ...missing, ...wrong, ...costs(fields)];
}

function detail(field: string, code: string, error: string): Detail {
  return { field, code, error };
}

function identifier(field: string, value: unknown): Detail[] {
  if (typeof value !== "string") return [detail(field, "not_a_string", `${field} must be a string`)];
  if (!value.trim()) return [detail(field, "empty", `${field} must not be empty`)];
  if (characters(value) > LONGEST_ID) {
    return [detail(field, "too_long", `${field} must have at most ${LONGEST_ID} characters`)];
  }
  if (!CONTROL.test(value)) return [];
  return [detail(field, "control_characters", `${field} must not contain control characters`)];
}

function instant(field: string, value: unknown): Detail[] {
  const text = value instanceof Date ? (Number.isNaN(+value) ? "" : value.toISOString()) : value;
  const offset = typeof text === "string" ? TIME.exec(text)?.[1] : undefined;
  if (offset === "") {
    const sentence = `${field} must have an offset: Z for UTC, as in ${EXAMPLE}`;
    return [detail(field, "time_without_offset", sentence)];
  }
  if (offset !== undefined && OFFSET.test(offset)) return [];
  const sentence = `${field} must be an RFC 3339 time with an offset, such as ${EXAMPLE}`;
  return [detail(field, "invalid_time", sentence)];
}

function decimal(field: string, value: unknown): Detail[] {
  return numberProblems(field as "quantity" | "cost", value);
}

function attributes(field: string, value: unknown): Detail[] {
  if (typeof value !== "object" || Array.isArray(value)) {
    return [detail(field, "not_an_object", `${field} must be an object of names and values`)];
  }
  const entries = Object.entries(value as object);
  const tooMany = entries.length > MOST_ATTRIBUTES;
  const sentence = `${field} must have at most ${MOST_ATTRIBUTES} names`;
  const found = tooMany ? [detail(field, "too_many", sentence)] : [];
  return [...found, ...entries.flatMap(([name, it]) => attribute(field, name, it))];
}

function attribute(field: string, name: string, value: unknown): Detail[] {
  const path = `${field}.${name.slice(0, LONGEST_NAME)}`;
  if (!name || characters(name) > LONGEST_NAME) {
    const sentence = `a name in ${field} must have 1 to ${LONGEST_NAME} characters`;
    return [detail(path, "invalid_name", sentence)];
  }
  if (typeof value === "string") return longText(path, name, value);
  if (typeof value === "number") return plainNumber(path, value);
  if (value === null || typeof value === "boolean") return [];
  return [detail(path, "nested", `${path} must be a text, a number, true, false or null`)];
}

function longText(path: string, name: string, value: string): Detail[] {
  if (name === "body") {
    if (Buffer.byteLength(value) <= LONGEST_BODY) return [];
    return [detail(path, "too_long", `${path} must have at most ${LONGEST_BODY} bytes`)];
  }
  if (characters(value) <= LONGEST_VALUE) return [];
  return [detail(path, "too_long", `${path} must have at most ${LONGEST_VALUE} characters`)];
}

function plainNumber(path: string, value: number): Detail[] {
  const isExact = !Number.isInteger(value) || Math.abs(value) <= 2 ** 53;
  if (Number.isFinite(value) && isExact) return [];
  const sentence = `${path} must be at most 2**53; send larger numbers as text`;
  return [detail(path, "out_of_range", sentence)];
}

function flag(field: string, value: unknown): Detail[] {
  if (typeof value === "boolean") return [];
  return [detail(field, "not_a_boolean", `${field} must be true or false`)];
}

function costs(fields: Record<string, unknown>): Detail[] {
  if (fields["cost"] === null) {
    return [detail("cost", "cost_null", "cost must not be null: leave it out")];
  }
  if (fields["cost"] === undefined || fields["cost_pending"] !== true) return [];
  const sentence = "cost_pending must not be true in an event with a cost: send one of the two";
  return [detail("cost_pending", "cost_and_cost_pending", sentence)];
}

/** Return the length in characters, of which some have two units of UTF-16. */
function characters(text: string): number {
  return text.length <= LONGEST_NAME ? text.length : [...text].length;
}
