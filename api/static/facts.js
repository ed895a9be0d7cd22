/** The facts that an answer used or that were learned from its question, shown below it. */

import { showComposerError } from "./composer.js";
import { announce, el } from "./dom.js";
import { isNotFound, requestJson } from "./http.js";
import { notifyChange } from "./tab-state.js";
import { textOf } from "./texts.js";

/** Milliseconds between polls: facts are extracted after the answer has been sent. */
const POLL_DELAYS = [700, 1500, 3000, 6000, 12_000];

/** @typedef {import("../contract.js").Fact} Fact */

/**
 * Poll a turn until its learned facts are known, and show them.
 * @param {string} turnId
 * @param {Element} container
 */
export async function pollFacts(turnId, container) {
  for (const delay of POLL_DELAYS) {
    await new Promise((resolve) => { setTimeout(resolve, delay); });
    if (!container.isConnected) return;
    let turn;
    try {
      turn = await requestJson(`/turns/${turnId}`);
    } catch {
      continue; // the memory dialog shows them, too
    }
    showFacts(container, turn);
    if (!turn.facts_learned.length) continue;
    announce([textOf("remembered"), ...turn.facts_learned.map(({ fact }) => fact)].join(" "));
    notifyChange("memory");
    return;
  }
}

/**
 * Show the facts that a turn used and learned.
 * @param {Element} container
 * @param {{facts_used: Fact[], facts_learned: Fact[]}} turn
 */
export function showFacts(container, { facts_used, facts_learned }) {
  container.replaceChildren(...usedFacts(facts_used), ...facts_learned.map(learnedFact));
}

/** @param {Fact[]} facts */
function usedFacts(facts) {
  if (!facts.length) return [];
  return [el("details.used-facts", {}, el("summary", {}, textOf("usedFacts", { count: facts.length })), el("ul", {}, ...facts.map(({ fact }) => el("li", { dir: "auto" }, fact))))];
}

/** @param {Fact} fact */
function learnedFact({ fact_id, fact }) {
  const line = el("p.learned-fact", { tabindex: "-1" }, `${textOf("remembered")} `, el("span", { dir: "auto" }, fact), " · ");
  const undo = el("button.quiet", { type: "button", onclick: async () => {
    undo.disabled = true;
    try {
      await requestJson(factPath(fact_id), { method: "DELETE" });
    } catch (error) {
      if (!isNotFound(error)) {
        undo.disabled = false;
        showComposerError(/** @type {Error} */ (error));
        return;
      }
    }
    line.replaceChildren(textOf("forgotten"));
    line.focus();
    announce(textOf("forgotten"));
    notifyChange("memory");
  } }, textOf("undo"));
  line.append(undo);
  return line;
}

/** @param {string} id */
export function factPath(id) {
  return `/memory/${id}`;
}
