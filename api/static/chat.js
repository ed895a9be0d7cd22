/** The open conversation: loads its messages, sends new ones, and streams the answer. */

import { ActiveTurn } from "./active-turn.js";
import { carryDraft, focusComposer, restoreText, setAnswering, showComposerError, startCountdown, switchDraft } from "./composer.js";
import { el } from "./dom.js";
import { followTurn, sendMessage, uuid } from "./event-stream.js";
import { Problem, isNotFound, requestJson } from "./http.js";
import { Answer, userMessage } from "./message.js";
import {
  appendItem, isEmpty, itemsOfTurn, loadMessages, loadNewestMessage, scrollToBottom, showItems, showMessages, showWelcome,
} from "./message-list.js";
import { conversationHash, conversationInUrl, loadEdit, messageInUrl, savePending } from "./tab-state.js";
import { fixTemporary, isTemporary, showTemporary, updateTemporary } from "./temporary.js";
import { textOf } from "./texts.js";
import { withVersions } from "./version-switch.js";
import { moveComposer } from "./welcome.js";

/** @type {string | null} */
let conversation = null;
/** @type {ActiveTurn | null} */
let activeTurn = null;
/** @type {string | null} the id of the newest message on the page */
let newestId = null;
/** @type {import("../contract.js").Message | null} the newest message, if it has no answer yet */
let unanswered = null;
/** Whether to look for new messages once the active turn has ended. */
let refreshLater = false;
/** Resolves once the messages are loaded. */
let loading = Promise.resolve();

/** Resolves once the messages are loaded. */
export const messagesLoaded = () => loading;

/** Whether an answer is being streamed. */
export const isAnswering = () => activeTurn !== null;

/** The id of the open conversation; null for a new one. */
export const currentConversation = () => conversation;

/**
 * Open a conversation, at the message that the URL names, and resume the answer that is being streamed.
 * @param {string | null} id null: a new one
 * @param {boolean} [sending] its last message is about to be sent again, so there is nothing to resume
 */
export async function openConversation(id, sending = false) {
  if (activeTurn?.turnId) activeTurn.controller.abort(); // before it starts, keep sending: the message may not have arrived
  activeTurn = null;
  setAnswering(false);
  setConversation(id);
  updateTemporary(id);
  newestId = unanswered = null;
  refreshLater = false;
  if (id) showItems(el("p.status", {}, textOf("loading")));
  else showWelcome();
  loading = id ? loadConversation(id, sending) : Promise.resolve();
  await loading;
  if (id === conversation && !sending) await resumeLastTurn();
}

/** Show messages that were added elsewhere. */
export async function refreshMessages() {
  refreshLater = activeTurn !== null;
  if (!conversation || refreshLater) return;
  const id = conversation;
  let newest;
  try {
    newest = await loadNewestMessage(id);
  } catch (error) {
    if (isNotFound(error) && id === conversation) await openConversation(null); // deleted elsewhere
    return;
  }
  if (id !== conversation || activeTurn || newest?.message_id === newestId) return;
  await reloadMessages();
}

/** Show the messages as they are now, and resume the answer that is being streamed. */
export async function reloadMessages() {
  if (!conversation) return;
  loading = loadConversation(conversation, false);
  await loading;
  await resumeLastTurn();
}

/**
 * Send a message in the open conversation.
 * @param {string} text
 * @param {import("./event-stream.js").EmployeeChoice} [choice]
 */
export async function ask(text, choice = {}) {
  await loading;
  if (activeTurn) {
    restoreText(text);
    sayRefusal(new Error(textOf("answerRunning")));
    return;
  }
  const temporary = !conversation && isTemporary() ? { temporary: true } : {};
  const message = { message: text, conversation_id: conversation ?? uuid(), ...temporary, ...choice };
  if (!conversation) {
    moveComposer(() => showItems());
    fixTemporary();
    carryDraft(message.conversation_id);
  }
  focusComposer();
  setConversation(message.conversation_id);
  await sendPending({ message, key: uuid() });
}

/**
 * Send a message, and show it with its answer.
 * @param {import("./tab-state.js").PendingMessage} pending
 */
export async function sendPending(pending) {
  const { message, key } = pending;
  if ("regenerate" in message || "edit" in message || "continue" in message) {
    await withVersions((module) => module.sendVersion({ message, key }));
    return;
  }
  savePending(pending);
  if (message.temporary) showTemporary(true);
  const question = userMessage({ content: message.message });
  appendItem(question);
  await streamAnswer((signal) => sendMessage(message, key, signal), question, new Answer(), (error) => {
    question.remove();
    restoreText(message.message);
    sayRefusal(error);
    if (!isEmpty()) return;
    const temporary = isTemporary();
    carryDraft(null);
    openConversation(null);
    showTemporary(temporary); // the text is going to be sent again
  });
}

