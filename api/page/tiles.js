/** The totals, each number with its name. */

import { byId, el } from "./dom.js";
import { each, say } from "./keep.js";
import { bytes, count, deviation, duration, percent, portion } from "./numbers.js";
import { judge, judged, ofLatency, ofSuccess } from "./verdict.js";

/** @typedef {import("../contract.js").Figures} Figures */
/** @typedef {{name: string, value: string, verdict?: import("./verdict.js").Verdict | null, more?: string}} Tile */

/**
 * @param {Figures} totals
 * @param {string} said of which time
 */
export function showTotals(totals, said) {
  const { total_requests: turns, outcomes, misroutes } = totals;
  const good = outcomes.done + outcomes.stopped;
  showNumbers(byId("totals"), [
    { name: "Turns", value: count(turns), more: `in ${said}` },
    { name: "Success", value: percent(totals.success_rate), verdict: ofSuccess(totals.success_rate), more: turns ? `${count(good)} of ${count(turns)} turns` : "" },
    {
      name: "Latency",
      value: duration(totals.avg_latency_ms),
      verdict: ofLatency(totals.avg_latency_ms),
      more: within("average", totals.p95_latency_ms),
    },
    { name: "First token", value: duration(totals.p50_ttft_ms), more: within("median", totals.p95_ttft_ms) },
    { name: "Tokens", value: count(totals.total_tokens_est), more: "estimated" },
    { name: "Misroutes", value: count(misroutes), more: turns ? `${portion(misroutes, turns)} asked of another instead` : "" },
  ]);
}

/** @param {Figures["tokens"]} tokens */
export function showTokens({ turns, estimated, counted }) {
  showNumbers(byId("tokens"), [
    { name: "Estimated", value: turns ? count(estimated) : count(null) },
    { name: "Counted", value: turns ? count(counted) : count(null) },
    { name: "Deviation", value: deviation(estimated, counted) },
  ]);
  const of = turns === 1 ? "the one turn" : `the ${count(turns)} turns`;
  say(byId("tokens-of"), turns ? `Over ${of} of which the model told its count.` : "The model told its count of no turn.");
}

/** @param {import("../contract.js").Summary["sizes"]} sizes of administrators only */
export function showSizes(sizes) {
  byId("sizes-card").hidden = !sizes;
  if (!sizes) return;
  showNumbers(byId("sizes"), [
    { name: "Checkpoints", value: bytes(sizes.checkpoints) },
    { name: "Journal", value: bytes(sizes.journal) },
  ]);
}

/**
 * @param {Element} list
 * @param {Tile[]} tiles
 */
export function showNumbers(list, tiles) {
  each(list, tiles, (tile) => tile.name, make, (item, { value, verdict, more }) => {
    judge(item.querySelector(".judged"), value, verdict ?? null);
    say(item.querySelector(".more"), more ?? "");
  });
}

/**
 * @param {string} what the number above it is
 * @param {import("../contract.js").Measured} ms the 95th percentile
 */
function within(what, ms) {
  return ms === null ? what : `${what} · 95% within ${duration(ms)}`;
}

/** @param {Tile} tile */
function make({ name }) {
  return el("div", {}, el("dt", {}, name), el("dd", {}, judged(), " ", el("span.more")));
}
