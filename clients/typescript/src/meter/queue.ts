import type { Receipt } from "../generated/types.js";
import type { MeterEvent } from "./event.js";

/** Events in the order in which they were recorded. */
export interface EventSource {
  /** How many events wait. */
  readonly count: number;
  /** How many events have left. */
  readonly settled: number;
  /** Return the first events as JSON: at least one, at most `count`, with at most `bytes`. */
  first(count: number, bytes: number): readonly string[];
  /** Remove the first `count` events. */
  remove(count: number): void;
}

/** An event that the server did not store, with its receipt. */
export interface MeterProblem {
  readonly id: string;
  readonly event: MeterEvent & { id: string; organization_id: string };
  readonly receipt: Receipt;
  /** When the receipt arrived, as RFC 3339. */
  readonly at: string;
}

/** Where events wait until the server has answered for them. */
export interface EventQueue {
  /** The bytes that wait, with those of problems. */
  readonly bytes: number;
  /** Add all of the events, or raise `SpoolFull` and add none. */
  add(texts: readonly string[]): void;
  /** Return the sources of events to send, oldest first. */
  sources(): readonly EventSource[];
  /** Keep a problem before its event leaves. */
  keep(problem: MeterProblem): void;
  problems(): MeterProblem[];
  dismiss(id: string): void;
  /** Raise `SpoolError` if the events are those of another tenant; remember this one. */
  requireTenant(tenant: string): void;
  close(): void;
}
