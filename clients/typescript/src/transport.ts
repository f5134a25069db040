import { ServerUnreachable } from "./errors.js";
import type { PreparedRequest } from "./request.js";

/** An answer with its whole body. */
export interface Reply {
  status: number;
  headers: Headers;
  text: string;
}

export type Fetch = typeof fetch;

/**
 * Send a request once and return the answer before its body is read.
 *
 * Raises `ServerUnreachable` when no answer arrives in time, and the reason of `signal` when that
 * is aborted. Redirects are never followed, so that a key reaches no other server.
 */
export async function open(
  fetch: Fetch,
  request: PreparedRequest,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<Response> {
  signal?.throwIfAborted();
  const timeout = AbortSignal.timeout(timeoutMs);
  const { url, ...init } = request;
  try {
    return await fetch(url, {
      ...init,
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
      credentials: "omit",
      redirect: "manual",
      cache: "no-store",
    });
  } catch (error) {
    throw unreachable(error, signal);
  }
}

/** Send a request once and return the whole answer; raises as `open` does. */
export async function send(
  fetch: Fetch,
  request: PreparedRequest,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<Reply> {
  const response = await open(fetch, request, timeoutMs, signal);
  try {
    return { status: response.status, headers: response.headers, text: await response.text() };
  } catch (error) {
    throw unreachable(error, signal);
  }
}

function unreachable(error: unknown, signal?: AbortSignal): unknown {
  if (signal?.aborted) return signal.reason;
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new ServerUnreachable(`the server cannot be reached: ${reason}`, { cause: error });
}
