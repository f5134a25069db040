import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { cut } from "./memory_queue.js";
import type { EventSource } from "./queue.js";

/** A file of the log: lines of JSON. It stays open, so that it can be read after it was moved. */
interface Segment {
  number: number;
  file: number;
  size: number;
}

/** A line in memory, with the place where it ends. */
interface Line {
  text: string;
  bytes: number;
  segment: number;
  end: number;
}

const LARGEST_SEGMENT = 8 * 1024 * 1024;
const LARGEST_POSITIONS = 64 * 1024;
const WINDOW_BYTES = 8 * 1024 * 1024;
/** No event is larger, so a piece of this size has the end of a line. */
const PIECE = 4 * 1024 * 1024;
const SUFFIX = ".ndjson";
const POSITIONS = "acknowledged";
const NEW_LINE = 10;
const OWNER_ONLY = { folder: 0o700, file: 0o600 };

/**
 * An append-only log of events in a folder: segments, and a file of the positions up to which the
 * server has answered.
 */
export class SegmentLog implements EventSource {
  count = 0;
  settled = 0;
  /** The bytes of the events that wait. */
  bytes = 0;
  folder: string;
  readonly #syncs: boolean;
  #segments: Segment[] = [];
  #done = { segment: 0, offset: 0 };
  #read = { segment: 0, offset: 0 };
  #window: Line[] = [];
  #start = 0;
  #windowBytes = 0;
  #positions = -1;
  #positionsSize = 0;

  /** Open the log in a folder, or make an empty one. An incomplete last line is removed. */
  constructor(folder: string, syncs: boolean) {
    this.folder = folder;
    this.#syncs = syncs;
    mkdirSync(folder, { recursive: true, mode: OWNER_ONLY.folder });
    this.#done = readPosition(join(folder, POSITIONS));
    this.#renewPositions();
    for (const number of segmentNumbers(folder)) this.#openSegment(number);
    this.#read = { ...this.#done };
  }

