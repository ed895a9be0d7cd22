/** What the server tells: the figures of `/metrics-summary`, and the week of `/insights`. */

import { everyone, meet } from "./employees.js";
import { json } from "./http.js";

/** @typedef {{summary: import("../contract.js").Summary, insights: import("../contract.js").Insights, at: Date}} Told */

const TIMEOUT = 10_000;

/**
 * Ask for all that the page shows. One after the other, since the first may give a new visitor a session.
 * @param {string} span
 * @param {AbortSignal} signal
 * @returns {Promise<Told>}
 */
export async function askAll(span, signal) {
  const options = { signal, within: TIMEOUT };
  if (!everyone().length) await meet();
  const summary = await json(`/metrics-summary?range=${span}`, options);
  const insights = await json("/insights", options);
  return { summary, insights, at: new Date() };
}
