/** Counts of a meter since it was made. */
export class MeterStats {
  recorded = 0;
  accepted = 0;
  duplicate = 0;
  quarantined = 0;
  conflict = 0;
  rejected = 0;
  retries = 0;
  dropped = 0;
  /** Seconds by which the server's clock is ahead; null before the first answer. */
  clockOffset: number | null = null;
  /** Why nothing can be sent; null if nothing prevents it. */
  blockedReason: string | null = null;
  /** When a batch was last answered for, as RFC 3339. */
  lastSuccessAt: string | null = null;

  /** Count the receipt of an event. */
  count(status: string): void {
    const counts = this as unknown as Record<string, number>;
    counts[status] = (counts[status] ?? 0) + 1;
  }
}

/** The counts of a meter, and what waits now. */
export interface MeterReport {
  recorded: number;
  /** Events that the server has answered for. */
  sent: number;
  accepted: number;
  duplicate: number;
  quarantined: number;
  conflict: number;
  rejected: number;
  retries: number;
  dropped: number;
  /** Events that wait. */
  spooled: number;
  /** Bytes that wait, with those of problems. */
  spooledBytes: number;
  /** Seconds since the time of the first event that waits; null if none waits. */
  oldestAgeSeconds: number | null;
  problems: number;
  clockOffset: number | null;
  blockedReason: string | null;
  lastSuccessAt: string | null;
}
