import type { AmountMode, AmountOf } from "./amounts.js";
import { answerOf, type Fields } from "./answers.js";
import { REAL_CLOCK, type Clock } from "./clock.js";
import { credentialsOf, type Credentials } from "./credentials.js";
import {
  ApiError,
  ConfigurationError,
  IncompleteExport,
  InvalidAnswer,
  ServerUnreachable,
  TollbookError,
} from "./errors.js";
import { checkNumbers } from "./event_numbers.js";
import { OPERATIONS } from "./generated/operations.js";
import type { FileParams, Operations, Rows, RowsParams } from "./generated/types.js";
import { isAfter } from "./instants.js";
import type { CallOptions, OperationFacts, Params } from "./operation.js";
import { prepare } from "./request.js";
import { jitter } from "./retries.js";
import { open, send, type Fetch } from "./transport.js";

/** Options of a client. */
export interface TollbookOptions<Mode extends AmountMode = AmountMode> extends Credentials {
  /** The address of the server, such as `https://tollbook.example.com`. */
  baseUrl?: string;
  /** How answers have amounts; `"string"` by default. */
  amounts?: Mode;
  /** Milliseconds that one attempt may take; 30,000 by default. */
  timeoutMs?: number;
  /** How often a failed attempt is repeated; 4 by default. */
  maxRetries?: number;
  /** Whether questions include what this client has sent before; true by default. */
  carryAsOf?: boolean;
  /** A replacement of the global `fetch`. */
  fetch?: Fetch;
}

/** The formats of files. */
export type FileFormat = "csv" | "ndjson" | "parquet";

const LONGEST_WAIT_MS = 8_000;
const LONGEST_RETRY_AFTER_S = 60;
const RETRIED: readonly number[] = [429, 502, 503, 504];
const TOO_MANY = 429;
const ROWS_OF_A_PAGE = 1_000;
const EVENT_OPERATIONS: readonly string[] = ["postEvents", "postCorrections", "postRate"];
const NOT_YET = "not_yet";
const IN_FUTURE = "in_future";
const MIN_AS_OF = "min_as_of";
const FACTS: Readonly<Record<string, OperationFacts>> = OPERATIONS;

/** Failures that are returned, so that retries can judge them. */
type Failure = ApiError | InvalidAnswer | ServerUnreachable;

/** A call in progress. */
interface Call {
  facts: OperationFacts;
  params: Params;
  options: CallOptions;
  carried: string | null;
  startedAt: number;
}

/** A client of the API. Each method is an operation, named by its `operationId`. */
export class Tollbook<Mode extends AmountMode = "string"> {
  readonly #baseUrl: string;
  readonly #credentials: () => Promise<Record<string, string>>;
  readonly #renews: boolean;
  readonly #amounts: AmountMode;
  readonly #timeoutMs: number;
  readonly #maxRetries: number;
  readonly #carryAsOf: boolean;
  readonly #fetch: Fetch;
  readonly #clock: Clock;
  #asOf: string | null = null;

  constructor(options: TollbookOptions<Mode>, clock: Clock = REAL_CLOCK) {
    this.#baseUrl = checkedUrl(options.baseUrl);
    this.#credentials = credentialsOf(options);
    this.#renews = typeof options.token === "function";
    this.#amounts = options.amounts ?? "string";
    this.#timeoutMs = options.timeoutMs ?? 30_000;
    this.#maxRetries = options.maxRetries ?? 4;
    this.#carryAsOf = options.carryAsOf ?? true;
    this.#fetch = options.fetch ?? fetch.bind(globalThis);
    this.#clock = clock;
  }

  /** The latest `as_of` of receipts that this client has seen; null if there is none. */
  get asOf(): string | null {
    return this.#asOf;
  }

  set asOf(instant: string | null) {
    this.#asOf = instant;
  }

  /** Yield the rows of all pages; `CursorExpired` ends it, and it never starts over. */
  async *iterate<Name extends keyof RowsParams>(
    operation: Name,
    params: RowsParams[Name] = {} as RowsParams[Name],
    options: CallOptions = {},
  ): AsyncGenerator<Rows<AmountOf<Mode>>[Name], void, undefined> {
    const rows = FACTS[operation]?.rows;
    if (!rows) throw new ConfigurationError(`${operation} has no pages`);
    let page: Params = { limit: ROWS_OF_A_PAGE, ...params };
    for (;;) {
      const answer = await this.call(operation, page, options);
      yield* answer[rows] as Rows<AmountOf<Mode>>[Name][];
      if (!answer["next_cursor"]) return;
      page = { ...page, cursor: answer["next_cursor"] };
    }
  }

  /** Yield the bytes of a file; raise `IncompleteExport` when it ends too early. */
  async *download<Name extends keyof FileParams>(
    operation: Name,
    params: FileParams[Name],
    format: FileFormat,
    options: CallOptions = {},
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const facts = FACTS[operation];
    if (!facts?.files) throw new ConfigurationError(`${operation} has no files`);
    const asked: OperationFacts = { ...facts, query: [...facts.query, "format"] };
    const call = this.#begin(asked, { ...params, format } as Params, options);
    const response = await this.#repeat(call, () => this.#opened(call));
    try {
      yield* response.body as unknown as AsyncIterable<Uint8Array>;
    } catch (error) {
      options.signal?.throwIfAborted();
      throw new IncompleteExport("the file ended too early; begin again", { cause: error });
    }
  }

