/** What the server tells: the figures of `/metrics-summary`, and the week of `/insights`. */

import { everyone, meet } from "./employees.js";
import { json } from "./http.js";

/** @typedef {import("./numbers.js").Measured} Measured */
/**
 * Times in milliseconds, the rate in percent.
 * @typedef {{
 *   total_requests: number, success_rate: Measured, avg_latency_ms: Measured, p50_latency_ms: Measured,
 *   p95_latency_ms: Measured, p50_ttft_ms: Measured, p95_ttft_ms: Measured, total_tokens_est: number,
 *   tokens: {turns: number, estimated: number, counted: number}, outcomes: Record<string, number>, misroutes: number,
 * }} Figures
 */
/** @typedef {Figures & {employee_slug: string}} OfEmployee */
/** @typedef {{at: string, turns: number, failures: number, p50_latency_ms: Measured, p95_latency_ms: Measured}} Point */
/**
 * `sizes` for administrators, whose figures are everyone's.
 * @typedef {{
 *   hours: number, totals: Figures & {error_codes: Record<string, number>}, data: OfEmployee[], series: Point[],
 *   sizes?: {checkpoints: number, journal: number},
 * }} Summary
 */
/**
 * @typedef {{
 *   days: number, since: string, messages: number, active_days: number, active_dates: string[], facts_learned: number,
 *   conversations: number, top_employees: {employee_slug: string, answers: number}[],
 * }} Insights
 */
/** @typedef {{summary: Summary, insights: Insights, at: Date}} Told */

const TIMEOUT = 10_000;

/**
 * Ask for all that the page shows. One after the other, since the first may give a new visitor a session.
 * @param {string} span
 * @param {AbortSignal} signal
 * @returns {Promise<Told>}
 */
export async function askAll(span, signal) {
  const options = { signal, timeout: TIMEOUT };
  if (!everyone().length) await meet();
  const summary = await json(`/metrics-summary?range=${span}`, options);
  const insights = await json("/insights", options);
  return { summary, insights, at: new Date() };
}
