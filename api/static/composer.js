/** The composer: message field, choice of employee, Send and Stop button, and the hint and the counter beside them. */

import { announce, byId, isEnter, setChildren } from "./dom.js";
import { loadDraft, saveDraft } from "./drafts.js";
import { chooseEmployee, chosenEmployee, initEmployeeChoice } from "./employee-choice.js";
import { request } from "./http.js";
import { initPastes, pastedTexts, showPastes } from "./pastes.js";
import { icon } from "./svg.js";
import { conversationInUrl } from "./tab-state.js";
import { textOf } from "./texts.js";

/** The share of the longest message from which on characters are counted. */
const COUNTED_FROM = 7 / 8;

/** The countdown that goes on after a reload. */
const COUNTDOWN_KEY = "frontdesk.sendAgain";

const form = byId("composer");
const field = byId("message");
const button = byId("send");
const hint = byId("composer-hint");
const counter = byId("counter");
/** @type {string | null} whose draft is shown; null: that of a new conversation */
let conversation = conversationInUrl();
/** Characters of a message that the server takes; what is longer is cut. */
let maxChars = Infinity;
let sendingEnabled = false;
/** Whether Enter was pressed before sending was enabled. */
let submitWhenEnabled = false;
let answering = false;
/** The timer of the countdown; 0: there is none. */
let countdown = 0;

/**
 * Make the composer work. Sending has to be enabled separately.
 * @param {(text: string, choice: import("./event-stream.js").EmployeeChoice) => void} send
 * @param {() => void} stop
 */
export function initComposer(send, stop) {
  initEmployeeChoice(updateDraft, focusComposer);
  initPastes(field, updateDraft);
  showDraft(field.value); // on a slow connection, something may have been typed already
  field.addEventListener("input", () => {
    updateDraft();
    if (navigator.onLine) setHint(""); // it was read
  });
  field.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    if (!isEnter(event) || event.shiftKey) return;
    event.preventDefault();
    submitWhenEnabled = !sendingEnabled;
    if (!button.disabled && !answering) form.requestSubmit();
  });
  button.addEventListener("click", (/** @type {MouseEvent} */ event) => {
    if (event.detail > 1) event.preventDefault(); // the second click of a double click would hit Stop
  });
  form.addEventListener("submit", (/** @type {Event} */ event) => {
    event.preventDefault();
    if (answering) stop();
    else if (sendingEnabled && messageText().trim() && !countdown) {
      const text = messageText();
      showPastes([]);
      setValue("");
      setHint("");
      send(text, chosenEmployee() ? { employee: chosenEmployee() } : {});
    }
  });
  addEventListener("offline", showOffline);
  addEventListener("online", () => setHint(""));
  if (!navigator.onLine) showOffline();
  const { end, reason } = JSON.parse(sessionStorage.getItem(COUNTDOWN_KEY) ?? "{}");
  if (end > Date.now()) startCountdown((end - Date.now()) / 1000, reason);
}

/** Enable sending: the server knows the user now. */
export function enableSending() {
  sendingEnabled = true;
  updateButton();
  if (submitWhenEnabled && !answering && !button.disabled) form.requestSubmit();
}

/** Ask the server how long a message may be, and whether a countdown from before a reload still holds. */
export async function loadLimit() {
  const response = await request("/settings").catch(() => null); // without it nothing is counted
  const settings = await response?.json().catch(() => null);
  maxChars = settings?.max_message_chars ?? Infinity;
  updateCounter();
  const limits = response?.headers.get("RateLimit") ?? "";
  if (!countdown || !limits) return;
  const waits = [...limits.matchAll(/;r=0;t=(\d+)/g)].map(([, seconds]) => Number(seconds));
  const { reason } = JSON.parse(sessionStorage.getItem(COUNTDOWN_KEY) ?? "{}");
  if (waits.length) startCountdown(Math.max(...waits), reason);
  else endCountdown(reason);
}

/**
 * Another conversation is open: show its draft.
 * @param {string | null} id null: a new one
 */
export function switchDraft(id) {
  if (id === conversation) return;
  conversation = id;
  showDraft("");
}

