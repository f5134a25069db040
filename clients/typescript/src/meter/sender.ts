import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { Clock } from "../clock.js";
import { ConfigurationError, ServerUnreachable, TollbookError } from "../errors.js";
import type { Receipt } from "../generated/types.js";
import type { PreparedRequest } from "../request.js";
import { send, type Fetch, type Reply } from "../transport.js";
import type { EventQueue, EventSource, MeterProblem } from "./queue.js";
import type { MeterStats } from "./stats.js";
import { fieldsOf, judge, judgeFailure, type Verdict } from "./verdict.js";

/** What the sender needs besides its queue. */
export interface SenderOptions {
  baseUrl: string;
  credentials: () => Promise<Record<string, string>>;
  fetch: Fetch;
  requestTimeoutMs: number;
  batchSize: number;
  flushIntervalMs: number;
  idPrefix: string;
  onReceipt: (receipt: Receipt, event: MeterProblem["event"]) => void;
  onError: (error: TollbookError) => void;
  onAsOf: (asOf: string) => void;
}

const MOST_BYTES = 4 * 1024 * 1024;
const COMPRESSED_FROM = 1_024;
const BLOCKED_WAIT_MS = 30_000;
const FAILED_WAIT_MS = 1_000;
const SETTLED: readonly string[] = ["accepted", "duplicate"];
const KEPT_AS_PROBLEMS: readonly string[] = ["conflict", "rejected"];
const CLOCK_TOLERANCE_S = 60;
const compress = promisify(gzip);

/** Sends batches, one request at a time, and removes an event only by its own receipt. */
export class Sender {
  readonly #queue: EventQueue;
  readonly #options: SenderOptions;
  readonly #stats: MeterStats;
  readonly #clock: Clock;
  readonly #stopped = new AbortController();
  readonly #waiters = new Set<() => void>();
  /** The sizes of the parts that a refused batch was divided into; the next part is last. */
  #parts: number[] = [];
  #timer: NodeJS.Timeout | null = null;
  #isSending = false;
  #isKeyKnown = false;
  #flushes = 0;
  #retry = 0;

  constructor(queue: EventQueue, options: SenderOptions, stats: MeterStats, clock: Clock) {
    this.#queue = queue;
    this.#options = options;
    this.#stats = stats;
    this.#clock = clock;
  }

