import { ConfigurationError } from "./errors.js";
import type { CallOptions, OperationFacts, Params } from "./operation.js";

/** A request without its credentials. */
export interface PreparedRequest {
  method: string;
  url: string;
  headers: Record<string, string>;
  body?: BodyInit;
}

const JSON_TYPE = "application/json";
const REMOVED_FROM_PATHS: readonly unknown[] = [".", ".."];

/** Return the request of an operation; raise `ConfigurationError` for a parameter it lacks. */
export function prepare(
  baseUrl: string,
  facts: OperationFacts,
  params: Params,
  options: CallOptions,
): PreparedRequest {
  const remaining = new Set(Object.keys(params).filter((it) => params[it] !== undefined));
  const path = facts.path.replace(/\{(\w+)\}/g, (_, name: string) => {
    remaining.delete(name);
    return segment(name, params[name]);
  });
  const query = new URLSearchParams();
  for (const name of facts.query) {
    if (remaining.delete(name)) query.set(name, textOf(params[name]));
  }
  const body = remaining.delete("body") ? bodyOf(facts, params["body"], options) : undefined;
  if (remaining.size) throw new ConfigurationError(`unknown parameter: ${[...remaining].join(", ")}`);
  const url = baseUrl + path + (query.size ? `?${query}` : "");
  const headers = body ? { "Content-Type": body.type } : {};
  return { method: facts.method, url, headers, ...(body && { body: body.content }) };
}

function segment(name: string, value: unknown): string {
  if (value === undefined || value === null || value === "") {
    throw new ConfigurationError(`${name} is required`);
  }
  if (REMOVED_FROM_PATHS.includes(value)) {
    throw new ConfigurationError(`${name} must not be "." or "..": no URL can contain it`);
  }
  return encodeURIComponent(String(value));
}

function textOf(value: unknown): string {
  if (Array.isArray(value)) return value.map(textOf).join(",");
  return value instanceof Date ? value.toISOString() : String(value);
}

function bodyOf(
  facts: OperationFacts,
  body: unknown,
  options: CallOptions,
): { content: BodyInit; type: string } {
  const type = options.contentType ?? facts.contentTypes?.[0] ?? JSON_TYPE;
  const isWritten = typeof body === "string" || body instanceof Uint8Array;
  if (isWritten) return { content: body as BodyInit, type };
  return { content: JSON.stringify(body), type: options.contentType ?? JSON_TYPE };
}
