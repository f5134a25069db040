const FORM = /^(.+?[Tt ][0-9:]+)(?:\.([0-9]+))?([Zz]|[+-][0-9:]+)$/;

/** Return whether one RFC 3339 time is after another, to the last digit. */
export function isAfter(one: string, other: string): boolean {
  const [seconds, fraction] = parts(one);
  const [otherSeconds, otherFraction] = parts(other);
  return seconds === otherSeconds ? fraction > otherFraction : seconds > otherSeconds;
}

/** `Date` has milliseconds only, so digits of a second are compared as text. */
function parts(text: string): [number, string] {
  const [, seconds, fraction = "", offset] = FORM.exec(text) ?? [];
  return [Date.parse(`${seconds}${offset}`), fraction.replace(/0+$/, "")];
}
