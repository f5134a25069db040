import type { AmountMode } from "./amounts.js";
import { Tollbook as Client, type TollbookOptions } from "./client.js";
import { REAL_CLOCK, type Clock } from "./clock.js";

/** Return options with `TOLLBOOK_URL` and `TOLLBOOK_API_KEY` for what is missing. */
export function withEnvironment<Options extends TollbookOptions>(given: Options): Options {
  const { TOLLBOOK_URL: baseUrl, TOLLBOOK_API_KEY: apiKey } = process.env;
  const hasCredentials = given.apiKey !== undefined || given.token !== undefined;
  return {
    ...(baseUrl && { baseUrl }),
    ...(apiKey && !hasCredentials && { apiKey }),
    ...given,
  };
}

/** A client for Node.js. `TOLLBOOK_URL` and `TOLLBOOK_API_KEY` are its default server and key. */
export class Tollbook<Mode extends AmountMode = "string"> extends Client<Mode> {
  constructor(options: TollbookOptions<Mode> = {}, clock: Clock = REAL_CLOCK) {
    super(withEnvironment(options), clock);
  }
}
