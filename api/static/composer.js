/** The composer: message field, employee choice, Send and Stop button, and the hint beside them. */

import { announce, byId, el } from "./dom.js";
import { allEmployees } from "./employees.js";
import { loadDraft, saveDraft } from "./tab-state.js";
import { textOf } from "./texts.js";

const form = byId("composer");
const field = byId("message");
const employeeSelect = byId("employee");
const button = byId("send");
const hint = byId("composer-hint");
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
  setValue(field.value || loadDraft()); // on a slow connection, something may have been typed already
  field.addEventListener("input", () => {
    saveDraft(field.value);
    fitHeight();
    updateButton();
  });
  field.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
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
    else if (sendingEnabled && field.value.trim() && !countdown) {
      const text = field.value;
      setValue("");
      setHint("");
      send(text, employeeSelect.value ? { employee: employeeSelect.value } : {});
    }
  });
  addEventListener("offline", showOffline);
  addEventListener("online", () => setHint(""));
  if (!navigator.onLine) showOffline();
}

/** Add all employees to the choice. */
export function addEmployeeOptions() {
  for (const { slug, emoji, name, title } of allEmployees()) employeeSelect.append(el("option", { value: slug }, `${emoji} ${name} · ${title}`));
}

/** Enable sending: the server knows the user now. */
export function enableSending() {
  sendingEnabled = true;
  updateButton();
  if (submitWhenEnabled && !answering && !button.disabled) form.requestSubmit();
}

/** @param {boolean} value whether an answer is streaming, which can be stopped */
export function setAnswering(value) {
  if (!value && document.activeElement === button) focusComposer();
  answering = value;
  button.textContent = textOf(value ? "stop" : "send");
  button.classList.toggle("stop", value);
  updateButton();
}

/**
 * Put back a text that was not accepted, unless something else has been typed.
 * @param {string} text
 */
export function restoreText(text) {
  if (!field.value.trim()) setValue(text);
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
  announce(textOf("sendAgainInSpoken", { reason, count: seconds }));
  const tick = () => {
    const secondsLeft = Math.ceil((end - Date.now()) / 1000);
    hint.textContent = textOf("sendAgainIn", { reason, seconds: secondsLeft });
    hint.classList.add("error-text");
    if (secondsLeft > 0) return;
    clearInterval(countdown);
    countdown = 0;
    setHint("");
    announce(textOf("sendAgainNow"));
    updateButton();
  };
  countdown = setInterval(tick, 250);
  tick();
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

/** @param {string} text */
function setValue(text) {
  field.value = text;
  saveDraft(text);
  fitHeight();
  updateButton();
}

function updateButton() {
  button.disabled = !answering && (!sendingEnabled || Boolean(countdown) || !field.value.trim());
}

function fitHeight() {
  field.style.height = "auto";
  field.style.height = `${Math.min(field.scrollHeight + 2, innerHeight * 0.4)}px`;
}
