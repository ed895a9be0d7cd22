/** Metric tiles: a value with its name, its rating, and a detail. */

import { byId, el, setText, syncChildren } from "./dom.js";
import { formatBytes, formatDeviation, formatDuration, formatInteger, formatPercent, formatShare } from "./format.js";
import { textOf } from "./texts.js";

/** @typedef {import("../contract.js").Metrics} Metrics */
/** @typedef {import("../contract.js").Measurement} Measurement */
/** @typedef {{level: "good" | "fair" | "poor", sign: string, word: string}} Rating shown by colour, sign and word */
/** @typedef {{name: string, value: string, rating?: Rating | null, detail?: string}} Tile */

/**
 * @param {Metrics} totals
 * @param {"24h" | "7d"} range
 */
export function showTotals(totals, range) {
  const { total_requests: turns, outcomes, misroutes } = totals;
  const successful = outcomes.done + outcomes.stopped;
  showTiles(byId("totals"), [
    { name: textOf("turns"), value: formatInteger(turns), detail: textOf(`in${range}`) },
    {
      name: textOf("success"),
      value: formatPercent(totals.success_rate),
      rating: rateSuccess(totals.success_rate),
      detail: turns ? textOf("successfulTurns", { successful, turns }) : "",
    },
    {
      name: textOf("latency"),
      value: formatDuration(totals.avg_latency_ms),
      rating: rateLatency(totals.avg_latency_ms),
      detail: withPercentile("average", totals.p95_latency_ms),
    },
    { name: textOf("firstToken"), value: formatDuration(totals.p50_ttft_ms), detail: withPercentile("median", totals.p95_ttft_ms) },
    { name: textOf("tokens"), value: formatInteger(totals.total_tokens_est), detail: textOf("estimated") },
    { name: textOf("misroutes"), value: formatInteger(misroutes), detail: turns ? textOf("misrouteShare", { share: formatShare(misroutes, turns) }) : "" },
  ]);
}

/** @param {Metrics["tokens"]} tokens */
export function showTokens({ turns, estimated, counted }) {
  showTiles(byId("tokens"), [
    { name: textOf("tokensEstimated"), value: turns ? formatInteger(estimated) : formatInteger(null) },
    { name: textOf("tokensCounted"), value: turns ? formatInteger(counted) : formatInteger(null) },
    { name: textOf("deviation"), value: formatDeviation(estimated, counted) },
  ]);
  setText(byId("tokens-note"), turns ? textOf("tokensNote", { count: turns }) : textOf("noTokenCounts"));
}

/** @param {import("../contract.js").Summary["sizes"]} sizes undefined: the user is not an administrator */
export function showSizes(sizes) {
  byId("sizes-card").hidden = !sizes;
  if (!sizes) return;
  showTiles(byId("sizes"), [
    { name: textOf("checkpoints"), value: formatBytes(sizes.checkpoints) },
    { name: textOf("eventLog"), value: formatBytes(sizes.journal) },
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
 * @param {"average" | "median"} label of the value in the tile
 * @param {Measurement} ms the 95th percentile
 */
function withPercentile(label, ms) {
  return ms === null ? textOf(label) : textOf(`${label}Within`, { duration: formatDuration(ms) });
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
  if (percent >= 95) return { level: "good", sign: "✓", word: textOf("good") };
  return percent >= 80 ? { level: "fair", sign: "△", word: textOf("fair") } : { level: "poor", sign: "✕", word: textOf("poor") };
}

/**
 * @param {Measurement} ms until the answer was complete
 * @returns {Rating | null}
 */
export function rateLatency(ms) {
  if (ms === null) return null;
  if (ms < 2000) return { level: "good", sign: "✓", word: textOf("fast") };
  return ms < 5000 ? { level: "fair", sign: "△", word: textOf("fair") } : { level: "poor", sign: "✕", word: textOf("slow") };
}
