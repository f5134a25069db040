/** What stands in place of a view whose period cannot be shown, such as one in the future. */
import { hrefWith } from "../state/route.js";
import { html } from "./html.js";
import { Refused } from "./states.js";

/** @param {{error: import("../state/api.js").ApiError, reload: () => void}} props */
export const PeriodRefused = ({ error, reload }) => html`
  <${Refused} error=${error} reload=${reload} />
  ${error.kind === "invalid" && html`<p><a href=${hrefWith({ start: null, end: null, period: null })}>Show the last 30 days</a></p>`}
`;
