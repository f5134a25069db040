/** How many letters of a name a column has room for. */

const PIXELS = 13;
const NARROWEST = 4;
/** @type {CanvasRenderingContext2D | null} */
let pen = null;

/**
 * @param {string} text
 * @param {number} width In pixels.
 * @returns {number} Infinity when all of it fits.
 */
export function lettersIn(text, width) {
  if (text.length * NARROWEST < width / 3) return Infinity;
  if (!pen) {
    pen = document.createElement("canvas").getContext("2d");
    if (!pen) return Infinity;
    pen.font = `${PIXELS}px ${getComputedStyle(document.body).fontFamily}`;
  }
  const needed = pen.measureText(text).width;
  return needed <= width ? Infinity : Math.max(NARROWEST, Math.floor((Array.from(text).length * width) / needed) - 2);
}
