/** Where the person types, sends, stops, and is told to wait. */

import { byId, el } from "./dom.js";
import { everyone } from "./employees.js";
import { draft, keepDraft } from "./remembered.js";
import { announce } from "./thread.js";

const form = byId("composer");
const field = byId("message");
const whom = byId("whom");
const button = byId("send");
const hint = byId("hint");
let opened = false;
/** Whether Enter was pressed before anything could be sent. */
let eager = false;
let answering = false;
let ticking = 0;

/**
 * Make it work.
 * @param {(text: string, choice: import("./turn.js").Choice) => void} send
 * @param {() => void} stop
 */
export function compose(send, stop) {
  put(field.value || draft()); // on a slow line something may be typed by now
  field.addEventListener("input", () => {
    keepDraft(field.value);
    grow();
    enable();
  });
  field.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    eager = !opened;
    if (!button.disabled && !answering) form.requestSubmit();
  });
  button.addEventListener("click", (/** @type {MouseEvent} */ event) => {
    if (event.detail > 1) event.preventDefault(); // who clicks twice sends, and does not stop what was sent
  });
  form.addEventListener("submit", (/** @type {Event} */ event) => {
    event.preventDefault();
    if (answering) stop();
    else if (opened && field.value.trim() && !ticking) {
      const text = field.value;
      put("");
      say("");
      send(text, whom.value ? { employee: whom.value } : {});
    }
  });
  addEventListener("offline", away);
  addEventListener("online", () => say(""));
  if (!navigator.onLine) away();
}

function away() {
  trouble(new Error("You are offline. What you send goes out when you are back."));
}

/** From now on the server knows who is asking, and messages can be sent. */
export function open() {
  opened = true;
  enable();
  if (eager && !answering && !button.disabled) form.requestSubmit();
}

/** Offer everyone there is. */
export function offerTeam() {
  for (const one of everyone()) whom.append(el("option", { value: one.slug }, `${one.emoji} ${one.name} · ${one.title}`));
}

/** @param {boolean} busy whether an answer is being written, which can be stopped */
export function busy(busy) {
  if (!busy && document.activeElement === button) focus();
  answering = busy;
  button.textContent = busy ? "Stop" : "Send";
  button.classList.toggle("stop", busy);
  enable();
}

/**
 * Give a text back that was not accepted, unless something else is typed meanwhile.
 * @param {string} text
 */
export function giveBack(text) {
  if (!field.value.trim()) put(text);
}

/** @param {string} text */
export function say(text) {
  if (ticking) return;
  hint.textContent = text;
  hint.classList.toggle("trouble", Boolean(text));
}

/**
 * Say what went wrong.
 * @param {Error} error
 */
export function trouble(error) {
  say(error.message);
  announce(error.message);
}

/**
 * Nothing can be sent for so long.
 * @param {number} seconds
 * @param {string} why
 */
export function rest(seconds, why) {
  clearInterval(ticking);
  const until = Date.now() + seconds * 1000;
  announce(`${why} You can send again in ${seconds} seconds.`);
  const tick = () => {
    const left = Math.ceil((until - Date.now()) / 1000);
    hint.textContent = `${why} You can send again in ${left} s.`;
    hint.classList.add("trouble");
    if (left > 0) return;
    clearInterval(ticking);
    ticking = 0;
    say("");
    announce("You can send again.");
    enable();
  };
  ticking = setInterval(tick, 250);
  tick();
  enable();
}

/** Let the person type. */
export function focus() {
  if (matchMedia("(pointer: fine)").matches) field.focus(); // on a phone this would open the keyboard
}

/** @param {string} text */
function put(text) {
  field.value = text;
  keepDraft(text);
  grow();
  enable();
}

function enable() {
  button.disabled = !answering && (!opened || Boolean(ticking) || !field.value.trim());
}

function grow() {
  field.style.height = "auto";
  field.style.height = `${Math.min(field.scrollHeight + 2, innerHeight * 0.4)}px`;
}
