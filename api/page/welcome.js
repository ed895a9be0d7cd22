/** What an empty conversation shows: who there is, and what they can be asked. */

import { el } from "./dom.js";
import { badge, everyone } from "./employees.js";

/**
 * @param {(text: string) => void} ask
 * @returns {HTMLElement}
 */
export function welcome(ask) {
  const cards = everyone().map((one) => el(`li.card.of-${one.slug}`, {},
    el("h3.beside", {}, badge(one), one.name, el("small", {}, one.title)),
    el("p", {}, one.does),
    ...(one.examples ?? []).map((text) => el("button.example", { type: "button", onclick: () => ask(text) }, text))));
  return el("section.welcome", {},
    el("h2", {}, "What would you like to know?"),
    el("p", {}, "Six colleagues share this desk. Just ask; whoever knows best answers."),
    el("ul.cards", {}, ...cards));
}
