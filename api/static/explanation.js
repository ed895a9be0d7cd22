/** An explanation that shows while a button is hovered, focused or tapped; Escape hides it. */

import { byId, el } from "./dom.js";

/** Pixels between an explanation and the edge of the window. */
const EDGE = 8;

const box = el("div.explanation", { id: "explanation", role: "tooltip", hidden: true });
byId("main").append(box);

/**
 * @param {HTMLButtonElement} button
 * @param {string} text
 */
export function showExplanation(button, text) {
  button.setAttribute("aria-description", text);
  const show = () => {
    box.textContent = text;
    box.hidden = false;
    const { left, bottom } = button.getBoundingClientRect();
    box.style.left = `${Math.max(EDGE, Math.min(left, innerWidth - box.offsetWidth - EDGE))}px`;
    box.style.top = `${Math.min(bottom, innerHeight - box.offsetHeight - EDGE)}px`;
  };
  const hide = () => { box.hidden = true; };
  for (const name of ["pointerenter", "focus", "click"]) button.addEventListener(name, show);
  button.addEventListener("blur", hide);
  button.addEventListener("pointerleave", (/** @type {PointerEvent} */ event) => { if (event.relatedTarget !== box && document.activeElement !== button) hide(); });
  button.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== "Escape" || box.hidden) return;
    event.preventDefault(); // it does not stop an answer
    hide();
  });
}

box.addEventListener("pointerleave", () => { box.hidden = true; });
addEventListener("scroll", () => { box.hidden = true; }, { capture: true, passive: true });
