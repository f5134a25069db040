/**
 * The errors of the client.
 *
 * TollbookError
 * ├── ApiError            the server answered with an error; one class for each code
 * ├── ServerUnreachable   no answer arrived, or not in time
 * ├── InvalidAnswer       the answer is not one of Tollbook's, such as the page of a proxy
 * ├── InexactAmount       a number cannot hold this amount exactly
 * ├── ConfigurationError  an option is missing or wrong
 * ├── InvalidEvent        an event cannot be recorded; `details` names each problem
 * ├── IncompleteExport    a file ended too early
 * └── SpoolError          the spool cannot be used
 *     └── SpoolFull       there is no room for the event
 */

/** A problem with one field of a request. */
export interface Detail {
  field: string;
  code: string;
  error: string;
}

/** The root of all errors of this client. */
export class TollbookError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** What an error answer of the server states. */
export interface ErrorFacts {
  status: number;
  code: string;
  error: string;
  details: Detail[];
  requestId: string | null;
  /** Seconds until a retry makes sense; null if the server did not state it. */
  retryAfter: number | null;
}

/** The server answered with an error. An unknown code is an error of this class itself. */
export class ApiError extends TollbookError implements ErrorFacts {
  readonly status: number;
  readonly code: string;
  readonly error: string;
  readonly details: Detail[];
  readonly requestId: string | null;
  readonly retryAfter: number | null;

  constructor(facts: ErrorFacts) {
    super(`${facts.code}: ${facts.error}`);
    this.status = facts.status;
    this.code = facts.code;
    this.error = facts.error;
    this.details = facts.details;
    this.requestId = facts.requestId;
    this.retryAfter = facts.retryAfter;
  }
}

/** No answer arrived, or not within the timeout; `cause` has the reason. */
export class ServerUnreachable extends TollbookError {}

/** The answer is not one of Tollbook's, such as the page of a proxy or a redirect. */
export class InvalidAnswer extends TollbookError {
  readonly status: number;

  constructor(message: string, status: number) {
    super(message);
    this.status = status;
  }
}

/** A number cannot hold this amount exactly; `path` is a JSON Pointer to it. */
export class InexactAmount extends TollbookError {
  readonly path: string;
  readonly text: string;

  constructor(path: string, text: string) {
    super(`${path} is ${text}, which a number cannot hold exactly; use amounts: "string"`);
    this.path = path;
    this.text = text;
  }
}

/** An option is missing or wrong. */
export class ConfigurationError extends TollbookError {}

/** An event cannot be recorded; nothing was stored. */
export class InvalidEvent extends TollbookError {
  readonly details: Detail[];

  constructor(details: Detail[]) {
    super(details.map((it) => it.error).join("; "));
    this.details = details;
  }
}

/** A file ended too early: what arrived is not all of it. */
export class IncompleteExport extends TollbookError {}

/** The spool cannot be used; the message names the folder and the fix. */
export class SpoolError extends TollbookError {}

/** There is no room for the event; nothing was stored. */
export class SpoolFull extends SpoolError {}
