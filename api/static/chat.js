/** The open conversation: loads its messages, sends new ones, and streams the answer. */

import { ActiveTurn } from "./active-turn.js";
import { carryDraft, focusComposer, restoreText, setAnswering, showComposerError, startCountdown, switchDraft } from "./composer.js";
import { el } from "./dom.js";
import { followTurn, sendMessage, uuid } from "./event-stream.js";
import { Problem, isNotFound, requestJson } from "./http.js";
import { Answer, userMessage } from "./message.js";
import {
  appendItem, isEmpty, itemsOfTurn, loadMessages, loadNewestMessage, scrollToBottom, showItems, showMessage, showMessages, showWelcome,
} from "./message-list.js";
import { conversationHash, conversationInUrl, messageInUrl, savePending } from "./tab-state.js";
import { fixTemporary, isTemporary, showTemporary, updateTemporary } from "./temporary.js";
import { textOf } from "./texts.js";
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
  await loadConversation(id, false);
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
    showComposerError(new Error(textOf("answerRunning")));
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
  savePending(pending);
  if (pending.message.temporary) showTemporary(true);
  const text = pending.message.message;
  const question = userMessage({ content: text });
  appendItem(question);
  await streamAnswer((signal) => sendMessage(pending.message, pending.key, signal), question, text);
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
    if (!isNotFound(error)) showItems(el("p.status", {}, /** @type {Error} */ (error).message));
    else if (sending) showItems();
    else await openConversation(null);
    return;
  }
  if (id !== conversation || activeTurn) return;
  showMessages(id, page, ask);
  newestId = page.items[0]?.message_id ?? null;
  unanswered = page.items[0]?.role === "user" ? page.items[0] : null;
  const messageId = messageInUrl();
  if (!messageId) return;
  history.replaceState(null, "", conversationHash(id)); // so that the same link works again
  await showMessage(id, messageId);
}

/** If the last message has no answer: stream it if the turn is running, or say that it has failed. */
async function resumeLastTurn() {
  if (!unanswered || activeTurn) return;
  const { turn_id, content } = unanswered;
  const turn = await requestJson(`/turns/${turn_id}`).catch(() => null);
  if (!turn || activeTurn || turn.conversation_id !== conversation) return;
  if (turn.status === "running") await streamAnswer((signal) => followTurn(turn_id, signal), itemsOfTurn(turn_id)[0], content);
  else if (turn.status === "failed") {
    const answer = new Answer((choice) => ask(content, choice));
    appendItem(answer.element);
    answer.fail(textOf("notAnswered"), true);
  }
}

/**
 * Show an answer while it is streamed.
 * @param {(signal: AbortSignal) => AsyncGenerator<import("./event-stream.js").TurnUpdate>} openStream
 * @param {HTMLElement} question
 * @param {string} text of the question
 */
async function streamAnswer(openStream, question, text) {
  const answer = new Answer((choice) => ask(text, choice));
  const turn = new ActiveTurn(/** @type {string} */ (conversation), question, answer, (id) => {
    newestId = id;
    unanswered = null;
  });
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
    if (!turn.controller.signal.aborted) handleFailure(error, answer, question, text);
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
 * @param {Answer} answer
 * @param {HTMLElement} question
 * @param {string} text
 */
function handleFailure(error, answer, question, text) {
  savePending(null);
  if (!(error instanceof Problem)) {
    answer.fail(textOf("pageFailed"), true);
    throw error;
  }
  answer.element.remove();
  if (question.dataset.turn) {
    openConversation(conversation); // the turn ended while disconnected, and its events are gone
    return;
  }
  question.remove();
  restoreText(text);
  if (error.retryAfter) startCountdown(error.retryAfter, error.message);
  else showComposerError(error);
  if (!isEmpty()) return;
  const temporary = isTemporary();
  carryDraft(null);
  openConversation(null);
  showTemporary(temporary); // the text is going to be sent again
}

/** @param {string | null} id */
function setConversation(id) {
  conversation = id;
  switchDraft(id);
  if (conversationInUrl() !== id) history.pushState(null, "", id ? conversationHash(id) : location.pathname);
  dispatchEvent(new Event("conversationchange"));
}
