/** The period of a view: presets, dates, and arrows to the previous and next period. The API resolves them. */
import { useLayoutEffect, useState } from "../vendor/hooks.js";
import { periodPath } from "../state/period.js";
import { useAnswer } from "../state/resource.js";
import { change, route } from "../state/route.js";
import { pluralize, days } from "../words/format.js";
import { COMPARISONS, PRESETS, comparisonOf, periodQueryOf, datesOf } from "../words/periods.js";
import { html } from "./html.js";
import { Icon } from "./icon.js";
import { Popover } from "./popover.js";

/** @typedef {import("../state/period.js").Period} Period */

/** @param {{period: Period, timezone: string, organization?: string}} props */
export function PeriodPicker({ period, timezone, organization }) {
  const preset = PRESETS.find((it) => it.key === period.preset);
  const comparing = Boolean(comparisonOf(route.value.query));
  const arrow = useArrows(period);
  return html`
    <div class="period" role="group" aria-label="Period">
      <button type="button" class="button square" aria-label="Previous period" title="Previous period" ...${arrow(-1)}>
        <${Icon} name="previous" />
      </button>
      <${Popover}
        name="Choose a period"
        class="dates"
        label=${html`<${Icon} name="calendar" /><span>${preset && html`<b>${preset.name}</b> `}<span class="range">${days(period.start, period.end)}</span></span><${Icon} name="down" />`}
      >${(/** @type {() => void} */ close) => html`<${Panel} period=${period} timezone=${timezone} organization=${organization} close=${close} />`}<//>
      <button type="button" class="button square" aria-label="Next period" title="Next period" ...${arrow(1)}>
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

/**
 * A click waits until the period in the address is loaded. The buttons use `aria-disabled`, because `disabled` ones lose the focus.
 * @param {Period} period
 */
function useArrows(period) {
  const [waiting, setWaiting] = useState({ at: "", steps: 0 });
  const address = addressOf(periodQueryOf(route.value.query));
  const settled = address === addressOf(period.query);
  const steps = waiting.at === address ? waiting.steps : 0;
  const target = (/** @type {number} */ way) => (way < 0 ? period.previous : period.next);
  useLayoutEffect(() => {
    const to = steps && settled ? target(steps) : null;
    if (to) {
      setWaiting({ at: addressOf(datesOf(to)), steps: steps - Math.sign(steps) });
      change({ ...to, period: null });
    } else if (settled || !steps) setWaiting({ at: address, steps: 0 });
  }, [address, settled, steps]);
  return (/** @type {-1 | 1} */ way) => ({
    "aria-disabled": settled && !target(way),
    onClick: () => setWaiting((it) => ({ at: address, steps: (it.at === address ? it.steps : 0) + way })),
  });
}

/** @param {import("../words/periods.js").PeriodQuery} query */
const addressOf = (query) => JSON.stringify(query);

/** @param {{period: Period, timezone: string, organization?: string, close: () => void}} props */
function Panel({ period, timezone, organization, close }) {
  const [typed, setTyped] = useState(/** @type {Partial<import("../state/period.js").Days>} */ ({}));
  const { start, end } = { start: period.start, end: period.end, ...typed };
  const type = (/** @type {"start" | "end"} */ name) => (/** @type {any} */ e) => setTyped((before) => ({ ...before, [name]: e.target.value }));
  const problem = !start || !end ? "Enter both days." : start > end ? "The first day must not be after the last day." : "";
  const path = problem ? null : periodPath(datesOf({ start, end }), organization);
  const answer = useAnswer(path, { live: false, subject: "chosen days" });
  const wrong = problem || (answer.error?.kind === "invalid" ? `${answer.error.message}.` : "");
  const length = answer.data && !answer.loading ? `${pluralize(answer.data.days, "day")}, first and last included.` : "The first and last day are included.";
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
        <label>First day<input type="date" value=${start} max="9999-12-31" onInput=${type("start")} /></label>
        <label>Last day<input type="date" value=${end} max="9999-12-31" onInput=${type("end")} /></label>
        <p class="note" role="status">${wrong || answer.error?.message || length}</p>
        <button type="submit" class="button primary" disabled=${Boolean(wrong)}>Show</button>
        <p class="note">Days begin and end in ${timezone}.</p>
        <label>Compare with<select value=${comparisonOf(route.value.query)} onChange=${(/** @type {any} */ e) => change({ compare: e.target.value || null })}>
          <option value="">nothing</option>
          ${COMPARISONS.map((it) => html`<option key=${it.key} value=${it.key}>${it.name}</option>`)}
        </select></label>
      </form>
    </div>
  `;
}
