import { randomBytes } from "node:crypto";

const BYTES = 16;
const POOL = 256 * BYTES;

let pool = Buffer.alloc(0);

/** Return a UUID of version 7 (RFC 9562) in lower case: ordered by time, otherwise random. */
export function uuid7(now: number): string {
  if (pool.length < BYTES) pool = randomBytes(POOL);
  const bytes = pool.subarray(0, BYTES);
  pool = pool.subarray(BYTES);
  bytes.writeUIntBE(now, 0, 6);
  bytes[6] = 0x70 | (bytes[6]! & 0x0f);
  bytes[8] = 0x80 | (bytes[8]! & 0x3f);
  const hex = bytes.toString("hex");
  const groups = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20)];
  return [...groups, hex.slice(20)].join("-");
}
