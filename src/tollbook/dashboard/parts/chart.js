/**
 * Stacked bars over time, for mouse, keyboard and screen readers, and the same figures as a table.
 *
 * The plot is a slider along its buckets: arrow keys move, and each step is announced.
 */
import { useEffect, useId, useRef, useState } from "../vendor/hooks.js";
import { exactSum } from "../words/figures.js";
import { bucketName, bucketTick } from "../words/format.js";
import { html } from "./html.js";

/**
 * @typedef {Object} Series
 * @property {string} key
 * @property {string} name
 * @property {number} color From 1 to 8.
 * @property {number[]} values One for each bucket.
 * @typedef {Object} Chart
 * @property {string} label
 * @property {string[]} buckets
 * @property {string} bucket day, week or month
 * @property {Series[]} series The visible series, from the bottom up.
 * @property {(value: number) => string} show
 * @property {(value: number, step: number) => string} tick
 * @property {number[]} [earlier] Totals of the previous period, by bucket.
 */

const HEIGHT = 248;
const TOP = 12;
const BOTTOM = 26;
const TICKS = 5;
const PER_LETTER = 6.6;

/** @param {Chart} props */
export function BarChart({ label, buckets, bucket, series, show, tick, earlier }) {
  const [box, width] = useWidth();
  const [active, setActive] = useState(-1);
  const hint = useId();
  const totals = buckets.map((_, index) => exactSum(series.map((it) => it.values[index])));
  const tops = buckets.map((_, index) => series.reduce((sum, it) => sum + Math.max(0, it.values[index]), 0));
  const lows = buckets.map((_, index) => series.reduce((sum, it) => sum + Math.min(0, it.values[index]), 0));
  const scale = scaleOf(Math.min(0, ...lows), Math.max(0, ...tops, ...(earlier ?? [])));
  const left = Math.max(32, ...scale.ticks.map((it) => tick(it, scale.step).length * PER_LETTER + 10));
  const step = (width - left) / Math.max(1, buckets.length);
  const y = (/** @type {number} */ value) =>
    TOP + (HEIGHT - TOP - BOTTOM) * (1 - (value - scale.low) / (scale.high - scale.low || 1));
  const at = active < buckets.length ? active : -1;

  const pointed = (/** @type {PointerEvent} */ event) => {
    const plot = /** @type {Element} */ (event.currentTarget).getBoundingClientRect();
    const index = Math.floor((event.clientX - plot.left - left) / step);
    setActive(index >= 0 && index < buckets.length ? index : -1);
  };
  const pressed = (/** @type {KeyboardEvent} */ event) => {
    /** @type {Record<string, number>} */
    const places = { ArrowRight: at + 1, ArrowUp: at + 1, ArrowLeft: at - 1, ArrowDown: at - 1, Home: 0, End: buckets.length - 1 };
    if (event.key === "Escape") setActive(-1);
    if (!(event.key in places)) return;
    event.preventDefault();
    setActive(Math.max(0, Math.min(buckets.length - 1, places[event.key])));
  };
  const describe = (/** @type {number} */ index) =>
    [`${bucketName(buckets[index], bucket)}: ${show(totals[index])}`, ...series.filter((it) => it.values[index]).map((it) => `${it.name} ${show(it.values[index])}`)].join(", ");

  return html`
    <div class="chart" ref=${box}>
      <div
        class="plot"
        role="slider"
        tabindex="0"
        aria-label=${label}
        aria-describedby=${hint}
        aria-orientation="horizontal"
        aria-valuemin="0"
        aria-valuemax=${Math.max(0, buckets.length - 1)}
        aria-valuenow=${Math.max(0, at)}
        aria-valuetext=${buckets.length ? describe(Math.max(0, at)) : "No data"}
        onKeyDown=${pressed}
        onFocus=${() => at < 0 && matches(":focus-visible", box.current) && setActive(0)}
        onBlur=${() => setActive(-1)}
        onPointerMove=${pointed}
        onPointerDown=${pointed}
        onPointerLeave=${() => setActive(-1)}
      >
        ${width > 0 &&
        html`
          <svg width=${width} height=${HEIGHT} aria-hidden="true">
            ${scale.ticks.map(
              (it) => html`
                <g key=${it} class=${it === 0 ? "zero" : "grid"}>
                  <line x1=${left} x2=${width} y1=${Math.round(y(it)) + 0.5} y2=${Math.round(y(it)) + 0.5} />
                  <text x=${left - 8} y=${y(it)} dy="0.32em" text-anchor="end">${tick(it, scale.step)}</text>
                </g>
              `,
            )}
            ${at >= 0 && html`<rect class="active" x=${left + at * step} width=${step} y=${TOP} height=${HEIGHT - TOP - BOTTOM} />`}
            <${Bars} series=${series} count=${buckets.length} left=${left} step=${step} y=${y} />
            ${earlier && html`<path class="earlier" d=${stairs(earlier, left, step, y)} />`}
            ${ticksOf(buckets, bucket, step).map(
              (index) => html`
                <text key=${index} class="when" x=${left + (index + 0.5) * step} y=${HEIGHT - 6} text-anchor=${anchor(left + (index + 0.5) * step, width)}>
                  ${bucketTick(buckets[index], bucket)}
                </text>
              `,
            )}
          </svg>
        `}
      </div>
      <span class="unseen" id=${hint}>Use the arrow keys to move along the bars. The table view shows the same figures.</span>
      ${at >= 0 &&
      html`
        <div class="tip" style=${tipPlace(left + (at + 0.5) * step, width)}>
          <b>${bucketName(buckets[at], bucket)}</b>
          <table>
            <tbody>
              ${[...series].reverse().filter((it) => it.values[at]).map(
                (it) => html`<tr key=${it.key}><th scope="row"><i class=${`swatch c${it.color}`}></i>${it.name}</th><td>${show(it.values[at])}</td></tr>`,
              )}
              <tr class="sum"><th scope="row">Total</th><td>${show(totals[at])}</td></tr>
              ${earlier && html`<tr class="sum"><th scope="row">Earlier</th><td>${show(earlier[at] ?? 0)}</td></tr>`}
            </tbody>
          </table>
        </div>
      `}
    </div>
  `;
}

