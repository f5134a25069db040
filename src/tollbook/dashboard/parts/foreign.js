/** Outside text such as names and ids, isolated from the text around it. */
import { useRef, useEffect } from "../vendor/hooks.js";
import { piecesOf, shorten } from "../words/foreign.js";
import { html } from "./html.js";

const FIGURES = /(\d[\d.,:]*)/;

/** @param {string} text @param {string} [allowed] */
const markUnseen = (text, allowed) =>
  piecesOf(text, allowed).map((it, index) => (it.unseen ? html`<span key=${index} class="unseen-character">${it.text}</span>` : it.text));

/**
 * A name or an id: isolated, with invisible characters shown by their code, and shortened in the
 * middle when it is long. The full text is shown on hover and focus, and copied.
 * @param {{text: string, room?: number}} props `room` is the number of wide letters that fit.
 */
export function Foreign({ text, room }) {
  const parts = shorten(text, room);
  if (!parts) return html`<bdi class="foreign" data-whole=${text}>${markUnseen(text)}</bdi>`;
  return html`<${Long} text=${text} parts=${parts} />`;
}

/** @param {{text: string, parts: [string, string, string]}} props */
function Long({ text, parts: [head, middle, tail] }) {
  const box = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => {
    // Text in a link or a button needs no focus of its own.
    const inside = box.current?.parentElement?.closest("a, button, summary");
    if (!inside) box.current?.setAttribute("tabindex", "0");
  }, []);
  return html`<bdi ref=${box} class="foreign long" data-whole=${text}>${markUnseen(head)}<i class="dots" aria-hidden="true"></i><span class="middle">${markUnseen(middle)}</span>${markUnseen(tail)}</bdi>`;
}

/**
 * A sentence of the server that may quote names and figures. Figures keep their position.
 * @param {{text: string, lines?: boolean}} props `lines` keeps line breaks.
 */
export const Sentence = ({ text, lines = false }) => html`
  <bdi dir="ltr" class="sentence">${text.split(FIGURES).map((it, index) => (index % 2 ? html`<bdi key=${index}>${it}</bdi>` : markUnseen(it, lines ? "\n\t" : "")))}</bdi>
`;
