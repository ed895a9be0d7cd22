/** Versions: another answer to a question, another question in its place, the rest of a cut answer; and back. */

import { currentConversation, isAnswering, messagesLoaded, reloadMessages, sayRefusal, streamAnswer } from "./chat.js";
import { focusComposer } from "./composer.js";
import { announce, byId, el } from "./dom.js";
import { closeForm, openForm } from "./edit-form.js";
import { employeeBySlug } from "./employees.js";
import { sendMessage, uuid } from "./event-stream.js";
import { bringMessage, markItem, placeItem } from "./find-message.js";
import { requestJson } from "./http.js";
import { Answer, userMessage } from "./message.js";
import { appendItem, itemsOfTurn, renderMessages } from "./message-list.js";
import { loadEdit, notifyChange, saveEdit, savePending } from "./tab-state.js";
import { textOf } from "./texts.js";
import { getVersions, setVersions } from "./version-switch.js";

/** @typedef {import("./event-stream.js").VersionMessage} VersionMessage */

let switching = false;

export { toggleEmployees } from "./employee-menu.js";

/**
 * Have the question of a turn answered again.
 * @param {string} turn
 * @param {import("./event-stream.js").EmployeeChoice} choice
 */
export async function regenerate(turn, choice) {
  if (!await isBusy()) await send({ regenerate: turn, ...choice });
}

/**
 * Have the cut answer of a turn written to its end.
 * @param {string} turn
 */
export async function goOn(turn) {
  if (!await isBusy()) await send({ continue: turn });
}

/** Whether an answer is being streamed; the page says so then. */
async function isBusy() {
  await messagesLoaded();
  if (isAnswering()) sayRefusal(new Error(textOf("answerRunning")));
  return isAnswering();
}

/** @param {{regenerate: string} | {edit: string, message: string} | {continue: string}} version */
async function send(version) {
  focusComposer();
  await sendVersion({ message: { conversation_id: /** @type {string} */ (currentConversation()), ...version }, key: uuid() });
}

/**
 * Send a version of a turn, and show it in the place of the turn and of all that follows.
 * @param {{message: VersionMessage, key: string}} pending
 */
export async function sendVersion({ message, key }) {
  savePending({ message, key });
  const old = turnOf(message);
  const found = await bringMessage(message.conversation_id, old);
  const content = found && await questionOf(found, message).catch(() => null);
  if (content === null || isAnswering() || message.conversation_id !== currentConversation()) {
    savePending(null);
    refuse(message, new Error(textOf(isAnswering() ? "answerRunning" : "serverUnreachable")));
    return;
  }
  const place = found instanceof HTMLElement ? takePlace(found, message) : null; // null: it was replaced already, by this very request or in another tab
  const question = userMessage({ content });
  const answer = place?.answer ?? new Answer();
  let started = false;
  if (place) place.replaceWith(question);
  else appendItem(question);
  await streamAnswer((signal) => sendMessage(message, key, signal), question, answer, (error) => {
    question.remove();
    place?.restore();
    refuse(message, error);
  }, (turn) => {
    started = true;
    answer.versions = place ? addVersion(place.versions, turn, message) : getVersions(question, turn);
    setVersions(question, answer.versions);
  });
  if (!started || message.conversation_id !== currentConversation()) return;
  const failure = answer.failure ?? (question.dataset.turn ? null : answer.text); // the guard's reply is not stored
  if (failure !== null) { // the server has given the place back
    place?.restore();
    question.remove();
    answer.element.remove();
    refuse(message, new Error(failure));
  } else if (!place) await reloadMessages();
}

/**
 * The question that is answered: the new one, that on the page, or what the server has of it.
 * @param {HTMLElement | import("../contract.js").Message[]} found
 * @param {VersionMessage} message
 * @returns {Promise<string>}
 */
async function questionOf(found, message) {
  if ("edit" in message) return message.message;
  if (!(found instanceof HTMLElement)) return found[0].content;
  return found.querySelector(".plain-text")?.textContent ?? (await requestJson(`/turns/${turnOf(message)}`)).message; // its question is on a page before
}

/**
 * The turn that a message makes a version of.
 * @param {VersionMessage} message
 */
function turnOf(message) {
  if ("regenerate" in message) return message.regenerate;
  return "edit" in message ? message.edit : message.continue;
}

/**
 * The place of a turn on the page: its items, and all that follow.
 * @param {HTMLElement} first the question; the answer, if the question is not on the page
 * @param {VersionMessage} message
 */
function takePlace(first, message) {
  const turn = turnOf(message);
  const items = [first];
  for (let item = first.nextElementSibling; item; item = item.nextElementSibling) items.push(/** @type {HTMLElement} */ (item));
  const oldAnswer = itemsOfTurn(turn).find((item) => item.matches(".answer"));
  const answer = new Answer();
  const slug = ("employee" in message && message.employee) || /employee-(\w+)/.exec(oldAnswer?.className ?? "")?.[1];
  if (slug && !("edit" in message)) {
    answer.setEmployee(employeeBySlug(slug), null, null);
    answer.setStatus(textOf("isThinking", { name: employeeBySlug(slug).name }));
  }
  if ("continue" in message && oldAnswer) answer.body.replaceChildren(...[...oldAnswer.querySelectorAll(".markdown > *")].map((block) => block.cloneNode(true)));
  /** @type {HTMLElement | null} */
  let marker = null;
  return {
    answer,
    versions: getVersions(first, turn),
    replaceWith: (/** @type {HTMLElement} */ question) => {
      marker = el("span", { hidden: true });
      first.before(marker, question);
      for (const item of items) item.remove();
    },
    restore: () => marker?.replaceWith(...items),
  };
}

