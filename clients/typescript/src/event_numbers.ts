import { decimalPlaces } from "./amounts.js";
import { InvalidEvent, type Detail } from "./errors.js";

const NUMBER = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,4})?$/;
const LONGEST_NUMBER = 64;

/** The numbers of an event: how many decimals they may have, and the largest. */
const LIMITS = {
  quantity: { places: 6, most: 1_000_000_000 },
  cost: { places: 9, most: 100_000_000 },
} as const;

/** Return the problem with the quantity or cost of an event; a number counts by its shortest text. */
export function numberProblems(field: keyof typeof LIMITS, value: unknown): Detail[] {
  const { places, most } = LIMITS[field];
  if (Number.isInteger(value) && (value as number) >= 0 && (value as number) <= most) return [];
  const problem = (code: string, rule: string): Detail[] => [
    { field, code, error: `${field} must ${rule}` },
  ];
  const text = typeof value === "number" || typeof value === "string" ? String(value) : "";
  const isNumber = text.length <= LONGEST_NUMBER && NUMBER.test(text);
  if (!isNumber) return problem("not_a_number", "be a finite number or a decimal string");
  if (Number(text) < 0) return problem("negative", "not be negative");
  if (Number(text) > most) return problem("out_of_range", `be at most ${most}`);
  if (decimalPlaces(text) <= places) return [];
  return problem("too_many_decimals", `have at most ${places} decimals`);
}

/** Raise `InvalidEvent` if a number in the events of a request has too many decimals. */
export function checkNumbers(body: unknown): void {
  const details = (Array.isArray(body) ? body : [body]).flatMap((event: unknown) =>
    (["quantity", "cost"] as const).flatMap((field) => {
      const value = (event as Record<string, unknown> | null | undefined)?.[field];
      return typeof value === "number" ? numberProblems(field, value) : [];
    }),
  );
  if (details.length) throw new InvalidEvent(details);
}