  /** @internal */
  async call(operation: string, params: Params = {}, options: CallOptions = {}): Promise<Fields> {
    const facts = FACTS[operation];
    if (!facts) throw new ConfigurationError(`unknown operation: ${operation}`);
    if (EVENT_OPERATIONS.includes(operation)) checkNumbers(params["body"]);
    const call = this.#begin(facts, params, options);
    const answer = await this.#repeat(call, () => this.#answered(call));
    if (Array.isArray(answer["receipts"])) this.#remember(answer["as_of"]);
    return answer;
  }

  #begin(facts: OperationFacts, params: Params, options: CallOptions): Call {
    // The state of a cursor is fixed, so a later state is not asked for.
    const isFree = params[MIN_AS_OF] === undefined && params["cursor"] === undefined;
    const carries = this.#carryAsOf && facts.carries && isFree;
    const carried = carries ? this.#asOf : null;
    return { facts, params, options, carried, startedAt: this.#clock.now() };
  }

  #remember(asOf: unknown): void {
    if (typeof asOf !== "string") return;
    if (this.#asOf === null || isAfter(asOf, this.#asOf)) this.#asOf = asOf;
  }

  /** Repeat attempts until one succeeds or must not be repeated. */
  async #repeat<Found>(call: Call, attempt: () => Promise<Found | Failure>): Promise<Found> {
    let isRenewed = false;
    for (let retry = 0; ; ) {
      const found = await attempt();
      if (!isFailure(found)) return found;
      if (this.#dropsCarried(call, found)) continue;
      if (isUnauthorized(found) && this.#renews && !isRenewed) {
        isRenewed = true;
        continue;
      }
      const isNotYet = this.#isNotYet(call, found);
      const wait = this.#waitBefore(call, found, isNotYet ? 0 : retry);
      if (wait === null || (!isNotYet && retry >= this.#maxRetries)) throw found;
      if (!isNotYet) retry += 1;
      await this.#clock.sleep(wait, call.options.signal);
    }
  }

  /** Forget a carried state that the server calls future: its clock was set back. */
  #dropsCarried(call: Call, failure: Failure): boolean {
    if (call.carried === null || !(failure instanceof ApiError)) return false;
    if (!failure.details.some((it) => it.field === MIN_AS_OF && it.code === IN_FUTURE)) return false;
    if (this.#asOf === call.carried) this.#asOf = null;
    call.carried = null;
    return true;
  }

  #isNotYet(call: Call, failure: Failure): boolean {
    const asked = call.carried !== null || call.params[MIN_AS_OF] !== undefined;
    return asked && failure instanceof ApiError && failure.code === NOT_YET;
  }

  /** Return the milliseconds to wait before a retry; null if there must be none. */
  #waitBefore(call: Call, failure: Failure, retry: number): number | null {
    const isTransport = failure instanceof ServerUnreachable;
    if (!isTransport && !RETRIED.includes(failure.status)) return null;
    const isRefused = !isTransport && failure.status === TOO_MANY;
    if (!call.facts.repeatable && !isRefused) return null;
    const seconds = failure instanceof ApiError ? failure.retryAfter : null;
    if (seconds !== null && seconds > LONGEST_RETRY_AFTER_S) return null;
    const wait = seconds === null ? jitter(this.#clock, retry, LONGEST_WAIT_MS) : seconds * 1_000;
    const isLate = this.#clock.now() - call.startedAt + wait > this.#limitOf(call);
    return this.#isNotYet(call, failure) && isLate ? null : wait;
  }

  #limitOf(call: Call): number {
    return call.options.timeoutMs ?? this.#timeoutMs;
  }

  async #prepared(call: Call): Promise<Parameters<typeof send>> {
    const params = call.carried ? { ...call.params, [MIN_AS_OF]: call.carried } : call.params;
    const request = prepare(this.#baseUrl, call.facts, params, call.options);
    Object.assign(request.headers, await this.#credentials());
    return [this.#fetch, request, this.#limitOf(call), call.options.signal];
  }

  async #answered(call: Call): Promise<Fields | Failure> {
    const request = await this.#prepared(call);
    return caught(async () => answerOf(await send(...request), this.#amounts));
  }

  async #opened(call: Call): Promise<Response | Failure> {
    const request = await this.#prepared(call);
    return caught(async () => {
      const response = await open(...request);
      if (response.ok && response.body) return response;
      const { status, headers } = response;
      const answer = answerOf({ status, headers, text: await response.text() }, this.#amounts);
      return isFailure(answer) ? answer : new InvalidAnswer("the answer has no file", status);
    });
  }
}

export interface Tollbook<Mode extends AmountMode = "string"> extends Operations<AmountOf<Mode>> {}

for (const name of Object.keys(OPERATIONS)) {
  Object.defineProperty(Tollbook.prototype, name, {
    value(this: Tollbook, params?: Params, options?: CallOptions) {
      return this.call(name, params, options);
    },
    writable: true,
    configurable: true,
  });
}

function isFailure(found: unknown): found is Failure {
  return found instanceof TollbookError;
}

function isUnauthorized(failure: Failure): boolean {
  return failure instanceof ApiError && failure.status === 401;
}

async function caught<Found>(attempt: () => Promise<Found>): Promise<Found | Failure> {
  try {
    return await attempt();
  } catch (error) {
    if (error instanceof ServerUnreachable) return error;
    throw error;
  }
}

/** Return the address without a slash at its end; raise `ConfigurationError` for any other text. */
export function checkedUrl(text: string | undefined): string {
  if (!text) throw new ConfigurationError("baseUrl is required: the address of the server");
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url || !["http:", "https:"].includes(url.protocol)) {
    throw new ConfigurationError(`baseUrl must be an http or https URL, not ${text}`);
  }
  if (url.username || url.search || url.hash) {
    throw new ConfigurationError("baseUrl must have no credentials, query or fragment");
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, "")}`;
}
