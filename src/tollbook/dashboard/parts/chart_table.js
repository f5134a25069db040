/** The figures of a chart as a table. */
import { exactSum } from "../words/figures.js";
import { bucketName } from "../words/format.js";
import { html } from "./html.js";

/** @param {import("./chart.js").Chart} props */
export const ChartTable = ({ label, buckets, bucket, series, show }) => html`
  <div class="chart-table" tabindex="0" role="region" aria-label=${label}>
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
