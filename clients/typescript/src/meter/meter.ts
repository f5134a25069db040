import { REAL_CLOCK, sleep, type Clock } from "../clock.js";
import { checkedUrl } from "../client.js";
import { credentialsOf, type Credentials } from "../credentials.js";
import { ConfigurationError, InvalidEvent, SpoolFull, TollbookError } from "../errors.js";
import type { Receipt } from "../generated/types.js";
import { isAfter } from "../instants.js";
import { withEnvironment } from "../node_client.js";
import type { Fetch } from "../transport.js";
import { costProblems, problemsOf, type MeterEvent } from "./event.js";
import { MemoryQueue } from "./memory_queue.js";
import type { EventQueue, MeterProblem } from "./queue.js";
import { Sender } from "./sender.js";
import { Spool } from "./spool.js";
import { MeterStats, type MeterReport } from "./stats.js";
import { uuid7 } from "./uuid.js";

/** Options of a meter. */
export interface MeterOptions extends Omit<Credentials, "token"> {
  /** The address of the server; `TOLLBOOK_URL` if it is left out. */
  baseUrl?: string;
  /** A folder in which events survive the process; `TOLLBOOK_SPOOL` if it is left out. */
  spool?: string;
  /** The beginning of every id that the meter makes. */
  idPrefix?: string;
  /** The organization of events that name none. */
  organizationId?: string;
  /** How many events one request has; 2,000 by default. */
  batchSize?: number;
  /** Milliseconds that an event waits for others; 500 by default. */
  flushIntervalMs?: number;
  /** How many events wait in memory, without a spool; 10,000 by default. */
  maxQueued?: number;
  /** How many bytes the spool may have; 1 GiB by default. */
  maxSpoolBytes?: number;
  /** What `record` does when there is no room: raise `SpoolFull`, or drop the event. */
  onFull?: "raise" | "drop";
  /** What events in the spool survive: the end of the process, or a loss of power as well. */
  durability?: "process" | "disk";
  /** Milliseconds that a request may take; 30,000 by default. */
  requestTimeoutMs?: number;
  /** Milliseconds that the end of the process waits for events; 5,000 by default. */
  exitTimeoutMs?: number;
  /** Called for every receipt but `accepted` and `duplicate`. */
  onReceipt?: (receipt: Receipt, event: MeterProblem["event"]) => void;
  /** Called when something prevents sending, and when events are dropped. */
  onError?: (error: TollbookError) => void;
  /** A replacement of the global `fetch`. */
  fetch?: Fetch;
}

const GIB = 2 ** 30;
const A_MINUTE_MS = 60_000;

/** Timers of the sender keep no process alive. */
const BACKGROUND_CLOCK: Clock = {
  ...REAL_CLOCK,
  sleep: (milliseconds, signal) => sleep(milliseconds, signal, (timer) => timer.unref()),
};

/** Records events at once and sends them in the background. For Node.js. */
export class Meter {
  readonly #queue: EventQueue;
  readonly #sender: Sender;
  readonly #stats = new MeterStats();
  readonly #clock: Clock;
  readonly #idPrefix: string;
  readonly #organizationId: string | undefined;
  readonly #drops: boolean;
  readonly #exitTimeoutMs: number;
  readonly #onError: (error: TollbookError) => void;
  readonly #exit = (): void => void this.close();
  #isClosed = false;
  #lastDropAt = -Infinity;
  #asOf: string | null = null;
  #textOf = { now: NaN, text: "" };

