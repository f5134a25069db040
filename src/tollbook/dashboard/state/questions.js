/** The paths of questions about users that several views share. */
import { pathOf } from "./api.js";
import { ownMeters } from "../words/meters.js";

/** @typedef {import("./period.js").QueriedDays} Days */

/**
 * All users of an organization.
 * @param {string} organization
 * @param {Days} period
 * @param {string | undefined} meter Only usage of these meters.
 * @param {boolean} margins
 */
export const usersPath = (organization, period, meter, margins) =>
  pathOf("v1/analytics/users", { ...about(organization, period), include: margins ? "totals,meta,margin" : "totals,meta", meter });

/**
 * The totals of all users, and their rows if needed.
 * @param {string} organization
 * @param {Days} period
 * @param {string | undefined} meter
 * @param {boolean} rows
 */
export const sumsPath = (organization, period, meter, rows) =>
  pathOf("v1/analytics/users", { ...about(organization, period), include: "totals", meter, limit: rows ? "" : 1 });

/**
 * One user.
 * @param {string} organization
 * @param {string} user
 * @param {Days} period
 */
export const userPath = (organization, user, period) =>
  pathOf("v1/analytics/users", { ...about(organization, period), user_id: user, include: ownMeters().length ? "meters" : "" });

/**
 * @param {string} organization
 * @param {Days} period
 */
const about = (organization, period) => ({
  organization_id: organization,
  ...period.query,
  amounts: "string",
});