/** @param {Chart} props The same figures as a table. */
export const ChartTable = ({ label, buckets, bucket, series, show }) => html`
  <div class="plain-table series" tabindex="0" role="region" aria-label=${label}>
    <table>
      <caption class="unseen">${label}</caption>
      <thead>
        <tr>
          <th scope="col">${bucket.charAt(0).toUpperCase() + bucket.slice(1)}</th>
          ${series.map((it) => html`<th key=${it.key} scope="col">${it.name}</th>`)}
          <th scope="col">Total</th>
        </tr>
      </thead>
      <tbody>
        ${buckets.map(
          (name, index) => html`
            <tr key=${name}>
              <th scope="row">${bucketName(name, bucket)}</th>
              ${series.map((it) => html`<td key=${it.key} class=${it.values[index] ? "" : "zero"}>${show(it.values[index])}</td>`)}
              <td>${show(exactSum(series.map((it) => it.values[index])))}</td>
            </tr>
          `,
        )}
      </tbody>
    </table>
  </div>
`;

/** @param {{series: Series[], count: number, left: number, step: number, y: (value: number) => number}} props */
function Bars({ series, count, left, step, y }) {
  const gap = step > 6 ? Math.min(8, step * 0.22) : step > 2.5 ? 0.8 : 0;
  const paths = series.map(() => "");
  for (let index = 0; index < count; index += 1) {
    let [up, down] = [0, 0];
    series.forEach((it, place) => {
      const value = it.values[index];
      if (!value) return;
      const from = value > 0 ? up : down;
      const [near, far] = [y(from), y(from + value)];
      if (value > 0) up += value;
      else down += value;
      const x = left + index * step + gap / 2;
      paths[place] += `M${x.toFixed(2)} ${near.toFixed(2)}h${(step - gap).toFixed(2)}V${far.toFixed(2)}h${(gap - step).toFixed(2)}z`;
    });
  }
  return paths.map((d, place) => html`<path key=${series[place].key} class=${`stack c${series[place].color}`} d=${d} />`);
}

/**
 * The outline of totals, as steps.
 * @param {number[]} values
 * @param {number} left
 * @param {number} step
 * @param {(value: number) => number} y
 */
const stairs = (values, left, step, y) =>
  values.map((it, index) => `${index ? "L" : "M"}${left + index * step} ${y(it)}h${step}`).join("");

/**
 * Round steps from zero; the axis always includes zero.
 * @param {number} least
 * @param {number} most
 */
export function scaleOf(least, most) {
  const span = most - least || 1;
  const rough = span / TICKS;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 2.5, 5, 10].find((it) => it * power >= rough * 0.999) ?? 10);
  const low = Math.floor(least / step) * step;
  const high = Math.max(step, Math.ceil((most / step) * 0.999) * step);
  const ticks = [];
  for (let n = Math.round(low / step); n <= Math.round(high / step); n += 1) ticks.push(Number((n * step).toPrecision(12)));
  return { low, high, step, ticks };
}

/**
 * The labeled buckets of the axis: evenly spaced, and no closer than their labels are wide.
 * @param {string[]} buckets
 * @param {string} bucket
 * @param {number} step
 */
function ticksOf(buckets, bucket, step) {
  const every = Math.max(1, Math.ceil((bucket === "month" ? 74 : 62) / Math.max(0.1, step)));
  return buckets.map((_, index) => index).filter((index) => index % every === 0);
}

/**
 * @param {number} x
 * @param {number} width
 */
const anchor = (x, width) => (x > width - 24 ? "end" : "middle");

/**
 * @param {number} x
 * @param {number} width
 */
const tipPlace = (x, width) => (x < width / 2 ? { left: `${x + 14}px` } : { right: `${width - x + 14}px` });

/**
 * @param {string} selector
 * @param {Element | null} box
 */
const matches = (selector, box) => Boolean(box?.querySelector(selector));

/** @returns {[{current: HTMLDivElement | null}, number]} A box and its width. */
export function useWidth() {
  const box = useRef(/** @type {HTMLDivElement | null} */ (null));
  const [width, setWidth] = useState(0);
  useEffect(() => {
    if (!box.current) return undefined;
    const watcher = new ResizeObserver(([entry]) => setWidth(Math.floor(entry.contentRect.width)));
    watcher.observe(box.current);
    return () => watcher.disconnect();
  }, []);
  return [box, width];
}
