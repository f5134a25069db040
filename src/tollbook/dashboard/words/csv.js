/** Write a table as CSV in its visible order, with plain numbers for spreadsheets. */
import { Exact, plain } from "./figures.js";
import { removeUnseen } from "./foreign.js";

/**
 * Write rows of cells. An apostrophe precedes a text that a spreadsheet would run as a formula.
 * @param {(string | number | Exact | null)[][]} rows
 */
export const csvOf = (rows) => rows.map((cells) => cells.map(cell).join(",")).join("\r\n") + "\r\n";

/** @param {string | number | Exact | null} value */
function cell(value) {
  if (value === null) return "";
  if (typeof value === "number" || value instanceof Exact) return plain(value);
  const guarded = /^(?!\+\d+$)[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/.test(value) ? `'${value}` : value;
  return /[",;\t\r\n]/.test(guarded) ? `"${guarded.replaceAll('"', '""')}"` : guarded;
}

/**
 * Save a text as a file.
 * @param {string} name
 * @param {string} text
 */
export function save(name, text) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob(["\ufeff", text], { type: "text/csv;charset=utf-8" }));
  link.download = removeUnseen(name);
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
