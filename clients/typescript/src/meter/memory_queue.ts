import { SpoolFull } from "../errors.js";
import type { EventQueue, EventSource, MeterProblem } from "./queue.js";

/** A queue in memory: a crash of the process loses its events. */
export class MemoryQueue implements EventQueue, EventSource {
  settled = 0;
  bytes = 0;
  readonly #most: number;
  readonly #problems = new Map<string, MeterProblem>();
  #texts: string[] = [];
  #start = 0;

  constructor(most: number) {
    this.#most = most;
  }

  get count(): number {
    return this.#texts.length - this.#start;
  }

  add(texts: readonly string[]): void {
    if (this.count + this.#problems.size + texts.length > this.#most) {
      throw new SpoolFull(`the queue has ${this.count} events and no room; maxQueued is its limit`);
    }
    for (const text of texts) {
      this.#texts.push(text);
      this.bytes += text.length;
    }
  }

  sources(): readonly EventSource[] {
    return [this];
  }

  first(count: number, bytes: number): readonly string[] {
    return cut(this.#texts, this.#start, count, bytes);
  }

  remove(count: number): void {
    const end = this.#start + count;
    for (let index = this.#start; index < end; index += 1) this.bytes -= this.#texts[index]!.length;
    this.#start = end;
    this.settled += count;
    if (this.#start * 2 > this.#texts.length) {
      this.#texts = this.#texts.slice(this.#start);
      this.#start = 0;
    }
  }

  keep(problem: MeterProblem): void {
    this.#problems.set(problem.id, problem);
  }

  problems(): MeterProblem[] {
    return [...this.#problems.values()];
  }

  dismiss(id: string): void {
    this.#problems.delete(id);
  }

  requireTenant(): void {
    // Events in memory are those of this process and its key.
  }

  close(): void {
    // There is nothing to release.
  }
}

/** Return the texts from `start` on, at least one, at most `count`, with at most `bytes`. */
export function cut(
  texts: readonly string[],
  start: number,
  count: number,
  bytes: number,
): readonly string[] {
  let end = start;
  let size = 0;
  while (end < texts.length && end < start + count) {
    size += Buffer.byteLength(texts[end]!) + 1;
    if (size > bytes && end > start) break;
    end += 1;
  }
  return texts.slice(start, end);
}
