/** DOM helpers: elements, dialogs, live region, clipboard. Elements are built from text nodes, so text never becomes HTML. */

import { icon } from "./svg.js";
import { textOf } from "./texts.js";

/** @typedef {Node | string | null | undefined | false} Child */
/**
 * @template {string} Tag
 * @typedef {Tag extends keyof HTMLElementTagNameMap ? HTMLElementTagNameMap[Tag] : HTMLElement} ElementOfTag
 */
/**
 * @template {string} Selector tag and classes: "p.hint.small"
 * @typedef {Selector extends `${infer Tag}.${string}` ? ElementOfTag<Tag> : ElementOfTag<Selector>} ElementOf
 */
/**
 * Element types by id, where a plain HTMLElement is not enough.
 * @typedef {{
 *   composer: HTMLFormElement, keys: HTMLDialogElement, language: HTMLSelectElement,
 *   "pick-files": HTMLInputElement, memory: HTMLDialogElement, "memory-on": HTMLInputElement, message: HTMLTextAreaElement,
 *   "search-conversations": HTMLInputElement, "search-memory": HTMLInputElement, send: HTMLButtonElement,
 *   settings: HTMLDialogElement, "single-keys": HTMLInputElement,
 *   "from-date": HTMLInputElement, "to-date": HTMLInputElement, "turn-panel": HTMLDialogElement,
 *   "employee-filter": HTMLSelectElement, "model-filter": HTMLSelectElement, "outcome-filter": HTMLSelectElement,
 * }} ElementsById
 */

/** @type {WeakMap<HTMLDialogElement, Promise<string>>} the latest result of each dialog */
const dialogResults = new WeakMap();

/**
 * Create an element.
 * @template {string} Selector
 * @param {Selector} selector tag and classes: "p.hint.small"
 * @param {Record<string, any>} [props] `on…` are event listeners, the rest attributes; null and false are left out
 * @param {...Child} children
 * @returns {ElementOf<Selector>}
 */
export function el(selector, props = {}, ...children) {
  const [tag, ...classes] = selector.split(".");
  const element = document.createElement(tag);
  if (classes.length) element.className = classes.join(" ");
  setChildren(element, ...children); // before `dir="auto"`: Chromium rescans all children for each one added after it
  for (const [key, value] of Object.entries(props)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) {
      element.setAttribute(key, value === true ? "" : String(value));
    }
  }
  return /** @type {any} */ (element);
}

/**
 * The element with this id. Throws if the page has none.
 * @template {string} Id
 * @param {Id} id
 * @returns {Id extends keyof ElementsById ? ElementsById[Id] : HTMLElement}
 */
export function byId(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no #${id}`);
  return /** @type {any} */ (element);
}

/**
 * Replace the children of an element; null, undefined and false are left out.
 * @param {Element} parent
 * @param {...Child} children
 */
export function setChildren(parent, ...children) {
  parent.replaceChildren(...children.filter((child) => child !== null && child !== undefined && child !== false));
}

/**
 * Set the text of a node, only if it differs: live regions and text selections stay untouched otherwise.
 * @param {Node} node
 * @param {string} text
 */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/**
 * Keyed update: one child per item, in order. Children are reused, so that focus, selection and scroll position survive.
 * @template T
 * @param {Element} parent
 * @param {T[]} items
 * @param {(item: T, index: number) => string} keyOf
 * @param {(item: T) => HTMLElement} create
 * @param {(child: any, item: T, index: number) => void} update called for new and reused children
 */
export function syncChildren(parent, items, keyOf, create, update) {
  const existing = new Map([...parent.children].map((child) => [/** @type {HTMLElement} */ (child).dataset.key, child]));
  items.forEach((item, index) => {
    const key = keyOf(item, index);
    const child = /** @type {HTMLElement} */ (existing.get(key) ?? create(item));
    existing.delete(key);
    child.dataset.key = key;
    if (parent.children[index] !== child) parent.insertBefore(child, parent.children[index] ?? null);
    update(child, item, index);
  });
  for (const child of existing.values()) child.remove();
}

/**
 * Replace the items of a list. One that looks as before stays the same element, so that a click on it is not lost between
 * pressing and releasing; unless it has a field, whose value cannot be compared. The focus stays on the same item, else it
 * goes to the one now in its position.
 * @param {HTMLElement} list
 * @param {HTMLElement[]} items
 * @param {HTMLElement} fallback gets the focus where no item can take it
 */
export function replaceItems(list, items, fallback) {
  const focused = list.contains(document.activeElement) ? /** @type {HTMLElement | null} */ (document.activeElement?.closest("li")) : null;
  const controls = "a, button";
  const controlIndex = focused && Math.max(0, [...focused.querySelectorAll(controls)].indexOf(/** @type {Element} */ (document.activeElement)));
  const itemIndex = focused && Math.min([...list.children].indexOf(focused), items.length - 1);
  const former = new Set(/** @type {Iterable<HTMLElement>} */ (list.children));
  const wanted = items.map((item) => {
    const same = [...former].find((child) => child.isEqualNode(item) && !child.querySelector("input, progress, select, textarea"));
    if (same) former.delete(same);
    return same ?? item;
  });
  for (const child of former) if (!wanted.includes(child)) child.remove();
  wanted.forEach((item, index) => { if (list.children[index] !== item) list.insertBefore(item, list.children[index] ?? null); });
  if (!focused || focused.contains(document.activeElement)) return;
  const item = wanted.find((other) => other.dataset.id === focused.dataset.id) ?? wanted[Number(itemIndex)];
  const control = /** @type {HTMLElement | undefined} */ (item.querySelectorAll(controls)[Number(controlIndex)]);
  (control ?? fallback).focus();
}

/**
 * Open a dialog and wait until it is closed. The `close` event comes late: if the dialog was reopened in between, the
 * next call waits for the previous result, or it would take that result for its own.
 * @param {HTMLDialogElement} dialog
 * @returns {Promise<string>} its return value
 */
export function openModal(dialog) {
  const result = Promise.resolve(dialogResults.get(dialog)).then(() => {
    dialog.returnValue = "";
    dialog.showModal();
    return new Promise((resolve) => { dialog.addEventListener("close", () => resolve(dialog.returnValue), { once: true }); });
  });
  dialogResults.set(dialog, result);
  return result;
}

/**
 * Whether the key is an Enter of its own, and not one that ends a composition, as of Chinese characters.
 * @param {KeyboardEvent} event
 */
export function isEnter(event) {
  return event.key === "Enter" && !event.isComposing && event.keyCode !== 229; // the code: Safari ends it before the key
}

/**
 * Announce a text to screen readers (chat page only).
 * @param {string} text
 */
export function announce(text) {
  byId("live-region").textContent = text;
}

/**
 * Copy a text to the clipboard, also over plain HTTP.
 * @param {string} text
 */
async function copyText(text) {
  if (navigator.clipboard) {
    try {
      await navigator.clipboard.writeText(text);
      return;
    } catch { /* not allowed: execCommand may still be */ }
  }
  const field = el("textarea.visually-hidden", { "aria-hidden": "true" });
  field.value = text;
  document.body.append(field);
  field.select();
  document.execCommand("copy");
  field.remove();
}

/**
 * A copy button that confirms for a moment.
 * @param {() => string} getText
 */
export function copyButton(getText) {
  const button = el("button.quiet", {
    type: "button",
    onclick: async () => {
      await copyText(getText());
      setChildren(button, icon("check"), textOf("copied"));
      setTimeout(() => setChildren(button, icon("copy"), textOf("copy")), 1500);
    },
  }, icon("copy"), textOf("copy"));
  return button;
}
