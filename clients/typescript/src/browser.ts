import type { AmountMode } from "./amounts.js";
import { Tollbook as Client, type TollbookOptions } from "./client.js";
import { ConfigurationError } from "./errors.js";

export * from "./public.js";

/** A client for browsers, which reads with a viewer token. */
export class Tollbook<Mode extends AmountMode = "string"> extends Client<Mode> {
  constructor(options: Omit<TollbookOptions<Mode>, "apiKey">) {
    if ("apiKey" in options) {
      throw new ConfigurationError("apiKey must not be in a browser: use a viewer token");
    }
    super(options);
  }
}
