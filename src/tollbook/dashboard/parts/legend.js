/** The legend of a chart, whose entries show and hide series. */
import { exactSum } from "../words/figures.js";
import { html } from "./html.js";

/**
 * @param {{series: import("./chart.js").Series[], hidden: Set<string>, toggle: (key: string) => void, show: (value: number) => string}} props
 */
export const Legend = ({ series, hidden, toggle, show }) => html`
  <ul class="legend" aria-label="Series of the chart">
    ${series.map(
      (it) => html`
        <li key=${it.key}>
          <button type="button" aria-pressed=${!hidden.has(it.key)} onClick=${() => toggle(it.key)}>
            <i class=${`swatch c${it.color}`} aria-hidden="true"></i>${it.name}
            <b>${show(exactSum(it.values))}</b>
          </button>
        </li>
      `,
    )}
  </ul>
`;
