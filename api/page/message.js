/** One message of either side, as it stands in the conversation. */

import { copyButton, el, fill } from "./dom.js";
import { badge, employee, everyone } from "./employees.js";
import { tell } from "./learned.js";
import { Sheet } from "./markdown.js";

const ENDS = /** @type {Record<string, string>} */ ({
  stopped: "You stopped this answer.",
  timeout: "Cut short: there was no more time.",
  length: "Cut short: this is as long as an answer may be.",
});

/** Notices on what was asked; the others are on the answer. */
const ON_THE_QUESTION = ["input_truncated", "input_sanitized", "pii_masked"];

/** What a model is called that is there to try things out. */
const DEMO = /\(demo\)$/;

/** @typedef {(choice?: import("./turn.js").Choice) => void} Again ask the same once more, of whom the person chooses */

/**
 * What the person said.
 * @param {{content: string, created_at?: string, turn_id?: string}} message
 * @returns {HTMLElement}
 */
export function said({ content, created_at, turn_id }) {
  const text = el("p.words", { dir: "auto" }, content);
  return el("article.mine", { "aria-label": "You", "data-turn": turn_id }, text, el("div.notices"), time(created_at));
}

/**
 * Add what the person should know, where it belongs.
 * @param {Element | null} question null: it is not shown
 * @param {Element} answer
 * @param {import("../contract.js").Notice} notice
 */
export function note(question, answer, notice) {
  const message = question && ON_THE_QUESTION.includes(notice.code) ? question : answer;
  message.querySelector(".notices")?.append(el(`p.notice.${notice.code}`, {}, notice.message));
}

/** An answer, which may still be growing. */
export class Answer {
  /** @param {Again | null} again null: nobody knows any more what the question was */
  constructor(again) {
    this.again = again;
    this.text = "";
    this.who = el("header.beside");
    this.body = el("div.sheet");
    this.state = el("p.state", {}, "Finding who answers best…");
    this.foot = el("footer");
    this.facts = el("div.facts");
    this.item = el("article.answer.thinking", { "aria-busy": "true" }, this.who, el("div.notices"), this.body, this.state, this.foot, this.facts);
    this.sheet = new Sheet(this.body);
    this.frame = 0;
  }

  /**
   * One that was given before.
   * @param {import("../contract.js").Message} message as the conversation keeps it
   * @param {Element | null} question what it answers, where that is shown
   * @param {Again | null} again
   */
  static given(message, question, again) {
    const answer = new Answer(again);
    answer.item.dataset.turn = message.turn_id;
    answer.by(employee(message.employee), message.route, message.model);
    for (const notice of message.notices) note(question, answer.item, notice);
    answer.text = message.content;
    answer.end(message);
    tell(answer.facts, message);
    return answer;
  }

  /**
   * Somebody is going to answer.
   * @param {import("../contract.js").Start} start
   */
  begin({ turn_id, employee: who, route, model }) {
    this.item.dataset.turn = turn_id;
    this.by(who, route, model);
    this.say(`${who.name} is thinking…`);
  }

  /**
   * @param {import("./employees.js").Face} who
   * @param {import("../contract.js").Route | null} route null: nobody knows any more why
   * @param {string | null} model
   */
  by(who, route, model) {
    this.name = who.name;
    this.slug = who.slug;
    const why = route && `${route.reason} · ${Math.round(route.confidence * 100)}\u00a0%\u00a0sure`;
    this.item.classList.add(`of-${who.slug}`);
    this.item.setAttribute("aria-label", `${who.name}, ${who.title}`);
    fill(this.who, badge(who), el("div", {}, el("h2", {}, who.name), el("span.title", {}, who.title)), why && el("div.why", {}, why));
    if (DEMO.test(model ?? "")) note(null, this.item, { code: "demo", message: "A small model wrote this, to try things out with: do not rely on it." });
  }

  /** @param {string} text the next piece */
  add(text) {
    this.text += text;
    this.item.classList.remove("thinking");
    this.say("");
    this.frame ||= requestAnimationFrame(() => this.paint());
  }

  /** What was said so far is taken back. */
  restart() {
    this.text = "";
    this.paint();
  }

  /** @param {string} text what is going on; empty: nothing but the answer itself */
  say(text) {
    this.state.textContent = text;
    this.state.hidden = !text;
  }

  paint() {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    this.sheet.show(this.text);
  }

  /**
   * The answer is complete.
   * @param {{finish_reason: string | null, fallback: boolean, model: string | null, created_at?: string}} known
   */
  end({ finish_reason, fallback, model, created_at }) {
    this.settle();
    this.say(ENDS[finish_reason ?? ""] ?? "");
    if (!DEMO.test(model ?? "")) this.item.querySelector(".notice.demo")?.remove();
    const again = finish_reason === "blocked" ? null : this.again; // whoever is asked, it is refused
    const asks = again ? [el("button.quiet", { type: "button", onclick: () => again() }, "Retry"), ...this.others(again)] : [];
    const by = fallback ? "prepared reply" : model;
    fill(this.foot, this.text && copyButton(() => this.text), ...asks, el("span.meta", {}, by && el("span.model", {}, by), time(created_at)));
  }

  /**
   * There will be no answer, or no more of it.
   * @param {string} message
   * @param {boolean} retryable
   */
  fail(message, retryable) {
    this.settle();
    this.say(message);
    this.item.classList.add("failed");
    fill(this.foot, retryable && this.again && el("button", { type: "button", onclick: () => this.again?.() }, "Try again"));
  }

  settle() {
    this.item.classList.remove("thinking", "lost");
    this.item.removeAttribute("aria-busy");
    this.paint();
  }

  /**
   * A button that offers everyone.
   * @param {Again} again
   * @returns {[HTMLElement, HTMLElement]} the button, and what it opens
   */
  others(again) {
    const button = el("button.quiet.more", { type: "button", "aria-expanded": "false", onclick: () => open(list.hidden === true) }, "Ask another");
    const open = (/** @type {boolean} */ wanted) => {
      list.hidden = !wanted;
      button.setAttribute("aria-expanded", String(wanted));
    };
    const choose = (/** @type {string} */ slug) => {
      open(false);
      again(slug === this.slug ? { employee: slug } : { employee: slug, instead_of: this.item.dataset.turn });
    };
    const list = el("ul.choices", { hidden: true, onkeydown: (/** @type {KeyboardEvent} */ event) => {
      if (event.key !== "Escape") return;
      open(false);
      button.focus();
    } }, ...everyone().map((one) => el("li", {}, el("button.choice.beside", {
      type: "button", "aria-label": `${one.name}, ${one.title}`, onclick: () => choose(one.slug),
    }, badge(one), one.name, el("small", {}, one.title)))));
    return [button, list];
  }
}

/** @param {string} [at] */
function time(at) {
  const date = at ? new Date(at) : new Date();
  const today = date.toDateString() === new Date().toDateString();
  const shown = date.toLocaleString(undefined, today ? { timeStyle: "short" } : { dateStyle: "medium", timeStyle: "short" });
  return el("time", { datetime: date.toISOString() }, shown);
}
