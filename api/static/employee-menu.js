/** The menu below an answer in which the user chooses who else answers the question. */

import { el } from "./dom.js";
import { allEmployees, badge } from "./employees.js";

/**
 * Open the menu behind its button, or close it.
 * @param {import("./message.js").Answer} answer
 * @param {Event} event the click on the button
 */
export function toggleEmployees(answer, { target }) {
  const button = /** @type {HTMLElement} */ (/** @type {Element} */ (target).closest("button")); // its icon may be the target
  const open = button.nextElementSibling?.matches(".employee-menu");
  const close = () => {
    button.nextElementSibling?.remove();
    button.setAttribute("aria-expanded", "false");
  };
  if (open) {
    close();
    return;
  }
  const choose = (/** @type {string} */ slug) => {
    close();
    answer.askEmployee(slug);
  };
  button.after(el("ul.employee-menu", { onkeydown: (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== "Escape") return;
    event.preventDefault(); // it does not stop an answer
    close();
    button.focus();
  } }, ...allEmployees().map((employee) => el("li", {}, el("button.employee-option.with-badge", {
    type: "button", "aria-label": `${employee.name}, ${employee.title}`, onclick: () => choose(employee.slug),
  }, badge(employee), employee.name, el("small", {}, employee.title))))));
  button.setAttribute("aria-expanded", "true");
}
