/**
 * Outside texts: names, ids, reasons. Invisible characters and those that change the text direction
 * are shown by their code, and a text does not move the text around it.
 */

/**
 * Invisible characters, except those that join and separate letters (U+200C, U+200D) and the one
 * that selects the color form of an emoji.
 */
const UNSEEN = /(?![\u200c\u200d])(?!(?<=\p{Extended_Pictographic})\ufe0f)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]/gu;
const HARMLESS = /^[\x20-\x7e]*$/;
const [ISOLATE, END] = ["\u2068", "\u2069"];

/** @param {string} character */
const codeOf = (character) => `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;

/**
 * Split a text into visible pieces and the codes of invisible characters.
 * @param {string} text
 * @param {string} [allowed] Characters that stay, such as line ends.
 * @returns {{text: string, unseen: boolean}[]}
 */
export function piecesOf(text, allowed = "") {
  if (HARMLESS.test(text)) return [{ text, unseen: false }];
  const pieces = [];
  let from = 0;
  for (const { 0: found, index } of text.matchAll(UNSEEN)) {
    if (allowed.includes(found)) continue;
    if (index > from) pieces.push({ text: text.slice(from, index), unseen: false });
    pieces.push({ text: codeOf(found), unseen: true });
    from = index + found.length;
  }
  if (from < text.length) pieces.push({ text: text.slice(from), unseen: false });
  return pieces;
}

/**
 * The text for places without markup: an option, a label, a tooltip.
 * @param {string} text
 */
export const visibleText = (text) =>
  HARMLESS.test(text) ? text : `${ISOLATE}${text.replace(UNSEEN, (it) => `[${codeOf(it)}]`)}${END}`;

/**
 * The same for an option, shortened.
 * @param {string} text
 */
export function optionText(text) {
  const parts = shorten(text);
  return visibleText(parts ? `${parts[0]}…${parts[2]}` : text);
}

/**
 * The text without invisible characters, for a file name.
 * @param {string} text
 */
export const removeUnseen = (text) => text.replace(UNSEEN, "");

/** Texts with up to this multiple of the number of wide letters fit in most fonts. */
const MORE = 1.3;
const letters = "Segmenter" in Intl ? new Intl.Segmenter() : null;

/**
 * Split a long text into three parts, of which the middle is hidden; null for a short text. Of an
 * e-mail address, what precedes the domain stays whole if it fits: the domain is the same for many.
 * @param {string} text
 * @param {number} [room] How many wide letters fit.
 * @returns {[string, string, string] | null}
 */
export function shorten(text, room = 34) {
  if (text.length <= room * MORE) return null;
  const all = letters ? Array.from(letters.segment(text), (it) => it.segment) : Array.from(text);
  if (all.length <= room * MORE) return null;
  const usual = Math.floor((room - 1) / 3);
  const name = all.lastIndexOf("@") + 1;
  const head = Math.max(room - 3 - usual, name + 2 <= room * MORE ? name : 0);
  const tail = Math.max(1, room - 3 - head);
  return [all.slice(0, head).join(""), all.slice(head, -tail).join(""), all.slice(-tail).join("")];
}
