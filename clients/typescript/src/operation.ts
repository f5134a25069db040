/** What the client knows of an operation. */
export interface OperationFacts {
  method: string;
  path: string;
  /** The names of the parameters in the query. */
  query: string[];
  /** Whether a second request does no harm. */
  repeatable: boolean;
  /** Whether it has `min_as_of`. */
  carries?: boolean;
  /** The field that has the rows of a page. */
  rows?: string;
  /** Whether its rows are available as a file. */
  files?: boolean;
  /** The media types of its body; the first is the default. */
  contentTypes?: string[];
}

/** Options of one call. */
export interface CallOptions {
  /** Ends the call; it then rejects with the signal's reason. */
  signal?: AbortSignal;
  /** Milliseconds that one attempt may take. */
  timeoutMs?: number;
  /** The media type of a body that is text or bytes. */
  contentType?: string;
}

/** The parameters of a call by name; `body` is the body of the request. */
export type Params = Readonly<Record<string, unknown>>;
