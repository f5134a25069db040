import { randomUUID } from "node:crypto";
import {
  accessSync,
  constants,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join, resolve } from "node:path";
import { SpoolError, SpoolFull } from "../errors.js";
import type { EventQueue, EventSource, MeterProblem } from "./queue.js";
import { SegmentLog } from "./segment_log.js";

/** Options of a spool. */
export interface SpoolOptions {
  folder: string;
  baseUrl: string;
  maxBytes: number;
  /** Whether events must survive a loss of power, not only the end of the process. */
  syncs: boolean;
  onError: (error: SpoolError) => void;
}

/** What a spool remembers. */
interface Identity {
  version: number;
  base_url: string;
  tenant_id: string | null;
}

const VERSION = 1;
const IDENTITY = "spool.json";
const PROBLEMS = "problems";
const HEARTBEAT = "heartbeat";
const LOG_PREFIX = "log-";
const BEAT_MS = 5_000;
/** A process that has been silent for so long may have lost its folder to another one. */
const UNSURE_MS = 15_000;
const ABANDONED_MS = 30_000;
const NO_ROOM: readonly unknown[] = ["ENOSPC", "EDQUOT", "EFBIG"];
const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;

/**
 * A folder in which events survive the process: a log for each process, and problems.
 *
 * A process shows that it is alive by the time of its heartbeat file. The log of one that is silent
 * is adopted: renamed by a live process, which sends what is in it. A process that was only halted
 * notices that its log is gone before `add` returns, and moves what waits to a new one.
 */
export class Spool implements EventQueue {
  readonly #options: SpoolOptions;
  readonly #own: SegmentLog;
  readonly #ownOnly: readonly EventSource[];
  readonly #timer: NodeJS.Timeout;
  #adopted: SegmentLog[] = [];
  #identity: Identity;
  #lastBeat = Date.now();
  #otherBytes = 0;

  constructor(options: SpoolOptions) {
    this.#options = { ...options, folder: resolve(options.folder) };
    this.#identity = this.#opened(() => this.#prepare());
    this.#own = this.#opened(() => new SegmentLog(this.#newLogPath(), options.syncs));
    this.#ownOnly = [this.#own];
    this.#touch(this.#own);
    this.#beat();
    this.#timer = setInterval(() => this.#beatSafely(), BEAT_MS).unref();
  }

  get bytes(): number {
    const adopted = this.#adopted.reduce((sum, it) => sum + it.bytes, 0);
    return this.#own.bytes + adopted + this.#otherBytes;
  }