  constructor(options: MeterOptions = {}, clock: Clock = BACKGROUND_CLOCK) {
    const given = withEnvironment(options);
    const baseUrl = checkedUrl(given.baseUrl);
    const credentials = credentialsOf({ ...(given.apiKey !== undefined && { apiKey: given.apiKey }) });
    this.#clock = clock;
    this.#idPrefix = given.idPrefix ?? "";
    this.#organizationId = given.organizationId;
    this.#drops = given.onFull === "drop";
    this.#exitTimeoutMs = given.exitTimeoutMs ?? 5_000;
    this.#onError = given.onError ?? ((error) => process.emitWarning(error));
    this.#queue = this.#openQueue(given, baseUrl);
    const settings = {
      baseUrl,
      credentials,
      fetch: given.fetch ?? fetch,
      requestTimeoutMs: given.requestTimeoutMs ?? 30_000,
      batchSize: positive("batchSize", given.batchSize ?? 2_000),
      flushIntervalMs: given.flushIntervalMs ?? 500,
      idPrefix: this.#idPrefix,
      onReceipt: given.onReceipt ?? (() => undefined),
      onError: this.#onError,
      onAsOf: (asOf: string) => this.#remember(asOf),
    };
    this.#sender = new Sender(this.#queue, settings, this.#stats, clock);
    process.once("beforeExit", this.#exit);
    if (this.#sender.left() > 0) this.#sender.wake();
  }

  #openQueue(given: MeterOptions, baseUrl: string): EventQueue {
    const folder = given.spool ?? process.env["TOLLBOOK_SPOOL"];
    if (!folder) return new MemoryQueue(positive("maxQueued", given.maxQueued ?? 10_000));
    return new Spool({
      folder,
      baseUrl,
      maxBytes: positive("maxSpoolBytes", given.maxSpoolBytes ?? GIB),
      syncs: given.durability === "disk",
      onError: (error) => this.#onError(error),
    });
  }

  /**
   * Record an event and return its id; an empty text if it was dropped.
   *
   * Raises `InvalidEvent` with every problem, or `SpoolFull`; nothing is stored then. A call that is
   * repeated is a second event, unless the caller chose the `id`.
   */
  record(event: MeterEvent): string {
    return this.recordMany([event])[0] ?? "";
  }

  /** Record all of the events and return their ids, or none of them and raise. */
  recordMany(events: readonly MeterEvent[]): string[] {
    if (this.#isClosed) throw new TollbookError("the meter is closed");
    if (!events.length) return [];
    const completed = events.map((it) => this.#completed(it));
    const details = completed.flatMap((it) => [...problemsOf(it), ...costProblems(it)]);
    if (details.length) throw new InvalidEvent(details);
    try {
      this.#queue.add(completed.map((it) => JSON.stringify(it)));
    } catch (error) {
      if (!this.#drops || !(error instanceof SpoolFull)) throw error;
      this.#drop(events.length, error);
      return [];
    }
    this.#stats.recorded += events.length;
    this.#sender.wake();
    return completed.map((it) => it.id);
  }

  /** Wait until what was recorded before has been answered for; return how many events are left. */
  async flush(timeoutMs: number | null = null): Promise<number> {
    return this.#sender.flush(timeoutMs);
  }

  /**
   * Flush for a while, stop, and return how many events are left: in the spool, where the next
   * process finds them, or lost with the memory.
   */
  async close(timeoutMs: number | null = this.#exitTimeoutMs): Promise<number> {
    if (this.#isClosed) return this.#sender.left();
    this.#isClosed = true;
    process.off("beforeExit", this.#exit);
    const left = await this.#sender.flush(timeoutMs);
    this.#sender.stop();
    this.#queue.close();
    if (left > 0 && this.#queue instanceof MemoryQueue) {
      this.#onError(new TollbookError(`${left} events are lost: the server was not reached in time`));
    }
    return left;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Return the events that the server did not store, oldest first. */
  problems(): MeterProblem[] {
    return this.#queue.problems();
  }

  /** Record the event of a problem with changes, and dismiss the problem; return the id. */
  resend(problem: MeterProblem, changes: Partial<MeterEvent> = {}): string {
    const id = this.record({ ...problem.event, ...changes });
    if (id) this.dismiss(problem);
    return id;
  }

  /** Forget a problem. */
  dismiss(problem: MeterProblem): void {
    this.#queue.dismiss(problem.id);
  }

  /** Return the counts of this meter, and what waits now. */
  stats(): MeterReport {
    const { accepted, duplicate, quarantined, conflict, rejected } = this.#stats;
    return {
      ...this.#stats,
      sent: accepted + duplicate + quarantined + conflict + rejected,
      spooled: this.#sender.left(),
      spooledBytes: this.#queue.bytes,
      oldestAgeSeconds: this.#oldestAge(),
      problems: this.#queue.problems().length,
    };
  }

  /** The latest `as_of` of receipts; null before the first. */
  get asOf(): string | null {
    return this.#asOf;
  }

  #remember(asOf: string): void {
    if (this.#asOf === null || isAfter(asOf, this.#asOf)) this.#asOf = asOf;
  }

  #completed(event: MeterEvent): MeterEvent & { id: string } {
    const now = this.#clock.now();
    const id = event.id ?? this.#idPrefix + uuid7(now);
    const completed = { ...event, id, time: event.time ?? this.#timeText(now) };
    if (completed.organization_id === undefined && this.#organizationId !== undefined) {
      completed.organization_id = this.#organizationId;
    }
    return completed;
  }

  /** Many events have the same millisecond, and to write it takes as long as the rest of them. */
  #timeText(now: number): string {
    if (now !== this.#textOf.now) this.#textOf = { now, text: new Date(now).toISOString() };
    return this.#textOf.text;
  }

  #drop(count: number, reason: SpoolFull): void {
    this.#stats.dropped += count;
    if (this.#clock.now() - this.#lastDropAt < A_MINUTE_MS) return;
    this.#lastDropAt = this.#clock.now();
    this.#onError(reason);
  }

  #oldestAge(): number | null {
    const [text] = this.#queue.sources().flatMap((it) => it.first(1, 1));
    if (text === undefined) return null;
    const { time } = JSON.parse(text) as { time: string };
    return (this.#clock.now() - Date.parse(time)) / 1_000;
  }
}

function positive(name: string, value: number): number {
  if (Number.isInteger(value) && value > 0) return value;
  throw new ConfigurationError(`${name} must be a whole number above 0`);
}
