/** The screen of a new conversation: a heading, the composer in the middle, and four suggestions. */

import { byId, el } from "./dom.js";
import { allEmployees, badge } from "./employees.js";
import { textOf } from "./texts.js";

const SUGGESTIONS = 4;

/** Milliseconds in which the composer moves to the bottom. */
const MOVE_TIME = 250;

/** @param {(text: string, choice: import("./event-stream.js").EmployeeChoice) => void} ask asks the employee whose face the suggestion has */
export function showSuggestions(ask) {
  const employees = allEmployees();
  const first = new Date().getDate(); // others each day
  const items = Array.from({ length: Math.min(SUGGESTIONS, employees.length) }, (_, index) => {
    const employee = employees[(first + index) % employees.length];
    const example = employee.examples[first % employee.examples.length];
    return el("li", {}, el("button", { type: "button", onclick: () => ask(example, { employee: employee.slug }) }, badge(employee), example));
  });
  byId("suggestions").replaceChildren(...items);
}

/** The heading. */
export function welcome() {
  document.documentElement.classList.remove("opening"); // set by preferences.js
  return el("section.welcome", {}, el("h2", {}, textOf("welcomeTitle")), el("p", {}, textOf("welcomeText")));
}

/**
 * Move the composer smoothly to where a change of the page puts it.
 * @param {() => void} change
 */
export function moveComposer(change) {
  const composer = byId("composer");
  const before = composer.getBoundingClientRect().top;
  change();
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  const distance = before - composer.getBoundingClientRect().top;
  composer.animate([{ transform: `translateY(${distance}px)` }, { transform: "none" }], { duration: MOVE_TIME, easing: "ease-out" });
}
