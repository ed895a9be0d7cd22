/** Long texts that were pasted: each is folded into a card above the message field, and goes along with the message. */

import { byId, el } from "./dom.js";
import { icon } from "./svg.js";
import { textOf } from "./texts.js";

/** What is longer than either is folded. */
const MAX_CHARS = 1500;
const MAX_LINES = 15;

const list = byId("pastes");
let onChange = () => {};

/**
 * Fold long texts that are pasted into this field.
 * @param {HTMLTextAreaElement} field
 * @param {() => void} changed called when a card was added, edited or removed
 */
export function initPastes(field, changed) {
  onChange = changed;
  field.addEventListener("paste", (/** @type {ClipboardEvent} */ event) => {
    const text = event.clipboardData?.getData("text/plain") ?? "";
    if (text.length <= MAX_CHARS && text.split("\n", MAX_LINES + 1).length <= MAX_LINES) return;
    event.preventDefault();
    list.append(card(text));
    onChange();
  });
}

/** The pasted texts. */
export function pastedTexts() {
  return [...list.querySelectorAll("textarea")].map(({ value }) => value);
}

/** @param {string[]} texts */
export function showPastes(texts) {
  list.replaceChildren(...texts.map(card));
}

/** @param {string} text */
function card(text) {
  const field = el("textarea", { rows: "8", hidden: true, "aria-label": textOf("pastedText"), dir: "auto", oninput: () => {
    describe();
    onChange();
  } });
  field.value = text;
  const about = el("span", { dir: "auto" });
  const size = el("small");
  const describe = () => {
    about.textContent = field.value.trim().split("\n", 1)[0].slice(0, 80);
    size.textContent = `${textOf("lines", { count: field.value.split("\n").length })} · ${textOf("characters", { count: field.value.length })}`;
  };
  const toggle = el("button.quiet.menu-toggle", { type: "button", "aria-expanded": "false", onclick: () => {
    field.hidden = !field.hidden;
    toggle.setAttribute("aria-expanded", String(!field.hidden));
    if (field.hidden) return;
    field.setSelectionRange(0, 0); // it is read from its beginning
    field.focus();
  } }, about, size);
  const remove = el("button.icon", { type: "button", "aria-label": textOf("removePasted"), title: textOf("removePasted"), onclick: () => {
    item.remove();
    onChange();
    byId("message").focus();
  } }, icon("close"));
  const item = el("li", {}, toggle, remove, field);
  describe();
  return item;
}
