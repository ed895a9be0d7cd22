/** The turn that is being answered: applies its events to the question and the answer on the page. */

import { showComposerError } from "./composer.js";
import { announce } from "./dom.js";
import { requestJson } from "./http.js";
import { pollFacts } from "./facts.js";
import { USER_MESSAGE_NOTICES, addNotice } from "./message.js";
import { itemsOfTurn, loadNewestMessage } from "./message-list.js";
import { notifyChange, savePending } from "./tab-state.js";
import { markUnseen } from "./tab-title.js";
import { serverText, textOf } from "./texts.js";
import { getVersions, setVersions } from "./version-switch.js";

export class ActiveTurn {
  /**
   * @param {string} conversation
   * @param {HTMLElement} question
   * @param {import("./message.js").Answer} answer
   * @param {(messageId: string) => void} onNewest called with the id of the newest message
   */
  constructor(conversation, question, answer, onNewest) {
    this.conversation = conversation;
    this.question = question;
    this.answer = answer;
    this.onNewest = onNewest;
    this.controller = new AbortController();
    /** @type {string | null} null until the turn has started */
    this.turnId = null;
    this.stopping = false;
    /** Whether another message, which is not on the page, is answered first. */
    this.queued = false;
    /** @type {(turnId: string) => void} called when it starts */
    this.onStart = (turnId) => setVersions(question, getVersions(question, turnId));
  }

  /** Stop the answer; if the turn has not started yet, as soon as it does. */
  async stop() {
    this.stopping = true;
    if (!this.answer.text) this.answer.setStatus(textOf("stopping"));
    if (this.turnId) await requestJson(`/turns/${this.turnId}/stop`, { method: "POST" }).catch(showComposerError);
  }

  /** @param {import("./event-stream.js").TurnUpdate} update */
  handle({ event, data }) {
    const { answer } = this;
    const alreadyDisconnected = answer.element.classList.contains("disconnected");
    answer.element.classList.toggle("disconnected", event === "disconnected");
    switch (event) {
      case "start":
        this.handleStart(data);
        break;
      case "notice":
        if (data.code === "restarted") answer.restart();
        addNotice(this.question, answer.element, data);
        if (USER_MESSAGE_NOTICES.includes(data.code)) this.showStored();
        break;
      case "token":
        answer.append(data.text);
        break;
      case "tool_call":
      case "tool_result":
        answer.setCall(data);
        break;
      case "done":
        this.handleDone(data);
        markUnseen();
        break;
      case "error":
        answer.fail(serverText(data.code, data.message), data.retryable);
        announce(serverText(data.code, data.message));
        markUnseen();
        break;
      case "slow":
        this.handleSlow();
        break;
      default:
        answer.setStatus(textOf("reconnecting"));
        if (!alreadyDisconnected) announce(textOf("reconnecting"));
    }
  }

  /** @param {import("../contract.js").Start} start */
  handleStart(start) {
    savePending(null);
    for (const item of itemsOfTurn(start.turn_id)) if (item !== this.question) item.remove(); // it had arrived before a reload
    this.turnId = start.turn_id;
    this.onStart(start.turn_id);
    this.onNewest(start.turn_id);
    this.answer.start(start);
    announce(textOf("isAnswering", { name: start.employee.name }));
    notifyChange("conversations", start.conversation_id);
    if (this.stopping) this.stop();
  }

  /** Show the question as it is stored: cleaned, cut, and without what was masked. */
  async showStored() {
    const turn = await requestJson(`/turns/${this.turnId}`).catch(() => null);
    const text = this.question.querySelector(".plain-text");
    if (turn && text) text.textContent = turn.message;
  }

  /** @param {import("../contract.js").Done} done */
  handleDone(done) {
    this.answer.keepResults(done.references);
    this.answer.finish(done);
    announce(textOf("hasAnswered", { name: this.answer.name ?? "", answer: this.answer.body.innerText }));
    if (done.message_id) { // null for replies of the guard, which are not stored
      this.onNewest(done.message_id);
      this.answer.element.dataset.message = done.message_id;
      pollFacts(done.turn_id, this.answer.facts);
    } else delete this.question.dataset.turn; // it cannot be edited either
    notifyChange("conversations", done.conversation_id);
  }

  /** Say what the message is waiting for. */
  async handleSlow() {
    this.answer.setStatus(textOf(this.stopping ? "stoppingLater" : "waitingForServer"));
    const newest = await loadNewestMessage(this.conversation).catch(() => null);
    const isOwn = newest?.content === this.question.querySelector(".plain-text")?.textContent; // it has arrived, the response was lost
    const turn = newest?.role === "user" && !isOwn ? await requestJson(`/turns/${newest.turn_id}`).catch(() => null) : null;
    if (turn?.status !== "running" || this.turnId || this.stopping) return;
    this.queued = true;
    this.answer.setStatus(textOf("waitingForPrevious"));
  }
}
