/** Icons on a grid of 16; the text next to them has the same meaning. */
import { html } from "./html.js";

const PATHS = {
  previous: "M10 3 5 8l5 5",
  next: "m6 3 5 5-5 5",
  down: "m4 6 4 4 4-4",
  close: "m4 4 8 8m0-8-8 8",
  search: "M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10Zm3.6-1.4L14 14",
  calendar: "M3 4h10v9H3zM3 7h10M6 2v3m4-3v3",
  columns: "M2.5 3h11v10h-11zM6.2 3v10m3.6-10v10",
  share: "M8 2v8m0-8L5 5m3-3 3 3M3 9v4h10V9",
  theme: "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2Zm0 0v12",
  filter: "M2 4h12M4.5 8h7M7 12h2",
};

/** @param {{name: keyof typeof PATHS}} props */
export const Icon = ({ name }) => html`
  <svg class="icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false"><path d=${PATHS[name]} /></svg>
`;
