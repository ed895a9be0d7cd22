/** The menu beside the message field in which the user chooses who answers. */

import { byId, el, setChildren } from "./dom.js";
import { allEmployees, badge, employeeBySlug, employeeIcon } from "./employees.js";
import { icon } from "./svg.js";
import { textOf } from "./texts.js";

const button = byId("employee");
const menu = byId("employee-menu");
let chosen = "";

/** The slug of the chosen employee; empty: the best match. */
export const chosenEmployee = () => chosen;

/**
 * Make the menu work. It is empty until the employees are loaded.
 * @param {() => void} onChange
 * @param {() => void} onClose called when the user is done with it
 */
export function initEmployeeChoice(onChange, onClose) {
  const close = () => {
    toggle(false);
    onClose();
  };
  button.addEventListener("click", () => toggle(menu.hidden === true));
  menu.addEventListener("change", (/** @type {Event} */ event) => {
    chosen = /** @type {HTMLInputElement} */ (event.target).value;
    showChosen();
    onChange();
  });
  menu.addEventListener("click", (/** @type {MouseEvent} */ event) => { if (event.detail) setTimeout(close); }); // not the arrow keys; once the radio button is checked
  menu.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== "Escape" && event.key !== "Enter") return;
    event.preventDefault(); // Enter would send the message
    toggle(false);
    button.focus();
  });
  addEventListener("focusin", ({ target }) => { if (!isInside(target)) toggle(false); });
  addEventListener("pointerdown", ({ target }) => { if (!isInside(target)) toggle(false); });
  showChosen();
}

/** Fill the menu with the employees, which are loaded now. */
export function addEmployeeChoices() {
  const any = choice("", "", [el("span.badge", {}, icon("sparkle")), el("span", {}, el("b", {}, textOf("bestMatchName")), el("span", {}, textOf("bestMatchNote")))]);
  menu.append(any, ...allEmployees().map((employee) => choice(employee.slug, `.employee-${employee.slug}`, [badge(employee),
    el("span", {}, el("b", {}, employee.name, " ", el("small", {}, employee.title)), el("span", {}, employee.does), el("q", {}, employee.examples[0]))])));
  chooseEmployee(chosen);
}

/** @param {string} slug empty: the best match */
export function chooseEmployee(slug) {
  chosen = slug;
  for (const radio of menu.querySelectorAll("input")) radio.checked = radio.value === slug;
  showChosen();
}

/**
 * @param {string} slug
 * @param {string} className
 * @param {Node[]} content
 */
function choice(slug, className, content) {
  return el(`label${className}`, {}, el("input", { type: "radio", name: "employee", value: slug }), ...content);
}

function showChosen() {
  const { name } = employeeBySlug(chosen);
  const shown = allEmployees().length ? name : "…"; // not loaded yet
  setChildren(button, el("span.visually-hidden", {}, `${textOf("employee")}: `), chosen ? employeeIcon(chosen) : icon("sparkle"), chosen ? shown : textOf("bestMatchName"));
}

/** @param {boolean} open */
function toggle(open) {
  if (menu.hidden !== open) return;
  menu.hidden = !open;
  button.setAttribute("aria-expanded", String(open));
  if (open) menu.querySelector("input:checked")?.scrollIntoView({ block: "nearest" });
  if (open) /** @type {HTMLElement | null} */ (menu.querySelector("input:checked"))?.focus();
}

/** @param {EventTarget | null} target */
function isInside(target) {
  return target instanceof Node && (menu.contains(target) || button.contains(target));
}
