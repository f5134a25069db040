/** The meters, kinds of usage and columns; the module is made by the server (`catalog.py`). */

/** A category of cost: its key in addresses, its color from 1 to 8, and the field of its cost. */
export interface Kind {
  key: string;
  name: string;
  color: number;
  cost: string;
  meters: string[];
}

export interface Meter {
  type: string;
  name: string;
  color: number;
  /** What a chart of usage adds up: events, or what they measure. */
  counted: "events" | "quantities";
  /** Quantities are divided by this before they are shown. */
  per?: number;
  /** The unit that is shown, in the plural. */
  unit: string;
  /** Of a tenant's own meter: the unit of its events, in the plural. */
  own?: string;
  /** Whether events of an own meter need a resource. */
  resource?: boolean;
}

/** A figure of a row: a field of it, or of its cost breakdown. */
export interface Figure {
  key: string;
  label: string;
  about: string;
  name: string;
  in_breakdown: boolean;
  show: "count" | "amount" | "seconds" | "minutes";
}

export const METERS: Meter[];
export const KINDS: Kind[];
export const USER_FIGURES: Figure[];
export const ORGANIZATION_FIGURES: Figure[];
