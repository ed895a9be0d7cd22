/** The open conversation: its messages, and the answer that is being written. */

import * as composer from "./composer.js";
import { el, uuid } from "./dom.js";
import { PAGE, messagesOf, newestOf, shown } from "./history.js";
import { Problem, isMissing, json } from "./http.js";
import { Answer, said } from "./message.js";
import { Reading } from "./reading.js";
import { address, keepUnderWay, openConversation } from "./remembered.js";
import * as thread from "./thread.js";
import { follow, send } from "./turn.js";
import { welcome } from "./welcome.js";

/** @type {string | null} */
let conversation = null;
/** @type {Reading | null} */
let reading = null;
/** @type {string | null} the newest message shown */
let newest = null;
/** @type {import("../contract.js").Message | null} the last message shown that has no answer yet */
let unanswered = null;
/** Something was said elsewhere while an answer was coming, and not looked at yet. */
let missed = false;
/** What was said before is being fetched. */
let loading = Promise.resolve();

/** Which conversation is open; null: a new one. */
export const current = () => conversation;

/**
 * Show a conversation from its newest message back, and go on with the answer that is being written.
 * @param {string | null} id null: a new one
 * @param {boolean} [sending] its last message is just being sent, so that nothing is to be gone on with
 */
export async function open(id, sending = false) {
  if (reading?.turnId) reading.control.abort(); // a message that has not arrived yet goes on until it has
  reading = null;
  composer.busy(false);
  moveTo(id);
  newest = unanswered = null;
  missed = false;
  thread.show(...(id ? [el("p.state", {}, "Loading…")] : [welcome(ask)]));
  loading = id ? load(id, sending) : Promise.resolve();
  await loading;
  if (id === conversation && !sending) await goOn();
}

/** Show what happened meanwhile elsewhere. */
export async function refresh() {
  missed = reading !== null;
  if (!conversation || missed) return;
  const id = conversation;
  let last;
  try {
    last = await newestOf(id);
  } catch (error) {
    if (isMissing(error) && id === conversation) await open(null); // deleted elsewhere
    return;
  }
  if (id !== conversation || reading || last?.message_id === newest) return;
  await load(id, false);
  await goOn();
}

/**
 * Send a message of this conversation.
 * @param {string} text
 * @param {import("./turn.js").Choice} [choice]
 */
export async function ask(text, choice = {}) {
  await loading;
  if (reading) {
    composer.giveBack(text);
    composer.trouble(new Error("Another answer is being written: wait for it, or stop it."));
    return;
  }
  const message = { message: text, conversation_id: conversation ?? uuid(), ...choice };
  if (!conversation) thread.show();
  composer.focus();
  moveTo(message.conversation_id);
  await sendOff({ message, key: uuid() });
}

/**
 * Send it, and show it and its answer.
 * @param {import("./remembered.js").UnderWay} sending
 */
export async function sendOff(sending) {
  keepUnderWay(sending);
  const text = sending.message.message;
  const question = said({ content: text });
  thread.add(question);
  await listen((signal) => send(sending.message, sending.key, signal), question, text);
}

/** Stop the answer that is being written. */
export function stop() {
  reading?.stop();
}

/**
 * @param {string} id
 * @param {boolean} sending
 */
async function load(id, sending) {
  let page;
  try {
    page = await json(`${messagesOf(id)}?limit=${PAGE}&order=desc`);
  } catch (error) {
    if (id !== conversation) return;
    if (!isMissing(error)) thread.show(el("p.state", {}, /** @type {Error} */ (error).message));
    else if (sending) thread.show();
    else await open(null);
    return;
  }
  if (id !== conversation || reading) return;
  thread.show(...shown(id, page, ask));
  newest = page.items[0]?.message_id ?? null;
  unanswered = page.items[0]?.role === "user" ? page.items[0] : null;
}

/** Show the answer that the last message is getting, or that it will get none. */
async function goOn() {
  if (!unanswered || reading) return;
  const { turn_id, content } = unanswered;
  const turn = await json(`/turns/${turn_id}`).catch(() => null);
  if (!turn || reading || turn.conversation_id !== conversation) return;
  if (turn.status === "running") await listen((signal) => follow(turn_id, signal), thread.ofTurn(turn_id)[0], content);
  else if (turn.status === "failed") {
    const answer = new Answer((choice) => ask(content, choice));
    thread.add(answer.item);
    answer.fail("This was not answered.", true);
  }
}

/**
 * Show an answer as it comes.
 * @param {(signal: AbortSignal) => AsyncGenerator<import("./turn.js").Happened>} events
 * @param {HTMLElement} question
 * @param {string} text what was asked
 */
async function listen(events, question, text) {
  const answer = new Answer((choice) => ask(text, choice));
  const mine = new Reading(/** @type {string} */ (conversation), question, answer, (id) => {
    newest = id;
    unanswered = null;
  });
  reading = mine;
  thread.add(answer.item);
  thread.toBottom();
  composer.busy(true);
  try {
    for await (const happened of events(mine.control.signal)) {
      if (reading === mine) mine.tell(happened);
      else if (happened.event !== "lost" && happened.event !== "slow") break;
    }
    if (reading !== mine) keepUnderWay(null);
  } catch (error) {
    if (!mine.control.signal.aborted) refused(error, answer, question, text);
  } finally {
    if (reading === mine) {
      reading = null;
      composer.busy(false);
    }
  }
  if (mine.behind && !reading) newest = null; // what was said before it is not on the page yet
  if (!reading && (mine.behind || missed)) await refresh();
}

/**
 * @param {unknown} error
 * @param {Answer} answer
 * @param {Element} question
 * @param {string} text
 */
function refused(error, answer, question, text) {
  keepUnderWay(null);
  if (!(error instanceof Problem)) {
    answer.fail("Something went wrong in this page.", true);
    throw error;
  }
  answer.item.remove();
  if (/** @type {HTMLElement} */ (question).dataset.turn) {
    open(conversation); // it ended while the connection was away, and its events are not kept
    return;
  }
  question.remove();
  composer.giveBack(text);
  if (error.retryAfter) composer.rest(error.retryAfter, error.message);
  else composer.trouble(error);
  if (thread.isEmpty()) open(null);
}

/** @param {string | null} id */
function moveTo(id) {
  conversation = id;
  if (openConversation() !== id) history.pushState(null, "", id ? address(id) : location.pathname);
  dispatchEvent(new Event("moved"));
}