  #openSegment(number: number): void {
    const path = this.#path(number);
    if (number < this.#done.segment) {
      rmSync(path);
      return;
    }
    const file = openSync(path, "r+");
    const from = number === this.#done.segment ? this.#done.offset : 0;
    const { lines, end } = completeLines(file, from);
    ftruncateSync(file, end);
    this.#segments.push({ number, file, size: end });
    this.count += lines;
    this.bytes += end - from;
  }

  /**
   * Append lines, each with its end, in one write; raises the error of the system after removing
   * what was written of them.
   */
  append(texts: readonly string[]): void {
    const data = Buffer.from(`${texts.join("\n")}\n`);
    const segment = this.#segmentFor(data.length);
    const isCaughtUp = this.bytes === this.#windowBytes;
    try {
      writeAll(segment.file, data, segment.size);
      if (this.#syncs) fsyncSync(segment.file);
    } catch (error) {
      ftruncateSync(segment.file, segment.size);
      throw error;
    }
    const start = segment.size;
    segment.size += data.length;
    this.count += texts.length;
    this.bytes += data.length;
    if (isCaughtUp && this.#windowBytes < WINDOW_BYTES) this.#hold(texts, segment, start);
  }

  first(count: number, bytes: number): readonly string[] {
    while (this.#window.length - this.#start < count && this.#windowBytes < bytes) {
      if (!this.#readPiece()) break;
    }
    const ahead = this.#window.slice(this.#start, this.#start + count);
    return cut(
      ahead.map((it) => it.text),
      0,
      count,
      bytes,
    );
  }

  remove(count: number): void {
    if (!count) return;
    while (this.#window.length - this.#start < count && this.#readPiece());
    const last = this.#window[this.#start + count - 1]!;
    for (let left = count; left > 0; left -= 1) {
      const line = this.#window[this.#start++]!;
      this.#windowBytes -= line.bytes;
      this.bytes -= line.bytes;
    }
    this.count -= count;
    this.settled += count;
    this.#done = { segment: last.segment, offset: last.end };
    this.#writePosition();
    this.#shrink();
  }

  /** Continue in a new folder with what waits, because another process has taken this one. */
  moveTo(folder: string): void {
    const moved = new SegmentLog(folder, this.#syncs);
    for (;;) {
      const texts = this.first(1_000, PIECE);
      if (!texts.length) break;
      moved.append(texts);
      this.#skip(texts.length);
    }
    this.#closeFiles();
    this.folder = folder;
    this.#segments = moved.#segments;
    this.#positions = moved.#positions;
    this.#positionsSize = moved.#positionsSize;
    this.#done = { segment: 0, offset: 0 };
    this.#read = { segment: 0, offset: 0 };
    this.#window = [];
    this.#start = 0;
    this.#windowBytes = 0;
  }

  /** Close the files; remove the folder if nothing waits in it. */
  close(): void {
    this.#closeFiles();
    if (this.count === 0) rmSync(this.folder, { recursive: true, force: true });
  }

  #closeFiles(): void {
    for (const it of this.#segments) closeSync(it.file);
    closeSync(this.#positions);
  }

  /** Pass lines in memory without noting that they have left. */
  #skip(count: number): void {
    for (let left = count; left > 0; left -= 1) {
      this.#windowBytes -= this.#window[this.#start++]!.bytes;
    }
    this.#shrink();
  }

  #shrink(): void {
    if (this.#start * 2 > this.#window.length) {
      this.#window = this.#window.slice(this.#start);
      this.#start = 0;
    }
  }

  #path(number: number): string {
    return join(this.folder, `${String(number).padStart(8, "0")}${SUFFIX}`);
  }

  #segmentFor(bytes: number): Segment {
    const last = this.#segments.at(-1);
    if (last && last.size + bytes <= LARGEST_SEGMENT) return last;
    const number = last ? last.number + 1 : this.#done.segment + 1;
    const file = openSync(this.#path(number), "wx+", OWNER_ONLY.file);
    const segment = { number, file, size: 0 };
    this.#segments.push(segment);
    if (this.#syncs) syncFolder(this.folder);
    return segment;
  }

  #hold(texts: readonly string[], segment: Segment, start: number): void {
    let end = start;
    for (const text of texts) {
      const bytes = Buffer.byteLength(text) + 1;
      end += bytes;
      this.#window.push({ text, bytes, segment: segment.number, end });
    }
    this.#windowBytes += end - start;
    this.#read = { segment: segment.number, offset: end };
  }

  /** Return the offset in a segment from which on lines are not in memory. */
  #unreadFrom({ number, size }: Segment): number {
    if (number === this.#read.segment) return this.#read.offset;
    return number < this.#read.segment ? size : 0;
  }

  /** Read more lines into memory; return whether there were any. */
  #readPiece(): boolean {
    const segment = this.#segments.find((it) => this.#unreadFrom(it) < it.size);
    if (!segment) return false;
    const start = this.#unreadFrom(segment);
    const data = Buffer.alloc(Math.min(PIECE, segment.size - start));
    const length = readSync(segment.file, data, 0, data.length, start);
    const end = data.subarray(0, length).lastIndexOf(NEW_LINE);
    if (end < 0) throw new Error(`${this.#path(segment.number)} has no end of a line at ${start}`);
    this.#hold(data.toString("utf8", 0, end).split("\n"), segment, start);
    return true;
  }

  /** Note up to where the server has answered, and delete segments before that. */
  #writePosition(): void {
    const text = Buffer.from(this.#position());
    if (this.#positionsSize > LARGEST_POSITIONS) this.#renewPositions();
    writeAll(this.#positions, text, this.#positionsSize);
    this.#positionsSize += text.length;
    while (this.#segments.length && this.#isDone(this.#segments[0]!)) {
      const segment = this.#segments.shift()!;
      closeSync(segment.file);
      rmSync(this.#path(segment.number), { force: true });
    }
  }

  #isDone({ number, size }: Segment): boolean {
    if (number < this.#done.segment) return true;
    const isPassed = number === this.#done.segment && this.#done.offset === size;
    return isPassed && (this.#segments.length > 1 || size > LARGEST_POSITIONS);
  }

  /** Begin the file of positions again; renamed, because half a file would send all again. */
  #renewPositions(): void {
    // Another process may have taken the folder, and goes on from the position it has found.
    if (!existsSync(this.folder)) return;
    const path = join(this.folder, POSITIONS);
    const text = Buffer.from(this.#position());
    const file = openSync(`${path}.new`, "w", OWNER_ONLY.file);
    writeAll(file, text, 0);
    renameSync(`${path}.new`, path);
    if (this.#positions >= 0) closeSync(this.#positions);
    this.#positions = file;
    this.#positionsSize = text.length;
  }

  #position(): string {
    return `${this.#done.segment} ${this.#done.offset}\n`;
  }
}

function segmentNumbers(folder: string): number[] {
  const names = readdirSync(folder).filter((it) => it.endsWith(SUFFIX));
  return names.map((it) => Number.parseInt(it, 10)).sort((one, other) => one - other);
}

/** Return the last complete position in a file; the beginning if there is none. */
function readPosition(path: string): { segment: number; offset: number } {
  if (!existsSync(path)) return { segment: 0, offset: 0 };
  const line = readFileSync(path, "utf8").split("\n").at(-2) ?? "0 0";
  const [segment = 0, offset = 0] = line.split(" ").map(Number);
  return { segment, offset };
}

/** Return the number of whole lines from an offset on, and where the last one ends. */
function completeLines(file: number, from: number): { lines: number; end: number } {
  const data = Buffer.alloc(PIECE);
  const { size } = fstatSync(file);
  let lines = 0;
  let end = from;
  for (let offset = from; offset < size; ) {
    const length = readSync(file, data, 0, data.length, offset);
    if (!length) break;
    for (let at = data.indexOf(NEW_LINE); at >= 0 && at < length; at = data.indexOf(NEW_LINE, at + 1)) {
      lines += 1;
      end = offset + at + 1;
    }
    offset += length;
  }
  return { lines, end };
}

function writeAll(file: number, data: Buffer, position: number): void {
  for (let done = 0; done < data.length; ) {
    done += writeSync(file, data, done, data.length - done, position + done);
  }
}

function syncFolder(folder: string): void {
  const file = openSync(folder, "r");
  fsyncSync(file);
  closeSync(file);
}