/** Stop the answer that is being streamed. */
export function stopAnswer() {
  activeTurn?.stop();
}

/**
 * @param {string} id
 * @param {boolean} sending
 */
async function loadConversation(id, sending) {
  let page;
  try {
    page = await loadMessages(id);
  } catch (error) {
    if (id !== conversation) return;
    if (!isNotFound(error)) showItems(notLoaded(error));
    else if (sending) showItems();
    else await openConversation(null);
    return;
  }
  if (id !== conversation || activeTurn) return;
  showMessages(id, page);
  newestId = page.items[0]?.message_id ?? null;
  unanswered = page.items[0]?.role === "user" ? page.items[0] : null;
  if (loadEdit()?.conversation === id && !sending) withVersions((module) => module.resumeEdit());
  const messageId = messageInUrl();
  if (!messageId) return;
  history.replaceState(null, "", conversationHash(id)); // so that the same link works again
  await withVersions((module) => module.openMessage(id, messageId));
}

/**
 * What stands where messages or an answer could not be loaded.
 * @param {unknown} error
 */
function notLoaded(error) {
  return el("p.status", {}, /** @type {Error} */ (error).message, " ", el("button", { type: "button", onclick: reloadMessages }, textOf("tryAgain")));
}

/** If the last message has no answer: stream it if the turn is running, or say that it has failed. */
async function resumeLastTurn() {
  if (!unanswered || activeTurn) return;
  const question = unanswered;
  const { turn_id } = question;
  let turn;
  try {
    turn = await requestJson(`/turns/${turn_id}`);
  } catch (error) {
    if (question === unanswered && !activeTurn) appendItem(notLoaded(error));
    return;
  }
  if (activeTurn || turn.conversation_id !== conversation) return;
  if (turn.status === "running") {
    const answer = new Answer();
    answer.versions = question;
    await streamAnswer((signal) => followTurn(turn_id, signal), itemsOfTurn(turn_id)[0], answer, () => openConversation(conversation));
  } else if (turn.status === "failed") appendItem(Answer.missing(question).element);
}

/**
 * Show an answer while it is streamed.
 * @param {(signal: AbortSignal) => AsyncGenerator<import("./event-stream.js").TurnUpdate>} openStream
 * @param {HTMLElement} question
 * @param {Answer} answer
 * @param {(error: Error) => void} onRefused called where the turn has not started, and will not
 * @param {(turnId: string) => void} [onStart]
 */
export async function streamAnswer(openStream, question, answer, onRefused, onStart) {
  const turn = new ActiveTurn(/** @type {string} */ (conversation), question, answer, (id) => {
    newestId = id;
    unanswered = null;
  });
  if (onStart) turn.onStart = onStart;
  activeTurn = turn;
  appendItem(answer.element);
  scrollToBottom();
  setAnswering(true);
  try {
    for await (const update of openStream(turn.controller.signal)) {
      if (activeTurn === turn) turn.handle(update);
      else if (update.event !== "disconnected" && update.event !== "slow") break; // another conversation is open, and the message has arrived
    }
    if (activeTurn !== turn) savePending(null);
  } catch (error) {
    if (!turn.controller.signal.aborted) handleFailure(error, turn, onRefused);
  } finally {
    if (activeTurn === turn) {
      activeTurn = null;
      setAnswering(false);
    }
  }
  if (turn.queued && !activeTurn) newestId = null; // the messages before it are not on the page yet
  if (!activeTurn && (turn.queued || refreshLater)) await refreshMessages();
}

/**
 * @param {unknown} error
 * @param {ActiveTurn} turn
 * @param {(error: Error) => void} onRefused
 */
function handleFailure(error, { turnId, answer }, onRefused) {
  savePending(null);
  const known = error instanceof Problem;
  if (turnId && !known) answer.fail(textOf("pageFailed"), true);
  else answer.element.remove();
  if (!turnId) onRefused(known ? error : new Error(textOf("pageFailed")));
  else if (known) openConversation(conversation); // the turn ended while disconnected, and its events are gone
  if (!known) throw error;
}

/**
 * Say why something was not sent, and when it can be.
 * @param {Error} error
 */
export function sayRefusal(error) {
  if (error instanceof Problem && error.retryAfter) startCountdown(error.retryAfter, error.code === "rate_limited" ? textOf("tooManyMessages") : error.message);
  else showComposerError(error);
}

/** @param {string | null} id */
function setConversation(id) {
  conversation = id;
  switchDraft(id);
  if (conversationInUrl() !== id) history.pushState(null, "", id ? conversationHash(id) : location.pathname);
  dispatchEvent(new Event("conversationchange"));
}