  /** Send soon: now if a whole batch waits, else within the flush interval. */
  wake(): void {
    if (this.#isSending || this.#stopped.signal.aborted) return;
    if (this.#isDue()) this.#start();
    else this.#timer ??= setTimeout(() => this.#start(), this.#options.flushIntervalMs).unref();
  }

  /** Wait until the events that wait now have left; return how many are left of all. */
  async flush(timeoutMs: number | null): Promise<number> {
    const targets = this.#queue.sources().map((it) => [it, it.settled + it.count] as const);
    const isDone = (): boolean => {
      const current = this.#queue.sources();
      return targets.every(([it, until]) => it.settled >= until || !current.includes(it));
    };
    // Timers of the sender keep no process alive; one that waits for a flush must stay.
    const alive = setInterval(() => undefined, 2 ** 30);
    this.#flushes += 1;
    try {
      this.#start();
      await this.#until(isDone, timeoutMs);
    } finally {
      this.#flushes -= 1;
      clearInterval(alive);
    }
    return this.left();
  }

  /** Return how many events wait. */
  left(): number {
    return this.#queue.sources().reduce((sum, it) => sum + it.count, 0);
  }

  /** Stop: a request in flight is abandoned. */
  stop(): void {
    this.#stopped.abort(new TollbookError("the meter is closed"));
    if (this.#timer) clearTimeout(this.#timer);
    this.#notify();
  }

  #until(isDone: () => boolean, timeoutMs: number | null): Promise<void> {
    return new Promise((resolve) => {
      const finish = (): void => {
        clearTimeout(timer);
        this.#waiters.delete(check);
        resolve();
      };
      const check = (): void => {
        if (isDone() || this.#stopped.signal.aborted) finish();
      };
      const timer = timeoutMs === null ? undefined : setTimeout(finish, timeoutMs);
      this.#waiters.add(check);
      check();
    });
  }

  #notify(): void {
    for (const check of [...this.#waiters]) check();
  }

  #isDue(): boolean {
    return this.#flushes > 0 || this.#parts.length > 0 || this.left() >= this.#options.batchSize;
  }

  #start(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    if (!this.#isSending) void this.#run();
  }

  async #run(): Promise<void> {
    this.#isSending = true;
    try {
      do await this.#step();
      while (this.#isDue() && this.left() > 0);
    } catch (error) {
      await this.#pause(error);
    }
    this.#isSending = false;
    this.#notify();
    if (this.left() > 0) this.wake();
  }

  /** Report an error of the spool, and let time pass before the spool is tried again. */
  async #pause(error: unknown): Promise<void> {
    if (this.#stopped.signal.aborted) return;
    this.#report(error);
    await this.#clock.sleep(FAILED_WAIT_MS, this.#stopped.signal).catch(() => undefined);
  }

  /** Send the first batch once, and wait if it has to be sent again. */
  async #step(): Promise<void> {
    const source = this.#queue.sources().find((it) => it.count > 0);
    if (!source) return;
    const failed = this.#isKeyKnown ? null : await this.#checkKey();
    const texts = source.first(this.#parts.at(-1) ?? this.#options.batchSize, MOST_BYTES);
    const ids = texts.map((it) => (JSON.parse(it) as { id: string }).id);
    const verdict = failed ?? judge(await this.#post(texts), ids, this.#retry, this.#clock);
    this.#stopped.signal.throwIfAborted();
    await this.#act(verdict, source, texts);
  }

  async #act(verdict: Verdict, source: EventSource, texts: readonly string[]): Promise<void> {
    switch (verdict.kind) {
      case "settled":
        this.#settle(source, texts, verdict.receipts);
        this.#options.onAsOf(verdict.asOf);
        break;
      case "refused":
        this.#divide(source, texts, verdict.code, verdict.error);
        break;
      case "retry":
        this.#retry += 1;
        this.#stats.retries += 1;
        await this.#clock.sleep(verdict.waitMs, this.#stopped.signal);
        break;
      case "blocked":
        this.#block(new ConfigurationError(verdict.reason));
        await this.#clock.sleep(BLOCKED_WAIT_MS, this.#stopped.signal);
    }
  }

  #settle(source: EventSource, texts: readonly string[], receipts: readonly Receipt[]): void {
    this.#retry = 0;
    this.#stats.blockedReason = null;
    this.#stats.lastSuccessAt = new Date(this.#clock.now()).toISOString();
    this.#remove(source, texts, receipts);
  }

  /** Keep problems, remove the events, and then call the hooks. */
  #remove(source: EventSource, texts: readonly string[], receipts: readonly Receipt[]): void {
    const noted: [Receipt, MeterProblem["event"]][] = [];
    receipts.forEach((receipt, index) => {
      this.#stats.count(receipt.status);
      if (SETTLED.includes(receipt.status)) return;
      const problem = this.#problem(texts[index]!, receipt);
      if (KEPT_AS_PROBLEMS.includes(receipt.status)) this.#queue.keep(problem);
      noted.push([receipt, problem.event]);
    });
    source.remove(texts.length);
    this.#take(texts.length);
    this.#notify();
    for (const [receipt, event] of noted) {
      this.#guarded(() => this.#options.onReceipt(receipt, event));
    }
  }

  #problem(text: string, receipt: Receipt): MeterProblem {
    const id = createHash("sha256").update(text).digest("hex");
    const event = JSON.parse(text) as MeterProblem["event"];
    return { id, event, receipt, at: new Date(this.#clock.now()).toISOString() };
  }

  /** Take events off the part that is being sent. */
  #take(count: number): void {
    const part = this.#parts.pop();
    if (part !== undefined && part > count) this.#parts.push(part - count);
  }