  add(texts: readonly string[]): void {
    const size = texts.reduce((sum, it) => sum + Buffer.byteLength(it) + 1, 0);
    if (this.bytes + size > this.#options.maxBytes) {
      const sentence = `the spool ${this.#options.folder} is full; maxSpoolBytes is its limit`;
      throw new SpoolFull(sentence);
    }
    this.#append(texts);
    if (Math.abs(Date.now() - this.#lastBeat) > UNSURE_MS) this.#beat();
  }

  sources(): readonly EventSource[] {
    if (!this.#adopted.length) return this.#ownOnly;
    const drained = this.#adopted.filter((it) => it.count === 0);
    for (const it of drained) it.close();
    if (drained.length) this.#adopted = this.#adopted.filter((it) => it.count > 0);
    return [...this.#adopted, ...this.#ownOnly];
  }

  keep(problem: MeterProblem): void {
    const path = this.#problemPath(problem.id);
    const text = JSON.stringify(problem);
    writeFileSync(`${path}.new`, text, { mode: FILE_MODE, flush: this.#options.syncs });
    renameSync(`${path}.new`, path);
    this.#otherBytes += Buffer.byteLength(text);
  }

  problems(): MeterProblem[] {
    const names = readdirSync(join(this.#options.folder, PROBLEMS));
    const found = names.filter((it) => it.endsWith(".json")).map((it) => this.#problem(it));
    return found.filter((it) => it !== null).sort((one, other) => (one.at < other.at ? -1 : 1));
  }

  dismiss(id: string): void {
    rmSync(this.#problemPath(id), { force: true });
    this.#countOthers();
  }

  requireTenant(tenant: string): void {
    const { tenant_id: known } = this.#readIdentity();
    if (known !== null && known !== tenant) {
      const sentence =
        `${this.#options.folder} has events of the tenant ${known}, and this key belongs to ` +
        `${tenant}: use a key of ${known}, or another folder`;
      throw new SpoolError(sentence);
    }
    if (known === null) this.#writeIdentity({ ...this.#identity, tenant_id: tenant });
  }

  close(): void {
    clearInterval(this.#timer);
    for (const log of [...this.#adopted, this.#own]) {
      // A log that is left may be adopted at once.
      if (log.count > 0) touch(log, new Date(0));
      log.close();
    }
  }

  /** Append to the own log, which another process may have taken in the meantime. */
  #append(texts: readonly string[]): void {
    try {
      this.#own.append(texts);
    } catch (error) {
      if (codeOf(error) === "ENOENT") {
        this.#opened(() => this.#own.moveTo(this.#newLogPath()));
        this.#touch(this.#own);
        this.#append(texts);
        return;
      }
      throw this.#failure(error);
    }
  }

  #failure(error: unknown): SpoolError {
    const { folder } = this.#options;
    if (error instanceof SpoolError) return error;
    if (NO_ROOM.includes(codeOf(error))) {
      return new SpoolFull(`there is no room on the disk of the spool ${folder}`, { cause: error });
    }
    const reason = error instanceof Error ? error.message : String(error);
    const fix = "make the folder writable, or choose another one";
    return new SpoolError(`the spool ${folder} cannot be used: ${reason}; ${fix}`, { cause: error });
  }

  #opened<Found>(open: () => Found): Found {
    try {
      return open();
    } catch (error) {
      throw this.#failure(error);
    }
  }

  #newLogPath(): string {
    return join(this.#options.folder, `${LOG_PREFIX}${process.pid}-${randomUUID()}`);
  }

  #prepare(): Identity {
    const { folder, baseUrl } = this.#options;
    mkdirSync(join(folder, PROBLEMS), { recursive: true, mode: FOLDER_MODE });
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
    const isNew = !readdirSync(folder).includes(IDENTITY);
    if (isNew) this.#writeIdentity({ version: VERSION, base_url: baseUrl, tenant_id: null });
    const found = this.#readIdentity();
    if (found.version !== VERSION) {
      const fix = "use a later version of this client, or another folder";
      throw new SpoolError(`${folder} was written by another version of the client: ${fix}`);
    }
    if (found.base_url === baseUrl) return found;
    const sentence =
      `${folder} has events for ${found.base_url}, and baseUrl is ${baseUrl}: use the same ` +
      "address, or another folder";
    throw new SpoolError(sentence);
  }

  #readIdentity(): Identity {
    const path = join(this.#options.folder, IDENTITY);
    const found = readJsonFile(path) as Partial<Identity> | null;
    if (typeof found?.version === "number" && typeof found.base_url === "string") {
      return { version: found.version, base_url: found.base_url, tenant_id: found.tenant_id ?? null };
    }
    throw new SpoolError(`${path} is damaged: restore it, or use another folder`);
  }

  #writeIdentity(identity: Identity): void {
    const path = join(this.#options.folder, IDENTITY);
    const draft = `${path}.${randomUUID()}`;
    writeFileSync(draft, JSON.stringify(identity), { mode: FILE_MODE });
    renameSync(draft, path);
    this.#identity = identity;
  }

  /** Show that this process is alive, and adopt the logs of those that are not. */
  #beat(): void {
    if (!touch(this.#own)) {
      this.#opened(() => this.#own.moveTo(this.#newLogPath()));
      this.#touch(this.#own);
    }
    this.#adopted = this.#adopted.filter((it) => touch(it));
    this.#lastBeat = Date.now();
    for (const name of this.#abandoned()) this.#adopt(name);
    this.#countOthers();
  }

  #beatSafely(): void {
    try {
      this.#beat();
    } catch (error) {
      this.#options.onError(this.#failure(error));
    }
  }

  #touch(log: SegmentLog): void {
    writeFileSync(join(log.folder, HEARTBEAT), "", { mode: FILE_MODE });
  }

  #foreign(): string[] {
    const mine = new Set([this.#own, ...this.#adopted].map((it) => it.folder));
    const names = readdirSync(this.#options.folder).filter((it) => it.startsWith(LOG_PREFIX));
    return names.filter((it) => !mine.has(join(this.#options.folder, it)));
  }

  #abandoned(): string[] {
    return this.#foreign().filter((name) => {
      const folder = join(this.#options.folder, name);
      const seen = modifiedAt(join(folder, HEARTBEAT)) ?? modifiedAt(folder);
      return seen !== null && Math.abs(Date.now() - seen) > ABANDONED_MS;
    });
  }

  /** Of several processes that try, the rename of one succeeds. */
  #adopt(name: string): void {
    const from = join(this.#options.folder, name);
    const to = this.#newLogPath();
    try {
      writeFileSync(join(from, HEARTBEAT), "", { mode: FILE_MODE });
      renameSync(from, to);
    } catch (error) {
      if (codeOf(error) === "ENOENT") return;
      throw error;
    }
    this.#adopted.push(new SegmentLog(to, this.#options.syncs));
  }

  #countOthers(): void {
    const { folder } = this.#options;
    const folders = [...this.#foreign(), PROBLEMS].map((it) => join(folder, it));
    this.#otherBytes = folders.reduce((sum, it) => sum + sizeOf(it), 0);
  }

  #problemPath(id: string): string {
    return join(this.#options.folder, PROBLEMS, `${id.replace(/[^0-9a-f]/g, "")}.json`);
  }

  /** Return a problem; null if it was dismissed in the meantime. */
  #problem(name: string): MeterProblem | null {
    return readJsonFile(join(this.#options.folder, PROBLEMS, name)) as MeterProblem | null;
  }
}

function codeOf(error: unknown): unknown {
  return (error as { code?: unknown } | null)?.code;
}

/** Return whether the log is still in its folder. */
function touch(log: SegmentLog, at: Date = new Date()): boolean {
  try {
    utimesSync(join(log.folder, HEARTBEAT), at, at);
    return true;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return false;
    throw error;
  }
}

function modifiedAt(path: string): number | null {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? null;
}

/** Return the bytes of the files in a folder; 0 if it is gone. */
function sizeOf(folder: string): number {
  try {
    const sizes = readdirSync(folder).map(
      (it) => statSync(join(folder, it), { throwIfNoEntry: false })?.size ?? 0,
    );
    return sizes.reduce((sum, it) => sum + it, 0);
  } catch {
    return 0;
  }
}

/** Return what a file of JSON has; null if it is gone or is not JSON. */
function readJsonFile(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return null;
  }
}
