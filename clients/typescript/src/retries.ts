import type { Clock } from "./clock.js";

const SECONDS = /^[0-9]+$/;

/** Return the seconds in `Retry-After`; a date counts from the `Date` of the same answer. */
export function retryAfterOf(headers: Headers): number | null {
  const text = headers.get("Retry-After")?.trim();
  if (!text) return null;
  if (SECONDS.test(text)) return Number(text);
  const from = Date.parse(headers.get("Date") ?? "");
  const until = Date.parse(text);
  if (Number.isNaN(until)) return null;
  return Math.max(0, (until - (Number.isNaN(from) ? Date.now() : from)) / 1_000);
}

const FIRST_MS = 500;

/** Return the milliseconds before a retry, counted from 0: full jitter, doubled each time. */
export function jitter(clock: Clock, retry: number, mostMs: number): number {
  return clock.random() * Math.min(mostMs, FIRST_MS * 2 ** retry);
}
