/** The view of a key that applies to one user. */
import { useAnswer } from "../state/resource.js";
import { usePeriod } from "../state/period.js";
import { route } from "../state/route.js";
import { visibleText } from "../words/foreign.js";
import { isKnownZone } from "../words/format.js";
import { html } from "../parts/html.js";
import { PeriodPicker } from "../parts/period_picker.js";
import { PeriodRefused, Refused, Skeleton } from "../parts/states.js";
import { UserPanel } from "../parts/user_panel.js";

/** @param {{organization: string, user: string}} props */
export function UserView({ organization: id, user }) {
  const about = useAnswer(`v1/organizations/${encodeURIComponent(id)}`, { live: false });
  const { period, error, reload } = usePeriod(route.value.query, id);
  if (about.error && !about.data) return html`<${Refused} error=${about.error} reload=${about.reload} />`;
  if (error) return html`<${PeriodRefused} error=${error} reload=${reload} />`;
  if (!about.data || !period) return html`<${Skeleton} lines=${4} />`;
  const { organization } = about.data;
  return html`
    <div class="heading alone-user"><${PeriodPicker} period=${period} timezone=${organization.timezone} organization=${organization.id} /></div>
    ${!isKnownZone(organization.timezone) && html`<p class="notice">This browser does not support the time zone <bdi>${visibleText(organization.timezone)}</bdi>; times are shown in UTC.</p>`}
    <div class="user-page"><${UserPanel} organization=${organization} user=${user} period=${period} alone=${true} /></div>
  `;
}
