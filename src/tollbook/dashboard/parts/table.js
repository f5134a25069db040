/**
 * A table of any length: only visible rows are in the document.
 *
 * All rows have the same height, so that positions need no layout. The header, the totals, and the
 * first and last column stay visible.
 */
import { Component, options } from "../vendor/preact.js";
import { useEffect, useMemo, useState } from "../vendor/hooks.js";
import { exactText } from "../words/columns.js";
import { isEmbedded } from "../state/route.js";
import { useWidth } from "./chart.js";
import { Foreign } from "./foreign.js";
import { html } from "./html.js";

/**
 * @typedef {import("../words/columns.js").Column} Column
 * @typedef {import("../words/columns.js").Context} Context
 */

const ROW = 36;
const FINGER_ROW = 44;
const EDGE = 40;
const BEYOND = 8;
const MOST_OF_WINDOW = 0.72;
const LEAST_HEIGHT = 240;
/** A frame is as high as its content, so its table has a height of its own. */
const FRAMED_ROWS = 25;
/** Text sizes in rem and paddings of a cell in pixels: the first with which every column is in sight. */
const SIZES = [[0.8125, 7], [0.75, 5], [0.6875, 3]];
const BORDERS = 2;
/** The size of a heading, in sizes of the text. */
const HEADING = 0.92;
/** The width of the first column, and the least, which phones have. */
const NAME = 232;
const SHORT_NAME = 130;
const PHONE = 600;
/** The width of a wide letter, in pixels of a text of 1 rem. */
const WIDE_LETTER = 11.8;

/**
 * @param {{
 *   label: string, columns: Column[], rows: any[], context: Context, sort: string, descending: boolean,
 *   onSort: (key: string) => void, idOf: (row: any) => string, hrefOf: (row: any) => string, dimmed?: boolean,
 * }} props
 */
export function Table({ label, columns, rows, context, sort, descending, onSort, idOf, hrefOf, dimmed }) {
  const [box, boxWidth] = useWidth();
  const height = useMemo(() => (matchMedia("(pointer: coarse)").matches ? FINGER_ROW : ROW), []);
  const room = useRoom();
  const printing = usePrinting();
  const [top, setTop] = useState(0);

  const wanted = rows.length * height + 2 * EDGE + 2;
  const shown = Math.min(wanted, isEmbedded ? FRAMED_ROWS * height + 2 * EDGE + 2 : Math.max(LEAST_HEIGHT, room * MOST_OF_WINDOW));
  const first = printing ? 0 : Math.max(0, Math.min(top, rows.length - 1) - BEYOND);
  const fitting = Math.ceil(shown / height) + 2 * BEYOND;
  const last = printing ? rows.length : Math.min(rows.length, first + fitting);
  const totals = useMemo(() => columns.map((it) => it.total(rows, context)), [columns, rows, context]);
  const ruler = useMemo(rulerOf, []);
  const texts = useMemo(() => columns.slice(1).map((it, index) => widestOf(it, rows, totals[index + 1], context, ruler)), [columns, rows, totals, context]);
  const { size, padding, widths, loose } = useMemo(() => fit(texts, boxWidth), [texts, boxWidth]);
  const most = useMemo(() => largest(rows.map((row) => row.total_cost)), [rows]);

  useEffect(() => {
    if (box.current) box.current.scrollTop = 0;
    setTop(0);
  }, [sort, descending, rows.length]);

  const scrolled = () => {
    const now = Math.floor((box.current?.scrollTop ?? 0) / height);
    // Rendering a few rows ahead saves a render for each scrolled row.
    if (Math.abs(now - top) >= BEYOND / 2 || now === 0) setTop(now);
  };
  const moved = (/** @type {KeyboardEvent} */ event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const row = event.target instanceof Element ? event.target.closest("tr[data-index]") : null;
    if (!step || !row || !box.current) return;
    event.preventDefault();
    const to = Math.min(rows.length - 1, Math.max(0, Number(row.getAttribute("data-index")) + step));
    focusRow(box.current, to, height);
  };
  const opened = (/** @type {MouseEvent} */ event) => {
    const target = /** @type {Element} */ (event.target);
    if (target.closest("a") || String(getSelection())) return;
    const link = target.closest("tr")?.querySelector("a");
    if (link) link.click();
  };
  return html`
    <div
      ref=${box}
      class=${`table-box${dimmed ? " dimmed" : ""}${loose ? " loose" : ""}`}
      style=${printing ? null : { height: `${shown}px` }}
      onScroll=${scrolled}
      role="region"
      aria-label=${label}
      tabindex="0"
    >
      <table aria-rowcount=${rows.length + 2} style=${{ minWidth: `${sum(widths)}px`, fontSize: `${size}rem`, "--row": `${height}px`, "--padding": `${padding}px` }}>
        <caption class="unseen">${label}</caption>
        <colgroup>${columns.map((it, index) => html`<col key=${it.key} style=${{ width: `${widths[index]}px` }} />`)}</colgroup>
        <thead>
          <tr aria-rowindex="1">
            ${columns.map((it) => html`<${Heading} key=${it.key} column=${it} sorted=${it.key === sort} descending=${descending} onSort=${onSort} />`)}
          </tr>
        </thead>
        <tbody onKeyDown=${moved} onClick=${opened}>
          ${first > 0 && html`<tr class="gap" aria-hidden="true" style=${{ height: `${first * height}px` }}></tr>`}
          ${rows.slice(first, last).map(
            (row, offset) => html`
              <${Row} key=${idOf(row)} row=${row} index=${first + offset} columns=${columns} context=${context} most=${most} href=${hrefOf(row)} sort=${sort} room=${Math.floor(widths[0] / size / WIDE_LETTER)} />
            `,
          )}
          ${last < rows.length && html`<tr class="gap" aria-hidden="true" style=${{ height: `${(rows.length - last) * height}px` }}></tr>`}
        </tbody>
        <tfoot>
          <tr aria-rowindex=${rows.length + 2}>
            ${columns.map((it, index) =>
              index
                ? html`<td key=${it.key} class=${it.role}>${it.show(totals[index], context)}</td>`
                : html`<th key=${it.key} scope="row">${totals[index]}</th>`,
            )}
          </tr>
        </tfoot>
      </table>
    </div>
  `;
}

