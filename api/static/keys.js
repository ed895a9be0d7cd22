/** Keyboard shortcuts, and the dialog that lists them. */

import { stopAnswer } from "./chat.js";
import { byId, el } from "./dom.js";
import { textOf } from "./texts.js";

const SWITCH_KEY = "frontdesk.singleKeys";

const dialog = byId("keys");
const singleKeys = byId("single-keys");
const mac = /Mac|iPhone|iPad/.test(navigator.platform);

/** Make the shortcuts and their dialog work. */
export function initKeys() {
  const modifier = mac ? "⌘" : textOf("ctrl");
  byId("key-list").append(
    row("Esc", textOf("keyStop")), row(`${modifier} K`, textOf("keySearch")), row(`${modifier} ${mac ? "⇧" : textOf("shift")} O`, textOf("keyNew")),
    row("/", textOf("keyMessage")), row("↑", textOf("keyLast")), row("?", textOf("keyList")));
  singleKeys.checked = localStorage.getItem(SWITCH_KEY) !== "off";
  singleKeys.addEventListener("change", () => localStorage.setItem(SWITCH_KEY, singleKeys.checked ? "on" : "off"));
  byId("open-keys").addEventListener("click", () => dialog.showModal());
  byId("close-keys").addEventListener("click", () => dialog.close());
  addEventListener("keydown", handleKey);
}

/** @param {KeyboardEvent} event */
function handleKey(event) {
  if (event.defaultPrevented || event.isComposing || document.querySelector("dialog[open]")) return;
  const action = actionOf(event);
  if (!action) return;
  event.preventDefault();
  action();
}

/**
 * @param {KeyboardEvent} event
 * @returns {(() => void) | null}
 */
function actionOf(event) {
  const inMessage = event.target === byId("message");
  const typing = event.target instanceof Element && event.target.matches("input, textarea, select");
  if (mac ? event.metaKey && !event.ctrlKey : event.ctrlKey && !event.metaKey) {
    if (event.key.toLowerCase() === "k" && !event.shiftKey && !event.altKey) return focusSearch;
    if (event.key.toLowerCase() === "o" && event.shiftKey && !event.altKey) return () => byId("new-conversation").click();
    return null;
  }
  if (event.metaKey || event.ctrlKey || event.altKey) return null;
  if (event.key === "Escape") return inMessage || !typing ? stopAnswer : null;
  if (event.key === "ArrowUp") return inMessage && !byId("message").value ? editLastMessage : null;
  if (typing || !singleKeys.checked) return null;
  if (event.key === "/") return () => byId("message").focus();
  return event.key === "?" ? () => dialog.showModal() : null;
}

function focusSearch() {
  const menuButton = byId("menu");
  if (menuButton.checkVisibility() && menuButton.getAttribute("aria-expanded") === "false") menuButton.click();
  byId("search-conversations").select();
}

/** Edit the user's last message, where it stands. */
function editLastMessage() {
  /** @type {HTMLElement | undefined} */ ([...document.querySelectorAll(".user-message[data-turn] .edit")].at(-1))?.click();
}

/**
 * @param {string} keys separated by spaces
 * @param {string} what they do
 */
function row(keys, what) {
  return el("div", {}, el("dt", {}, ...keys.split(" ").map((key) => el("kbd", {}, key))), el("dd", {}, what));
}