/**
 * The open conversation has another id now: what is in the composer stays there.
 * @param {string | null} id
 */
export function carryDraft(id) {
  saveDraft(conversation, { text: "", pastes: [], employee: "" });
  conversation = id;
  updateDraft();
}

/** @param {boolean} value whether an answer is streaming, which can be stopped */
export function setAnswering(value) {
  if (!value && document.activeElement === button) focusComposer();
  answering = value;
  setChildren(button, icon(value ? "stop" : "send"));
  button.setAttribute("aria-label", textOf(value ? "stop" : "send"));
  button.classList.toggle("stop", value);
  updateButton();
}

/**
 * Put back a text that was not accepted, unless something else has been typed.
 * @param {string} text
 */
export function restoreText(text) {
  if (!messageText().trim()) setValue(text);
}

/**
 * Show an error beside the message field.
 * @param {Error} error
 */
export function showComposerError(error) {
  setHint(error.message);
  announce(error.message);
}

/**
 * Disable sending for a while, with a countdown.
 * @param {number} seconds
 * @param {string} reason
 */
export function startCountdown(seconds, reason) {
  clearInterval(countdown);
  const end = Date.now() + seconds * 1000;
  sessionStorage.setItem(COUNTDOWN_KEY, JSON.stringify({ end, reason }));
  announce(textOf("sendAgainInSpoken", { reason, count: Math.ceil(seconds) }));
  const tick = () => {
    const secondsLeft = Math.ceil((end - Date.now()) / 1000);
    hint.textContent = textOf("sendAgainIn", { reason, seconds: secondsLeft });
    hint.classList.add("error-text");
    if (secondsLeft <= 0) endCountdown(reason);
  };
  countdown = setInterval(tick, 250);
  tick();
  updateButton();
}

/** @param {string} reason */
function endCountdown(reason) {
  clearInterval(countdown);
  countdown = 0;
  sessionStorage.removeItem(COUNTDOWN_KEY);
  setHint(textOf("sendAgainNow", { reason })); // a user who looked away sees why the text is there again
  hint.classList.remove("error-text");
  announce(hint.textContent ?? "");
  updateButton();
}

/** Focus the message field, except on touch devices: it would open the keyboard. */
export function focusComposer() {
  if (matchMedia("(pointer: fine)").matches) field.focus();
}

function showOffline() {
  showComposerError(new Error(textOf("offline")));
}

/** @param {string} text empty: no hint */
function setHint(text) {
  if (countdown) return;
  hint.textContent = text;
  hint.classList.toggle("error-text", Boolean(text));
}

/** What is going to be sent: what was typed, and below it what was pasted. */
function messageText() {
  return [field.value, ...pastedTexts()].filter((text) => text.trim()).join("\n\n");
}

/** @param {string} typed shown instead of the draft's text, if there is any */
function showDraft(typed) {
  const { text, pastes, employee } = loadDraft(conversation);
  chooseEmployee(employee);
  showPastes(pastes);
  setValue(typed || text);
}

/** @param {string} text */
function setValue(text) {
  field.value = text;
  updateDraft();
}

/** The message that is being written has changed. */
function updateDraft() {
  saveDraft(conversation, { text: field.value, pastes: pastedTexts(), employee: chosenEmployee() });
  fitHeight();
  updateCounter();
  updateButton();
}

function updateButton() {
  button.disabled = !answering && (!sendingEnabled || Boolean(countdown) || !messageText().trim());
}

function updateCounter() {
  const text = messageText();
  const count = text.length < maxChars * COUNTED_FROM ? 0 : [...text].length; // the server counts characters, not UTF-16
  const shown = count >= maxChars * COUNTED_FROM;
  counter.hidden = !shown;
  counter.classList.toggle("error-text", count > maxChars);
  counter.textContent = shown ? textOf(count > maxChars ? "tooManyCharacters" : "charactersOf", { count, limit: maxChars }) : "";
}

function fitHeight() {
  field.style.height = "auto";
  field.style.height = `${Math.min(field.scrollHeight + 2, innerHeight * 0.4)}px`;
}
