/** Time zones as this browser knows them. */

/** @type {Map<string, boolean>} */
const known = new Map();

/** @param {string} name IANA. */
export function isKnownZone(name) {
  let found = known.get(name);
  if (found === undefined) {
    try {
      new Intl.DateTimeFormat("en", { timeZone: name });
      found = true;
    } catch {
      found = false;
    }
    known.set(name, found);
  }
  return found;
}

/**
 * The zone that times are shown in: UTC for one that this browser does not know.
 * @param {string} name IANA.
 */
export const shownZone = (name) => (isKnownZone(name) ? name : "UTC");
