/** The open conversation: its messages, and the answer that is being written. */

import * as composer from "./composer.js";
import { el, uuid } from "./dom.js";
import { PAGE, messagesOf, shown } from "./history.js";
import { Problem, isMissing, json } from "./http.js";
import { showFacts } from "./learned.js";
import { Answer, note, said } from "./message.js";
import { address, keepUnderWay, openConversation } from "./remembered.js";
import { changed } from "./tabs.js";
import * as thread from "./thread.js";
import { follow, send } from "./turn.js";
import { welcome } from "./welcome.js";

/** @type {string | null} */
let conversation = null;
/** @type {{control: AbortController, turnId: string | null, stopping: boolean} | null} */
let reading = null;
/** @type {string | null} the newest message shown */
let newest = null;
/** @type {import("../contract.js").Message | null} the last message shown that has no answer yet */
let unanswered = null;
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
  thread.show(...(id ? [el("p.state", {}, "Loading…")] : [welcome(ask)]));
  loading = id ? load(id, sending) : Promise.resolve();
  await loading;
  if (id === conversation && !sending) await goOn();
}

/** Show what happened meanwhile elsewhere. */
export async function refresh() {
  if (!conversation || reading) return;
  const id = conversation;
  const { items } = await json(`${messagesOf(id)}?limit=1&order=desc`).catch(gone);
  if (id !== conversation || reading || items[0]?.message_id === newest) return;
  await load(id, false);
  await goOn();
}

/**
 * Send a message of this conversation.
 * @param {string} text
 * @param {string} [employee]
 */
export async function ask(text, employee) {
  await loading;
  if (reading) return void composer.giveBack(text);
  const message = { message: text, conversation_id: conversation ?? uuid(), ...(employee && { employee }) };
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
export async function stop() {
  if (!reading) return;
  reading.stopping = true; // before it has begun nobody knows what to stop
  if (!reading.turnId) return;
  await json(`/turns/${reading.turnId}/stop`, { method: "POST" }).catch(trouble);
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
    const answer = new Answer((employee) => ask(content, employee));
    thread.add(answer.item);
    answer.fail("This was not answered.", true);
  }
}

/**
 * Show an answer as it comes.
 * @param {(signal: AbortSignal) => AsyncGenerator<import("./turn.js").Happened>} events
 * @param {Element} question
 * @param {string} text what was asked
 */
async function listen(events, question, text) {
  const mine = { control: new AbortController(), turnId: /** @type {string | null} */ (null), stopping: false };
  const answer = new Answer((employee) => ask(text, employee));
  reading = mine;
  thread.add(answer.item);
  thread.toBottom();
  composer.busy(true);
  try {
    for await (const happened of events(mine.control.signal)) {
      if (reading === mine) tell(happened, answer, question, mine);
      else if (happened.event !== "lost") break;
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
}

/**
 * @param {import("./turn.js").Happened} happened
 * @param {Answer} answer
 * @param {Element} question
 * @param {NonNullable<typeof reading>} mine
 */
function tell({ event, data }, answer, question, mine) {
  answer.item.classList.toggle("lost", event === "lost");
  switch (event) {
    case "start":
      begun(data, answer, question, mine);
      break;
    case "notice":
      if (data.code === "restarted") answer.restart();
      note(question, answer.item, data);
      break;
    case "token":
      answer.add(data.text);
      break;
    case "done":
      answer.end(data.finish_reason);
      thread.announce(`${answer.name}: ${answer.text}`);
      newest = data.message_id ?? newest;
      showFacts(data.turn_id, answer.facts);
      changed("conversations", data.conversation_id);
      break;
    case "error":
      answer.fail(data.message, data.retryable);
      thread.announce(data.message);
      break;
    default:
      answer.say("Connection lost. Reconnecting…");
  }
}

/**
 * @param {import("../contract.js").Start} start
 * @param {Answer} answer
 * @param {Element} question
 * @param {NonNullable<typeof reading>} mine
 */
function begun(start, answer, question, mine) {
  keepUnderWay(null);
  for (const one of thread.ofTurn(start.turn_id)) if (one !== question) one.remove(); // it arrived before a reload
  /** @type {HTMLElement} */ (question).dataset.turn = start.turn_id;
  mine.turnId = start.turn_id;
  newest = start.turn_id;
  unanswered = null;
  answer.begin(start);
  thread.announce(`${start.employee.name} is answering.`);
  changed("conversations", start.conversation_id);
  if (mine.stopping) stop();
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
  else trouble(error);
  if (thread.isEmpty()) open(null);
}

/** @param {Error} error */
function trouble(error) {
  composer.say(error.message);
  thread.announce(error.message);
}

/** @param {unknown} error */
function gone(error) {
  if (isMissing(error)) open(null);
  return { items: [{ message_id: newest }] };
}

/** @param {string | null} id */
function moveTo(id) {
  conversation = id;
  if (openConversation() !== id) history.pushState(null, "", id ? address(id) : location.pathname);
  dispatchEvent(new Event("moved"));
}
