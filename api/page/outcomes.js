/** What became of turns, and what was wrong with them. */

import { byId, el } from "./dom.js";
import { each, say } from "./keep.js";
import { count, portion } from "./numbers.js";

const OUTCOMES = /** @type {Record<string, string>} */ ({
  done: "Answered",
  stopped: "Stopped by who asked",
  limited: "Refused by the limit",
  refused: "Refused by the guard, or while busy",
  failed: "Failed",
  fallback: "Prepared reply instead",
});

const CODES = /** @type {Record<string, string>} */ ({
  empty_message: "There was nothing in the message.",
  blocked: "The guard took the message for an attack.",
  rate_limited: "Too many messages within a minute.",
  conversation_busy: "The conversation was just being answered.",
  model_unreachable: "The model’s server could not be reached.",
  model_overloaded: "The model’s server had too much to do.",
  model_failed: "The model’s server had a fault of its own.",
  model_rejected: "The model’s server does not take such requests, or not with this key.",
  model_context_too_long: "The conversation was too long for the model.",
  model_empty: "The model said nothing.",
  model_garbled: "What the model said could not be read.",
  model_timeout: "The model did not finish in time.",
  model_filtered: "A filter of the model’s provider stopped the answer.",
  model_down: "The model had failed again and again, and was left alone for a while.",
  storage_unavailable: "The database could not be reached.",
  shutting_down: "The server was about to end.",
  internal: "A fault of Frontdesk’s own; its log says more.",
  summary_failed: "Answered, but the summary could not be brought up to date.",
  facts_failed: "Answered, but nothing could be learned from it.",
});

/** @param {import("../contract.js").Figures} totals */
export function showOutcomes({ total_requests: turns, outcomes }) {
  const shown = Object.entries(OUTCOMES).map(([key, name]) => ({ key, name, times: outcomes[key] ?? 0 }));
  each(byId("outcomes"), shown, ({ key }) => key, makeOutcome, (item, { times }) => {
    item.querySelector(".bar").firstChild.style.inlineSize = `${turns ? (100 * times) / turns : 0}%`;
    say(item.querySelector(".times"), count(times));
    say(item.querySelector(".portion"), portion(times, turns));
  });
}

/** @param {Record<string, number>} codes the most frequent first */
export function showCodes(codes) {
  const shown = Object.entries(codes).map(([key, times]) => ({ key, times }));
  each(byId("codes"), shown.length ? shown : [{ key: "", times: 0 }], ({ key }) => key, makeCode, (item, { key, times }) => {
    if (key) say(item.querySelector(".times"), `${count(times)} ×`);
  });
}

/** @param {{key: string, name: string}} outcome */
function makeOutcome({ key, name }) {
  return el(`li.${key}`, {}, el("span.name", {}, name), " ", el("span.times"), " ", el("span.portion"), el("span.bar", { "aria-hidden": "true" }, el("span")));
}

/** @param {{key: string}} code */
function makeCode({ key }) {
  if (!key) return el("li.none", {}, "Nothing.");
  return el("li", {}, el("span.times"), " ", el("span", {}, el("code", {}, key), " ", el("span.why", {}, CODES[key] ?? "")));
}