/**
 * The versions of a turn with a new one, which an answer that is continued gives its place to.
 * @param {import("./version-switch.js").Versions} known
 * @param {string} turn
 * @param {VersionMessage} message
 */
function addVersion({ versions, questions }, turn, message) {
  const old = turnOf(message);
  const kept = versions.map((id, index) => ({ id, question: questions[index] })).filter(({ id }) => id !== turn && !("continue" in message && id === old));
  kept.push({ id: turn, question: "edit" in message ? turn : questions[versions.indexOf(old)] });
  return { turn_id: turn, versions: kept.map(({ id }) => id), questions: kept.map(({ question }) => question) };
}

/**
 * Say why a version was not made. What was typed stays.
 * @param {VersionMessage} message
 * @param {Error} error
 */
function refuse(message, error) {
  if ("edit" in message) {
    saveEdit({ conversation: message.conversation_id, turn: message.edit, text: message.message });
    resumeEdit(error.message);
  } else sayRefusal(error);
}

/**
 * Edit a message of the user where it stands.
 * @param {HTMLElement} item
 */
export function editMessage(item) {
  openForm(item, item.querySelector(".plain-text")?.textContent ?? "", send);
}

/**
 * Go on with the edit that was begun, after the messages were shown anew.
 * @param {string | null} [problem] why it was not sent; null: it was not tried
 */
export async function resumeEdit(problem = null) {
  const edit = loadEdit();
  if (!edit) return;
  const found = await bringMessage(edit.conversation, edit.turn);
  if (edit.conversation !== currentConversation() || loadEdit()?.turn !== edit.turn) return;
  if (found instanceof HTMLElement) {
    openForm(found, loadEdit()?.text ?? "", send, problem ?? "", problem !== null || document.activeElement === document.body);
    return;
  }
  closeForm();
  saveEdit(null);
  const field = byId("message");
  field.value = [field.value, edit.text].filter(Boolean).join("\n\n");
  field.dispatchEvent(new Event("input"));
  sayRefusal(new Error(problem || textOf("messageReplaced")));
}

/**
 * Show another version of a message, which is the one that counts from then on.
 * @param {string} turn
 * @param {HTMLElement} buttons those of the version that is shown
 */
export async function switchVersion(turn, buttons) {
  const item = /** @type {HTMLElement} */ (buttons.closest("article"));
  const { top } = item.getBoundingClientRect();
  const back = buttons.firstElementChild === document.activeElement;
  if (!await activate(turn)) return;
  const shown = itemsOfTurn(turn).find((other) => other.matches(item.matches(".answer") ? ".answer" : ".user-message"));
  if (!shown) return;
  placeItem(shown, top);
  const [previous, next] = /** @type {NodeListOf<HTMLButtonElement>} */ (shown.querySelectorAll(".switch button"));
  const [first, second] = back ? [previous, next] : [next, previous];
  if (first) (first.disabled ? second : first).focus({ preventScroll: true });
  announce(shown.querySelector(".switch .visually-hidden")?.textContent ?? "");
}

/**
 * Show and mark a message that a link names.
 * @param {string} conversation
 * @param {string} id of the message; a question has the id of its turn
 */
export async function openMessage(conversation, id) {
  const found = await bringMessage(conversation, id);
  if (found instanceof HTMLElement) markItem(found);
  else if (found) showSuperseded(found);
}

/**
 * Show a turn that is not on the path that counts, and that it is not.
 * @param {import("../contract.js").Message[]} messages
 */
function showSuperseded(messages) {
  const turn = messages[0].turn_id;
  const section = el("section.superseded", { "aria-label": textOf("versions") },
    el("p.status", {}, textOf("supersededMessage"), " ", el("button", { type: "button", onclick: async () => {
      if (!await activate(turn)) return;
      const [question] = itemsOfTurn(turn);
      if (question) markItem(question);
    } }, textOf("showVersion"))), ...renderMessages(messages));
  appendItem(section);
  markItem(section);
}

/**
 * Make the path through a turn the one that counts, and show it.
 * @param {string} turn
 * @returns {Promise<boolean>} whether it is shown
 */
async function activate(turn) {
  const conversation = /** @type {string} */ (currentConversation());
  if (switching || await isBusy()) return false;
  switching = true;
  try {
    await requestJson(`/conversations/${encodeURIComponent(conversation)}/active`, { method: "PUT", body: { turn_id: turn } });
    notifyChange("conversations", conversation);
    if (conversation !== currentConversation()) return false;
    await reloadMessages();
    await bringMessage(conversation, turn);
    return conversation === currentConversation();
  } catch (error) {
    sayRefusal(/** @type {Error} */ (error));
    return false;
  } finally {
    switching = false;
  }
}
