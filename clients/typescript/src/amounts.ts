import { InexactAmount } from "./errors.js";
import { INTEGER_FIELDS } from "./generated/operations.js";
import { readJson, type Path } from "./json.js";

/** How answers have their amounts: as the server's text, or as numbers that are exact. */
export type AmountMode = "string" | "number";

/** The type of amounts in a mode. */
export type AmountOf<Mode extends AmountMode> = Mode extends "number" ? number : string;

/** Fields whose contents belong to senders of events, so that their numbers are no amounts. */
const FREE_FIELDS: ReadonlySet<string | number> = new Set(["attributes", "details"]);
const PARTS = /^(-?)([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?$/;

/** Parse the text of an answer; raise `InexactAmount` for what a number cannot hold. */
export function readAnswer(text: string, mode: AmountMode): unknown {
  return readJson(text, (number, path) => readNumber(number, path, mode));
}

function readNumber(text: string, path: Path, mode: AmountMode): number | string {
  const isFree = path.some((it) => FREE_FIELDS.has(it));
  if (mode === "string" && !isFree && !INTEGER_FIELDS.has(fieldOf(path))) return text;
  if (isExact(text)) return Number(text);
  if (mode === "string" || isFree) return text;
  throw new InexactAmount(pointer(path), text);
}

/** Return the name of the field that a value, or the array around it, belongs to. */
function fieldOf(path: Path): string {
  for (let index = path.length - 1; index >= 0; index -= 1) {
    const step = path[index];
    if (typeof step === "string") return step;
  }
  return "";
}

/** Return whether the shortest text of the number has the same value as this text. */
export function isExact(text: string): boolean {
  const value = Number(text);
  return Number.isFinite(value) && canonical(String(value)) === canonical(text);
}

/** Return a decimal in a form that is equal for equal values: sign, digits, exponent. */
function canonical(text: string): string {
  const [, sign, whole = "", fraction = "", exponent = "0"] = PARTS.exec(text) ?? [];
  const digits = (whole + fraction).replace(/^0+/, "");
  if (!digits) return "0";
  const trimmed = digits.replace(/0+$/, "");
  const power = Number(exponent) - fraction.length + digits.length - trimmed.length;
  return `${sign}${trimmed}e${power}`;
}

/** Return a path as a JSON Pointer (RFC 6901). */
function pointer(path: Path): string {
  return path.map((it) => `/${String(it).replace(/~/g, "~0").replace(/\//g, "~1")}`).join("");
}

/** Return how many decimals a number has, without zeros at its end. */
export function decimalPlaces(text: string): number {
  return Math.max(0, -Number(canonical(text).split("e")[1] ?? 0));
}
