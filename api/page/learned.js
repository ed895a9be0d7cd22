/** Which facts about the person an answer used and what it learned, with a way to take that back. */

import { el } from "./dom.js";
import { isMissing, json } from "./http.js";
import { changed } from "./tabs.js";
import { announce } from "./thread.js";

/** Milliseconds between looks: facts are learned after the answer, which does not wait for them. */
const LOOKS = [700, 1500, 3000, 6000, 12_000];

/** @typedef {import("../contract.js").LearnedFact} Fact */

/**
 * Show them below the answer as soon as they are known.
 * @param {string} turnId
 * @param {Element} place
 */
export async function showFacts(turnId, place) {
  for (const wait of LOOKS) {
    await new Promise((resolve) => { setTimeout(resolve, wait); });
    if (!place.isConnected) return;
    let turn;
    try {
      turn = await json(`/turns/${turnId}`);
    } catch {
      continue; // it can be looked up in the memory, too
    }
    tell(place, turn);
    if (!turn.facts_learned.length) continue;
    announce(`Remembered: ${turn.facts_learned.map((one) => one.fact).join(" ")}`);
    changed("memory");
    return;
  }
}

/**
 * Show them.
 * @param {Element} place
 * @param {{facts_used: Fact[], facts_learned: Fact[]}} turn
 */
export function tell(place, { facts_used, facts_learned }) {
  place.replaceChildren(...used(facts_used), ...facts_learned.map(learned));
}

/** @param {Fact[]} facts */
function used(facts) {
  if (!facts.length) return [];
  return [el("details.used", {}, el("summary", {}, `Used ${facts.length} of what is remembered`), el("ul", {}, ...facts.map(({ fact }) => el("li", { dir: "auto" }, fact))))];
}

/** @param {Fact} fact */
function learned({ fact_id, fact }) {
  const line = el("p.learned", { tabindex: "-1" }, "Remembered: ", el("span", { dir: "auto" }, fact), " · ");
  const undo = el("button.quiet", { type: "button", onclick: async () => {
    undo.disabled = true;
    try {
      await json(`/memory/${fact_id}`, { method: "DELETE" });
    } catch (error) {
      if (!isMissing(error)) {
        undo.disabled = false;
        return;
      }
    }
    line.replaceChildren("Forgotten again.");
    line.focus();
    announce("Forgotten again.");
    changed("memory");
  } }, "undo");
  line.append(undo);
  return line;
}
