/** The clock and the chance that waits depend on. */
export interface Clock {
  /** The time of the wall clock, in milliseconds since 1970. */
  now(): number;
  /** A random number from 0 to below 1. */
  random(): number;
  /** Wait; reject with the signal's reason when it is aborted. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

/** The clock of this machine. */
export const REAL_CLOCK: Clock = {
  now: Date.now,
  random: Math.random,
  sleep: (milliseconds, signal) => sleep(milliseconds, signal, () => undefined),
};

/** Wait; `prepare` gets the timer, whose type differs between Node.js and browsers. */
export function sleep(
  milliseconds: number,
  signal: AbortSignal | undefined,
  prepare: (timer: ReturnType<typeof setTimeout>) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", abort);
      resolve();
    }, milliseconds);
    prepare(timer);
    if (signal?.aborted) abort();
    else signal?.addEventListener("abort", abort, { once: true });
  });
}
