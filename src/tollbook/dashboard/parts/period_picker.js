/** The period of a view: presets, free dates, and the arrows to the one before and after, all asked of the API. */
import { useState } from "../vendor/hooks.js";
import { periodPath } from "../state/period.js";
import { useAnswer } from "../state/resource.js";
import { change, route } from "../state/route.js";
import { counted, days } from "../words/format.js";
import { PRESETS, datesOf } from "../words/periods.js";
import { html } from "./html.js";
import { Icon } from "./icon.js";
import { Popover } from "./popover.js";

/** @typedef {import("../state/period.js").Period} Period */

/** @param {{period: Period, timezone: string, organization?: string}} props */
export function PeriodPicker({ period, timezone, organization }) {
  const preset = PRESETS.find((it) => it.key === period.preset);
  const comparing = route.value.query.compare === "previous_period";
  const move = (/** @type {import("../state/period.js").Days | null} */ to) => to && change({ ...to, period: null });
  return html`
    <div class="period" role="group" aria-label="Period">
      <button type="button" class="button square" aria-label="Previous period" title="Previous period" disabled=${!period.previous} onClick=${() => move(period.previous)}>
        <${Icon} name="previous" />
      </button>
      <${Popover}
        name="Choose a period"
        class="dates"
        label=${html`<${Icon} name="calendar" /><span>${preset && html`<b>${preset.name}</b> `}<span class="range">${days(period.start, period.end)}</span></span><${Icon} name="down" />`}
      >${(/** @type {() => void} */ close) => html`<${Panel} period=${period} timezone=${timezone} organization=${organization} close=${close} />`}<//>
      <button type="button" class="button square" aria-label="Next period" title="Next period" disabled=${!period.next} onClick=${() => move(period.next)}>
        <${Icon} name="next" />
      </button>
      <button
        type="button"
        class="button toggle"
        aria-pressed=${comparing}
        title=${`Compare with ${days(period.compared.start, period.compared.end)} (X)`}
        onClick=${() => change({ compare: comparing ? null : "previous_period" })}
      >Compare</button>
    </div>
  `;
}

/** @param {{period: Period, timezone: string, organization?: string, close: () => void}} props */
function Panel({ period, timezone, organization, close }) {
  const [start, setStart] = useState(period.start);
  const [end, setEnd] = useState(period.end);
  const unfit = !start || !end ? "Give both days." : start > end ? "The first day is after the last." : "";
  const path = unfit ? null : periodPath(datesOf({ start, end }), organization);
  const answer = useAnswer(path, { live: false, subject: "chosen days" });
  const wrong = unfit || (answer.error?.kind === "invalid" ? `${answer.error.message}.` : "");
  const length = answer.data && !answer.loading ? `${counted(answer.data.days, "day")}, both included.` : "Both days included.";
  const choose = (/** @type {string} */ key) => {
    change({ period: key, start: null, end: null });
    close();
  };
  const apply = (/** @type {Event} */ event) => {
    event.preventDefault();
    if (wrong) return;
    change({ start, end, period: null });
    close();
  };
  return html`
    <div class="period-panel">
      <ul class="presets">
        ${PRESETS.map(
          (it) => html`
            <li key=${it.key}>
              <button type="button" aria-pressed=${it.key === period.preset} onClick=${() => choose(it.key)}>${it.name}</button>
            </li>
          `,
        )}
      </ul>
      <form onSubmit=${apply}>
        <label>First day<input type="date" value=${start} max="9999-12-31" onInput=${(/** @type {any} */ e) => setStart(e.target.value)} /></label>
        <label>Last day<input type="date" value=${end} max="9999-12-31" onInput=${(/** @type {any} */ e) => setEnd(e.target.value)} /></label>
        <p class="note" role="status">${wrong || length}</p>
        <button type="submit" class="button primary" disabled=${Boolean(wrong)}>Show</button>
        <p class="note">Days begin and end in ${timezone}.</p>
      </form>
    </div>
  `;
}
