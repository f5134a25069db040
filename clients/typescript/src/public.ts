/** What Node.js and browsers share. */

export type { AmountMode, AmountOf } from "./amounts.js";
export type { FileFormat, TollbookOptions } from "./client.js";
export * from "./errors.js";
export * from "./generated/errors.js";
export type * from "./generated/types.js";
export type { CallOptions } from "./operation.js";
