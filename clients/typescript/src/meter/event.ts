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

const FILLED = /\S/;
const LONGEST_ID = 255;
const MOST_ATTRIBUTES = 64;
const LONGEST_NAME = 64;
const LONGEST_VALUE = 2_000;
const LONGEST_BODY = 64 * 1024;
const SUSPECT = /[\u0000-\u001f\u007f-\u009f\ud800-\udfff]/;
/** Halves of surrogate pairs are control characters; the pairs are not, and are slower to tell. */
const CONTROL = /[\u0000-\u001f\u007f-\u009f]|\p{Cs}/u;
const TIME = /^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?(.*)$/;
const OFFSET = /^(?:[Zz]|[+-][0-9]{2}:?[0-9]{2})$/;
const EXAMPLE = "2024-01-15T10:30:00Z";

/** The fields in the order in which their problems are listed. */
const CHECKS: Readonly<Record<string, (field: string, value: unknown) => readonly Detail[]>> = {
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
const REQUIRED: ReadonlySet<string> = new Set(["id", "type", "organization_id", "time"]);
/** Most events have no problem, and none of their fields allocates anything. */
const NONE: readonly Detail[] = [];

/** Return the problems of an event that need no server to be found. */
export function problemsOf(event: object): readonly Detail[] {
  const fields = event as Readonly<Record<string, unknown>>;
  let found: readonly Detail[] = NONE;
  for (const name in fields) {
    if (fields[name] !== undefined && !Object.hasOwn(CHECKS, name)) {
      found = [...found, ...unknown(name)];
    }
  }
  for (const name in CHECKS) {
    const value = fields[name];
    const isGiven = value !== undefined && value !== null;
    const problems = isGiven ? CHECKS[name]!(name, value) : missing(name, value);
    if (problems.length) found = [...found, ...problems];
  }
  return found;
}

function unknown(field: string): readonly Detail[] {
  return [detail(field, "unknown_field", `${field} is not a field of events`)];
}

function missing(field: string, value: unknown): readonly Detail[] {
  if (field === "cost" && value === null) {
    return [detail(field, "cost_null", "cost must not be null: leave it out")];
  }
  if (!REQUIRED.has(field)) return NONE;
  return [detail(field, "missing_field", `${field} is required`)];
}

/** Return the problem of an event that both states its cost and says that it comes later. */
export function costProblems(event: MeterEvent): readonly Detail[] {
  if (event.cost === undefined || event.cost_pending !== true) return NONE;
  const sentence = "cost_pending must not be true in an event with a cost: send one of the two";
  return [detail("cost_pending", "cost_and_cost_pending", sentence)];
}

function detail(field: string, code: string, error: string): Detail {
  return { field, code, error };
}

function identifier(field: string, value: unknown): readonly Detail[] {
  if (typeof value !== "string") return [detail(field, "not_a_string", `${field} must be a string`)];
  if (!FILLED.test(value)) return [detail(field, "empty", `${field} must not be empty`)];
  if (characters(value) > LONGEST_ID) {
    return [detail(field, "too_long", `${field} must have at most ${LONGEST_ID} characters`)];
  }
  if (!SUSPECT.test(value) || !CONTROL.test(value)) return NONE;
  return [detail(field, "control_characters", `${field} must not contain control characters`)];
}

function instant(field: string, value: unknown): readonly Detail[] {
  if (value instanceof Date && !Number.isNaN(+value)) return NONE;
  const text = value instanceof Date ? "" : value;
  const offset = typeof text === "string" ? TIME.exec(text)?.[1] : undefined;
  if (offset === "") {
    const sentence = `${field} must have an offset: Z for UTC, as in ${EXAMPLE}`;
    return [detail(field, "time_without_offset", sentence)];
  }
  if (offset !== undefined && OFFSET.test(offset)) return NONE;
  const sentence = `${field} must be an RFC 3339 time with an offset, such as ${EXAMPLE}`;
  return [detail(field, "invalid_time", sentence)];
}

function decimal(field: string, value: unknown): readonly Detail[] {
  return numberProblems(field as "quantity" | "cost", value);
}

function attributes(field: string, value: unknown): readonly Detail[] {
  if (typeof value !== "object" || Array.isArray(value)) {
    return [detail(field, "not_an_object", `${field} must be an object of names and values`)];
  }
  const entries = Object.entries(value as object);
  const tooMany = entries.length > MOST_ATTRIBUTES;
  const sentence = `${field} must have at most ${MOST_ATTRIBUTES} names`;
  const found = tooMany ? [detail(field, "too_many", sentence)] : NONE;
  return [...found, ...entries.flatMap(([name, it]) => attribute(field, name, it))];
}

function attribute(field: string, name: string, value: unknown): readonly Detail[] {
  const path = `${field}.${name.slice(0, LONGEST_NAME)}`;
  if (!name || characters(name) > LONGEST_NAME) {
    const sentence = `a name in ${field} must have 1 to ${LONGEST_NAME} characters`;
    return [detail(path, "invalid_name", sentence)];
  }
  if (typeof value === "string") return longText(path, name, value);
  if (typeof value === "number") return plainNumber(path, value);
  if (value === null || typeof value === "boolean") return NONE;
  return [detail(path, "nested", `${path} must be a text, a number, true, false or null`)];
}

function longText(path: string, name: string, value: string): readonly Detail[] {
  if (name === "body") {
    if (Buffer.byteLength(value) <= LONGEST_BODY) return NONE;
    return [detail(path, "too_long", `${path} must have at most ${LONGEST_BODY} bytes`)];
  }
  if (characters(value) <= LONGEST_VALUE) return NONE;
  return [detail(path, "too_long", `${path} must have at most ${LONGEST_VALUE} characters`)];
}

function plainNumber(path: string, value: number): readonly Detail[] {
  const isExact = !Number.isInteger(value) || Math.abs(value) <= 2 ** 53;
  if (Number.isFinite(value) && isExact) return NONE;
  const sentence = `${path} must be at most 2**53; send larger numbers as text`;
  return [detail(path, "out_of_range", sentence)];
}

function flag(field: string, value: unknown): readonly Detail[] {
  if (typeof value === "boolean") return NONE;
  return [detail(field, "not_a_boolean", `${field} must be true or false`)];
}

/** Return the length in characters, of which some have two units of UTF-16. */
function characters(text: string): number {
  return text.length <= LONGEST_NAME ? text.length : [...text].length;
}
