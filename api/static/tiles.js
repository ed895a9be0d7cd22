/** Metric tiles: a value with its name, its rating, and a detail. */

import { byId, el, setText, syncChildren } from "./dom.js";
import { formatBytes, formatDeviation, formatDuration, formatInteger, formatPercent, formatShare } from "./format.js";

/** @typedef {import("../contract.js").Metrics} Metrics */
/** @typedef {import("../contract.js").Measurement} Measurement */
/** @typedef {{level: "good" | "fair" | "poor", sign: string, word: string}} Rating shown by colour, sign and word */
/** @typedef {{name: string, value: string, rating?: Rating | null, detail?: string}} Tile */

/**
 * @param {Metrics} totals
 * @param {string} range such as "the last 24 hours"
 */
export function showTotals(totals, range) {
  const { total_requests: turns, outcomes, misroutes } = totals;
  const successful = outcomes.done + outcomes.stopped;
  showTiles(byId("totals"), [
    { name: "Turns", value: formatInteger(turns), detail: `in ${range}` },
    {
      name: "Success",
      value: formatPercent(totals.success_rate),
      rating: rateSuccess(totals.success_rate),
      detail: turns ? `${formatInteger(successful)} of ${formatInteger(turns)} turns` : "",
    },
    {
      name: "Latency",
      value: formatDuration(totals.avg_latency_ms),
      rating: rateLatency(totals.avg_latency_ms),
      detail: withPercentile("average", totals.p95_latency_ms),
    },
    { name: "First token", value: formatDuration(totals.p50_ttft_ms), detail: withPercentile("median", totals.p95_ttft_ms) },
    { name: "Tokens", value: formatInteger(totals.total_tokens_est), detail: "estimated" },
    { name: "Misroutes", value: formatInteger(misroutes), detail: turns ? `${formatShare(misroutes, turns)} asked another employee` : "" },
  ]);
}

/** @param {Metrics["tokens"]} tokens */
export function showTokens({ turns, estimated, counted }) {
  showTiles(byId("tokens"), [
    { name: "Estimated", value: turns ? formatInteger(estimated) : formatInteger(null) },
    { name: "Counted", value: turns ? formatInteger(counted) : formatInteger(null) },
    { name: "Deviation", value: formatDeviation(estimated, counted) },
  ]);
  const count = turns === 1 ? "1 turn" : `${formatInteger(turns)} turns`;
  setText(byId("tokens-note"), turns ? `Based on ${count} with a token count from the model.` : "No turn has a token count from the model.");
}

/** @param {import("../contract.js").Summary["sizes"]} sizes undefined: the user is not an administrator */
export function showSizes(sizes) {
  byId("sizes-card").hidden = !sizes;
  if (!sizes) return;
  showTiles(byId("sizes"), [
    { name: "Checkpoints", value: formatBytes(sizes.checkpoints) },
    { name: "Event log", value: formatBytes(sizes.journal) },
  ]);
}

/**
 * Show or update tiles.
 * @param {Element} list
 * @param {Tile[]} tiles
 */
export function showTiles(list, tiles) {
  syncChildren(list, tiles, (tile) => tile.name, createTile, (element, { value, rating, detail }) => {
    updateRatedValue(element.querySelector(".rated-value"), value, rating ?? null);
    setText(element.querySelector(".detail"), detail ?? "");
  });
}

/** @param {Tile} tile */
function createTile({ name }) {
  return el("div", {}, el("dt", {}, name), el("dd", {}, createRatedValue(), " ", el("span.detail")));
}

/**
 * @param {string} label of the value in the tile
 * @param {Measurement} ms the 95th percentile
 */
function withPercentile(label, ms) {
  return ms === null ? label : `${label} · 95% within ${formatDuration(ms)}`;
}

/** An element for a value and its rating. */
export function createRatedValue() {
  return el("span.rated-value", {}, el("span.value"), " ", el("span.rating", {}, el("span", { "aria-hidden": "true" }), el("span.word")));
}

/**
 * @param {HTMLElement} element made by `createRatedValue`
 * @param {string} value
 * @param {Rating | null} rating
 */
export function updateRatedValue(element, value, rating) {
  const [valueElement, ratingElement] = [...element.children];
  setText(valueElement, value);
  element.dataset.rating = rating?.level ?? "none";
  setText(ratingElement.children[0], rating ? `${rating.sign} ` : "");
  setText(ratingElement.children[1], rating?.word ?? "");
}

/**
 * @param {Measurement} percent of turns that succeeded
 * @returns {Rating | null}
 */
export function rateSuccess(percent) {
  if (percent === null) return null;
  if (percent >= 95) return { level: "good", sign: "✓", word: "good" };
  return percent >= 80 ? { level: "fair", sign: "△", word: "fair" } : { level: "poor", sign: "✕", word: "poor" };
}

/**
 * @param {Measurement} ms until the answer was complete
 * @returns {Rating | null}
 */
export function rateLatency(ms) {
  if (ms === null) return null;
  if (ms < 2000) return { level: "good", sign: "✓", word: "fast" };
  return ms < 5000 ? { level: "fair", sign: "△", word: "fair" } : { level: "poor", sign: "✕", word: "slow" };
}
