/** An answer on its way to the page: from the message that is sent to the last word. */

import * as composer from "./composer.js";
import { newestOf } from "./history.js";
import { json } from "./http.js";
import { showFacts } from "./learned.js";
import { note } from "./message.js";
import { keepUnderWay } from "./remembered.js";
import { changed } from "./tabs.js";
import * as thread from "./thread.js";

/** Follows what happens, and shows it. */
export class Reading {
  /**
   * @param {string} conversation
   * @param {HTMLElement} question as it stands on the page
   * @param {import("./message.js").Answer} answer
   * @param {(messageId: string) => void} seen is told which message is the newest now
   */
  constructor(conversation, question, answer, seen) {
    this.conversation = conversation;
    this.question = question;
    this.answer = answer;
    this.seen = seen;
    this.control = new AbortController();
    /** @type {string | null} */
    this.turnId = null;
    this.stopping = false;
    /** Whether another answer, which this page knows nothing of, comes before it. */
    this.behind = false;
  }

  /** Stop the answer. */
  async stop() {
    this.stopping = true; // before it has begun nobody knows what to stop
    if (!this.answer.text) this.answer.say("Stopping…");
    if (this.turnId) await json(`/turns/${this.turnId}/stop`, { method: "POST" }).catch(composer.trouble);
  }

  /** @param {import("./turn.js").Happened} happened */
  tell({ event, data }) {
    const { answer } = this;
    const known = answer.item.classList.contains("lost");
    answer.item.classList.toggle("lost", event === "lost");
    switch (event) {
      case "start":
        this.begun(data);
        break;
      case "notice":
        if (data.code === "restarted") answer.restart();
        note(this.question, answer.item, data);
        break;
      case "token":
        answer.add(data.text);
        break;
      case "done":
        this.ended(data);
        break;
      case "error":
        answer.fail(data.message, data.retryable);
        thread.announce(data.message);
        break;
      case "slow":
        this.waits();
        break;
      default:
        answer.say("Connection lost. Reconnecting…");
        if (!known) thread.announce("Connection lost. Reconnecting…");
    }
  }

  /** @param {import("../contract.js").Start} start */
  begun(start) {
    keepUnderWay(null);
    for (const one of thread.ofTurn(start.turn_id)) if (one !== this.question) one.remove(); // it arrived before a reload
    this.question.dataset.turn = start.turn_id;
    this.turnId = start.turn_id;
    this.seen(start.turn_id);
    this.answer.begin(start);
    thread.announce(`${start.employee.name} is answering.`);
    changed("conversations", start.conversation_id);
    if (this.stopping) this.stop();
  }

  /** @param {import("../contract.js").Done} done */
  ended(done) {
    this.answer.end(done);
    thread.announce(`${this.answer.name}: ${this.answer.body.innerText}`);
    if (done.message_id) { // what the guard says is not kept
      this.seen(done.message_id);
      showFacts(done.turn_id, this.answer.facts);
    }
    changed("conversations", done.conversation_id);
  }

  /** Say why it does not begin, as far as that can be told. */
  async waits() {
    this.answer.say(this.stopping ? "Stopping as soon as it begins…" : "Still waiting for the server…");
    const before = await newestOf(this.conversation).catch(() => null);
    const mine = before?.content === this.question.querySelector(".words")?.textContent; // it has arrived, and no word came back
    const turn = before?.role === "user" && !mine ? await json(`/turns/${before.turn_id}`).catch(() => null) : null;
    if (turn?.status !== "running" || this.turnId || this.stopping) return;
    this.behind = true;
    this.answer.say("Waiting until the message before this one is answered…");
  }
}
