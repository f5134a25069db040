/** How names are sorted and searched: as in `analytics/names.py`. */

/** English has the root collation. */
export const compareNames = new Intl.Collator("en", { numeric: true }).compare;

/**
 * A text as a search compares it: without case, and in one Unicode form.
 * @param {string} text
 */
export const searched = (text) =>
  /^[ -~]*$/.test(text)
    ? text.toLowerCase()
    : [...text.normalize("NFD")].map((it) => (it === "ı" ? it : it.toLowerCase().toUpperCase().toLowerCase())).join("").normalize("NFC");
