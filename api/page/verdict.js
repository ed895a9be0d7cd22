/** How good a number is: said in a colour, a sign and a word, so that nobody needs to see the colour. */

import { el } from "./dom.js";
import { say } from "./keep.js";

/** @typedef {{kind: "good" | "fair" | "poor", sign: string, word: string}} Verdict */
/** @typedef {import("../contract.js").Measured} Measured */

/**
 * @param {Measured} percent of turns that succeeded
 * @returns {Verdict | null}
 */
export function ofSuccess(percent) {
  if (percent === null) return null;
  if (percent >= 95) return { kind: "good", sign: "✓", word: "good" };
  return percent >= 80 ? { kind: "fair", sign: "△", word: "fair" } : { kind: "poor", sign: "✕", word: "poor" };
}

/**
 * @param {Measured} ms to the whole answer
 * @returns {Verdict | null}
 */
export function ofLatency(ms) {
  if (ms === null) return null;
  if (ms < 2000) return { kind: "good", sign: "✓", word: "fast" };
  return ms < 5000 ? { kind: "fair", sign: "△", word: "fair" } : { kind: "poor", sign: "✕", word: "slow" };
}

/** A place for a number and its verdict. */
export function judged() {
  return el("span.judged", {}, el("span.number"), " ", el("span.verdict", {}, el("span", { "aria-hidden": "true" }), el("span.word")));
}

/**
 * @param {HTMLElement} place made by `judged`
 * @param {string} number
 * @param {Verdict | null} verdict
 */
export function judge(place, number, verdict) {
  const [shown, said] = [...place.children];
  say(shown, number);
  place.dataset.verdict = verdict?.kind ?? "none";
  say(said.children[0], verdict ? `${verdict.sign} ` : "");
  say(said.children[1], verdict?.word ?? "");
}
