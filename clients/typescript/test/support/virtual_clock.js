/** A clock on which waits take no time and are recorded, in seconds. */
export class VirtualClock {
  /** @type {number[]} */
  waits = [];

  /** @param {number} seconds the instant at which it starts, since 1970 */
  constructor(seconds) {
    this.milliseconds = seconds * 1_000;
  }

  now = () => this.milliseconds;

  random = Math.random;

  /** @param {number} milliseconds */
  sleep = async (milliseconds) => {
    this.waits.push(milliseconds / 1_000);
    this.milliseconds += milliseconds;
  };
}