  /** Halve a refused batch; a single event becomes a problem. */
  #divide(source: EventSource, texts: readonly string[], code: string, error: string): void {
    if (texts.length === 1) {
      const { id } = JSON.parse(texts[0]!) as { id: string };
      this.#retry = 0;
      this.#remove(source, texts, [{ index: 0, status: "rejected", id, code, error }]);
      return;
    }
    this.#take(texts.length);
    const half = Math.ceil(texts.length / 2);
    this.#parts.push(texts.length - half, half);
  }

  #block(error: TollbookError): void {
    this.#isKeyKnown = false;
    if (this.#stats.blockedReason === error.message) return;
    this.#stats.blockedReason = error.message;
    this.#report(error);
  }

  #report(error: unknown): void {
    const known = error instanceof TollbookError ? error : new TollbookError(String(error));
    this.#guarded(() => this.#options.onError(known));
  }

  /** What a hook raises must not stop the sender. */
  #guarded(call: () => void): void {
    try {
      call();
    } catch (error) {
      process.emitWarning(error instanceof Error ? error : String(error));
    }
  }

  /** Read the key's own terms once: nothing is sent to another tenant. */
  async #checkKey(): Promise<Verdict | null> {
    const url = `${this.#options.baseUrl}/v1/keys/self`;
    const reply = await this.#send({ method: "GET", url, headers: {} });
    const failed = judgeFailure(reply, this.#retry, this.#clock);
    if (failed?.kind === "refused") return { kind: "blocked", reason: failed.error };
    if (failed || reply instanceof ServerUnreachable) return failed;
    const key = fieldsOf(reply)["key"] as { tenant_id: string; id_prefix: string | null } | undefined;
    if (!key?.tenant_id) return { kind: "blocked", reason: "the server is not a Tollbook server" };
    try {
      this.#queue.requireTenant(key.tenant_id);
    } catch (error) {
      return { kind: "blocked", reason: (error as Error).message };
    }
    this.#isKeyKnown = true;
    this.#checkPrefix(key.id_prefix);
    return null;
  }

  #checkPrefix(required: string | null): void {
    if (required === null || this.#options.idPrefix.startsWith(required)) return;
    const sentence = `idPrefix must begin with ${required}, the id_prefix of the key`;
    this.#report(new ConfigurationError(sentence));
  }

  async #post(texts: readonly string[]): Promise<Reply | ServerUnreachable> {
    const body = Buffer.from(`[${texts.join(",")}]`);
    const isLarge = body.length >= COMPRESSED_FROM;
    return this.#send({
      method: "POST",
      url: `${this.#options.baseUrl}/v1/events`,
      headers: {
        "Content-Type": "application/json",
        ...(isLarge && { "Content-Encoding": "gzip" }),
      },
      body: isLarge ? await compress(body, { level: 1 }) : body,
    });
  }

  async #send(request: PreparedRequest): Promise<Reply | ServerUnreachable> {
    const { fetch, requestTimeoutMs } = this.#options;
    try {
      Object.assign(request.headers, await this.#options.credentials());
      const reply = await send(fetch, request, requestTimeoutMs, this.#stopped.signal);
      this.#noteClock(reply);
      return reply;
    } catch (error) {
      if (this.#stopped.signal.aborted) throw error;
      if (error instanceof ServerUnreachable) return error;
      // A key that cannot be read now may be readable later.
      this.#block(error instanceof TollbookError ? error : new ConfigurationError(String(error)));
      return new ServerUnreachable(String(error), { cause: error });
    }
  }

  #noteClock(reply: Reply): void {
    const server = Date.parse(reply.headers.get("Date") ?? "");
    if (Number.isNaN(server)) return;
    const isFirst = this.#stats.clockOffset === null;
    const offset = (server - this.#clock.now()) / 1_000;
    this.#stats.clockOffset = offset;
    if (!isFirst || Math.abs(offset) <= CLOCK_TOLERANCE_S) return;
    const sentence = `the clock of this machine differs from the server's by ${offset} seconds`;
    this.#report(new ConfigurationError(sentence));
  }
}
