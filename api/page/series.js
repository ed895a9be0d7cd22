/** What happened when: turns, and how long their answers took. */

import { Chart } from "./chart.js";
import { byId } from "./dom.js";
import { count, duration, roundDuration } from "./numbers.js";

const HOUR = 60 * 60 * 1000;
const moment = new Intl.DateTimeFormat(undefined, { weekday: "short", day: "numeric", month: "short", hour: "numeric", minute: "2-digit" });

const turns = new Chart(byId("turns"), {
  about: "Turns",
  shape: "bars",
  said: count,
  tick: count,
  columns: [
    { name: "Turns", style: "turns", of: (point) => point.turns },
    { name: "Without success", style: "failures", of: (point) => point.failures },
  ],
});

const latency = new Chart(byId("latency"), {
  about: "Latency",
  shape: "lines",
  said: duration,
  tick: roundDuration,
  columns: [
    { name: "Median", style: "middle", of: (point) => point.p50_latency_ms },
    { name: "95th percentile", style: "high", of: (point) => point.p95_latency_ms },
  ],
});

/**
 * @param {import("../contract.js").Point[]} series without a gap, the oldest first
 * @param {number} hours that it is long
 */
export function showSeries(series, hours) {
  const step = (hours * HOUR) / series.length;
  const when = series.map(({ at }) => moment.formatRange(Date.parse(at), Date.parse(at) + step));
  turns.show(series, when, agesOf(hours));
  latency.show(series, when, agesOf(hours));
}

/**
 * What stands under the axis, and at which part of it.
 * @param {number} hours
 * @returns {import("./chart.js").Mark[]}
 */
function agesOf(hours) {
  const [unit, size, ages] = hours > 48 ? ["d", 24, [6, 4, 2]] : ["h", 1, [18, 12, 6]];
  return [...ages.map((age) => ({ at: 1 - (age * size) / hours, text: `−${age} ${unit}` })), { at: 1, text: "now" }];
}
