import { ConfigurationError } from "./errors.js";

/** A key or token, one of the two. */
export interface Credentials {
  /** An API key, or a function that returns it for each request, so that keys can rotate. */
  apiKey?: string | (() => string | Promise<string>);
  /** A viewer token, or a function that fetches one; called again once after a 401. */
  token?: string | (() => string | Promise<string>);
}

const SENDABLE = /^[\x21-\x7e]+$/;

/** Return a function that returns the headers with the key or token. */
export function credentialsOf(given: Credentials): () => Promise<Record<string, string>> {
  const { apiKey, token } = given;
  if (apiKey !== undefined && token !== undefined) {
    throw new ConfigurationError("apiKey and token must not both be given");
  }
  if (token !== undefined) {
    const read = reader("token", token);
    return async () => ({ Authorization: `Bearer ${await read()}` });
  }
  if (apiKey === undefined) throw new ConfigurationError("apiKey or token is required");
  const read = reader("apiKey", apiKey);
  return async () => ({ "X-API-Key": await read() });
}

function reader(name: string, given: NonNullable<Credentials["token"]>): () => Promise<string> {
  const read = typeof given === "string" ? () => given : given;
  if (typeof given === "string") check(name, given);
  return async () => check(name, await read());
}

/** The message does not have the text, which may be a part of the secret. */
function check(name: string, text: unknown): string {
  if (typeof text === "string" && SENDABLE.test(text)) return text;
  throw new ConfigurationError(`${name} must be a text of visible ASCII characters`);
}
