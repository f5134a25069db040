export * from "./public.js";
export { Tollbook } from "./node_client.js";
export type { MeterEvent } from "./meter/event.js";
export { Meter, type MeterOptions } from "./meter/meter.js";
export type { MeterProblem } from "./meter/queue.js";
export type { MeterReport } from "./meter/stats.js";