/** @returns {(text: string, weight: number) => number} Measures a line of text of 1 rem, in pixels. */
function rulerOf() {
  const { fontFamily, fontSize } = getComputedStyle(document.documentElement);
  const context = /** @type {CanvasRenderingContext2D} */ (document.createElement("canvas").getContext("2d"));
  return (text, weight) => {
    context.font = `${weight} ${fontSize} ${fontFamily}`;
    // Figures are shown in digits of one width, which a canvas does not know: 0 is the widest.
    return context.measureText(text.replace(/\d/g, "0")).width;
  };
}

/**
 * The widest text of a column in pixels per rem: no figure and no word of the heading may be cut off.
 * @param {Column} column
 * @param {any[]} rows
 * @param {number | string | null} total
 * @param {Context} context
 * @param {ReturnType<typeof rulerOf>} ruler
 */
function widestOf(column, rows, total, context, ruler) {
  const values = rows.map((row) => Number(column.value(row, context)));
  const figures = [total, largest(values), -largest(values.map((it) => -it)), null];
  const words = column.label.split(" ").map((it) => ruler(`${it} ↓`, 600) * HEADING);
  return Math.max(...words, ...figures.map((it) => ruler(column.show(it, context), column.role === "cost" ? 600 : 500)));
}

/**
 * The size of the text, and the width of each column. The last column is `loose` where it would leave
 * too little room to see the widest figure between it and the first column.
 * @param {number[]} texts The widest text of each column except the first.
 * @param {number} room
 */
function fit(texts, room) {
  const widthsOf = (/** @type {number[]} */ [size, padding]) => texts.map((it) => Math.ceil(it * size) + 2 * padding + BORDERS);
  const fitting = SIZES.find((it) => sum(widthsOf(it)) + SHORT_NAME <= room);
  const [size, padding] = fitting ?? SIZES[0];
  const widths = widthsOf([size, padding]);
  const name = fitting ? Math.min(NAME, room - sum(widths)) : room < PHONE ? SHORT_NAME : NAME;
  const loose = room - name - (widths.at(-1) ?? 0) < Math.max(...widths.slice(0, -1));
  return { size, padding, widths: [name, ...widths], loose };
}

/** @param {number[]} values */
const sum = (values) => values.reduce((whole, it) => whole + it, 0);

/** @param {number[]} values */
const largest = (values) => values.reduce((most, it) => Math.max(most, it), 0);

/** @param {{column: Column, sorted: boolean, descending: boolean, onSort: (key: string) => void}} props */
const Heading = ({ column, sorted, descending, onSort }) => html`
  <th scope="col" class=${column.role} aria-sort=${sorted ? (descending ? "descending" : "ascending") : undefined}>
    <button type="button" title=${column.about} onClick=${() => onSort(column.key)}>
      <span>${column.label}</span><i aria-hidden="true">${sorted ? (descending ? "↓" : "↑") : ""}</i>
    </button>
  </th>
`;

/**
 * A row renders only when its properties change: scrolling moves rows without changing them.
 * @typedef {{row: any, index: number, columns: Column[], context: Context, most: number, href: string, sort: string, room: number}} RowProps
 * @extends {Component<RowProps>}
 */
class Row extends Component {
  /** @param {Readonly<RowProps>} next */
  shouldComponentUpdate(next) {
    const now = /** @type {Record<string, unknown>} */ (this.props);
    return Object.entries(next).some(([name, value]) => now[name] !== value);
  }

  render() {
    const { row, index, columns, context, most, href, sort, room } = this.props;
    return html`
      <tr data-index=${index} aria-rowindex=${index + 2}>
        ${columns.map((it, place) => {
          const value = it.value(row, context);
          const text = it.show(value, context);
          if (!place) return html`<th key=${it.key} scope="row"><a href=${href}><${Foreign} text=${text} room=${room} /></a></th>`;
          const share = it.role === "cost" && most ? { "--share": `${(100 * Math.max(0, Number(value))) / most}%` } : null;
          const name = `${it.role}${value === 0 ? " zero" : ""}${it.key === sort ? " sorted" : ""}`;
          return html`<td key=${it.key} class=${name} style=${share} title=${exactText(it, value, context)}>${text}</td>`;
        })}
      </tr>
    `;
  }
}

/**
 * Scroll to a row, and focus its link when it is rendered.
 * @param {HTMLElement} box
 * @param {number} index
 * @param {number} height
 */
function focusRow(box, index, height) {
  const top = index * height;
  const inSight = box.clientHeight - 2 * EDGE - height;
  if (top < box.scrollTop) box.scrollTop = top;
  else if (top > box.scrollTop + inSight) box.scrollTop = top - inSight;
  const focus = (/** @type {number} */ tries) => {
    const link = box.querySelector(`tr[data-index="${index}"] a`);
    if (link instanceof HTMLElement) link.focus({ preventScroll: true });
    else if (tries) requestAnimationFrame(() => focus(tries - 1));
  };
  focus(4);
}

/** The current height of the window. */
function useRoom() {
  const [room, setRoom] = useState(innerHeight);
  useEffect(() => {
    const resized = () => setRoom(innerHeight);
    addEventListener("resize", resized);
    return () => removeEventListener("resize", resized);
  }, []);
  return room;
}

/** Whether the page is being printed, which needs all rows at once. */
function usePrinting() {
  const [printing, setPrinting] = useState(false);
  useEffect(() => {
    const now = (/** @type {boolean} */ value) => () => {
      const usual = options.debounceRendering;
      options.debounceRendering = (draw) => draw();
      setPrinting(value);
      options.debounceRendering = usual;
    };
    const [begin, end] = [now(true), now(false)];
    addEventListener("beforeprint", begin);
    addEventListener("afterprint", end);
    return () => {
      removeEventListener("beforeprint", begin);
      removeEventListener("afterprint", end);
    };
  }, []);
  return printing;
}
