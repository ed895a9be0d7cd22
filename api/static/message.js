/** One message: the user's, or an employee's answer, which may still be streaming. */

import { copyButton, el, setChildren } from "./dom.js";
import { badge, employeeBySlug } from "./employees.js";
import { MarkdownView } from "./markdown.js";
import { showFacts } from "./facts.js";
import { icon } from "./svg.js";
import { knownText, locale, routeReason, serverText, textOf, translated } from "./texts.js";
import { answerSwitch, keepVersions, setVersions, withVersions } from "./version-switch.js";

/** @typedef {import("./version-switch.js").Versions} Versions */

const percentFormat = new Intl.NumberFormat(locale, { style: "percent" });

/** Notices about the user's message; all others are about the answer. */
export const USER_MESSAGE_NOTICES = ["input_truncated", "input_sanitized", "pii_masked"];

/** The icons of notices; the others have that of an information. */
const NOTICE_ICONS = /** @type {Partial<Record<import("../contract.js").Notice["code"], import("./svg.js").IconName>>} */ ({
  pii_masked: "shield", restarted: "retry", input_truncated: "warning", fallback: "warning", filtered: "warning", demo: "warning",
  memory_unavailable: "warning", rate_limit_unavailable: "warning",
});

/** The highest confidence that is shown: no guess is certain, and a rounded one would say so. */
const MOST_CONFIDENT = 0.99;

/** The names of demo models end like this. */
const DEMO_MODEL = /\(demo\)$/;

/** Finish reasons of answers that can be continued. */
const CUT = ["length", "timeout", "stopped"];

/**
 * The user's message.
 * @param {{content: string, created_at?: string} & Partial<Versions>} message
 * @returns {HTMLElement}
 */
export function userMessage({ content, created_at, turn_id, versions, questions }) {
  const text = el("p.plain-text", { dir: "auto" }, content);
  const tools = el("div.tools", {}, el("span.switch"),
    el("button.icon.edit", { type: "button", "aria-label": textOf("editMessage"), title: textOf("edit"), onclick: () => withVersions((module) => module.editMessage(item)) }, icon("pencil")),
    timestamp(created_at));
  const item = el("article.user-message", { "aria-label": textOf("you") }, text, el("div.notices"), tools);
  if (turn_id) setVersions(item, { turn_id, versions: versions ?? [turn_id], questions: questions ?? [turn_id] });
  return item;
}

/**
 * Show a notice beside the message it is about, the same one once.
 * @param {Element | null} question null: not on the page
 * @param {Element} answer
 * @param {import("../contract.js").Notice} notice
 */
export function addNotice(question, answer, notice) {
  const message = question && USER_MESSAGE_NOTICES.includes(notice.code) ? question : answer;
  const element = el(`p.notice.${notice.code}`, {}, icon(NOTICE_ICONS[notice.code] ?? "info"), el("span", {}, serverText(notice.code, notice.message)));
  message.querySelector(`.notice.${notice.code}`)?.remove();
  message.querySelector(".notices")?.append(element);
}

/** An employee's answer. */
export class Answer {
  constructor() {
    this.text = "";
    /** @type {Versions | null} null: it is the only one */
    this.versions = null;
    /** @type {string | null} why the turn has failed */
    this.failure = null;
    /** @type {(import("../contract.js").ToolCall | import("../contract.js").ToolResult)[]} what tools do for it, in order */
    this.calls = [];
    /** @type {string[]} its figures that no tool computed */
    this.unverified = [];
    this.header = el("header.with-badge");
    this.tools = el("div.tool-results");
    this.body = el("div.markdown");
    this.status = el("p.status", {}, textOf("choosingEmployee"));
    this.footer = el("footer");
    this.facts = el("div.facts");
    this.element = el("article.answer.thinking", { "aria-busy": "true" },
      this.header, el("div.notices"), this.tools, this.body, this.status, this.footer, this.facts);
    this.markdown = new MarkdownView(this.body);
    this.frame = 0;
  }

  /**
   * A complete answer from the conversation's history.
   * @param {import("../contract.js").Message} message
   * @param {Element | null} question null: not on the page
   */
  static fromMessage(message, question) {
    const answer = new Answer();
    answer.versions = message;
    keepVersions(answer.element, message);
    answer.element.dataset.turn = message.turn_id;
    answer.element.dataset.message = message.message_id;
    answer.setEmployee(employeeBySlug(message.employee), message.route, message.model);
    for (const notice of message.notices) addNotice(question, answer.element, notice);
    answer.text = message.content;
    answer.calls = message.tools ?? []; // a server of the release before has none
    answer.finish(message);
    showFacts(answer.facts, message);
    return answer;
  }

  /**
   * What stands in the place of an answer that there is not.
   * @param {Versions} question
   */
  static missing(question) {
    const answer = new Answer();
    answer.versions = question;
    answer.element.dataset.turn = question.turn_id;
    answer.fail(textOf("notAnswered"), true);
    return answer;
  }

  /**
   * The turn has started.
   * @param {import("../contract.js").Start} start
   */
  start({ turn_id, employee, route, model }) {
    this.element.dataset.turn = turn_id;
    this.setEmployee(translated(employee), route, model);
    this.setStatus(textOf("isThinking", { name: employee.name }));
  }

  /**
   * @param {import("./employees.js").EmployeeProfile} employee
   * @param {import("../contract.js").Route | null} route null: not known
   * @param {string | null} model
   */
  setEmployee(employee, route, model) {
    this.name = employee.name;
    this.slug = employee.slug;
    const why = route && routeReason(route, employee);
    const reason = why && route.decided_by === "topic" ? textOf("routeReason", { reason: why, confidence: percentFormat.format(Math.min(route.confidence, MOST_CONFIDENT)) }) : why;
    this.element.classList.add(`employee-${employee.slug}`);
    this.element.setAttribute("aria-label", `${employee.name}, ${employee.title}`);
    setChildren(this.header, badge(employee), el("div", {}, el("h2", {}, employee.name), el("span.job-title", {}, employee.title)),
      reason && el("div.route-reason", {}, reason, " ", route?.runner_up && this.askInstead(route.runner_up)));
    if (DEMO_MODEL.test(model ?? "")) addNotice(null, this.element, { code: "demo", message: textOf("demoModel") });
  }

  /**
   * A button that has the next best employee answer.
   * @param {string} slug
   */
  askInstead(slug) {
    const { name } = employeeBySlug(slug);
    return el("button.quiet.runner-up", { type: "button", onclick: () => this.askEmployee(slug) }, icon("people"), textOf("askInstead", { name }));
  }

  /**
   * Have an employee answer the same question.
   * @param {string} slug another one than before: the choice was wrong
   */
  askEmployee(slug) {
    this.askAgain(slug === this.slug ? { employee: slug } : { employee: slug, instead_of: this.turnId });
  }

  /** @param {string} text the next token */
  append(text) {
    this.text += text;
    this.frame ||= requestAnimationFrame(() => this.render());
  }

  /** Discard the text so far: the answer starts over. */
  restart() {
    this.text = "";
    this.render();
  }

  /** @param {import("../contract.js").ToolCall | import("../contract.js").ToolResult} call takes the place of what is known of it */
  setCall(call) {
    this.calls = [...this.calls.filter(({ call_id }) => call_id !== call.call_id), call];
    this.showCalls();
  }

  /** @param {string[]} references results of this answer; others were of one that broke off */
  keepResults(references) {
    this.calls = this.calls.filter((call) => !("reference_id" in call && call.reference_id) || references.includes(call.reference_id));
  }

  /** Show what tools found, and which figures of the text are theirs. */
  showCalls() {
    if (this.calls.length || this.unverified.length || this.tools.firstChild) import("./tool-results.js").then(({ showCalls }) => showCalls(this), () => {}); // without it, the text
  }

  /** @param {string} text empty: hide the status */
  setStatus(text) {
    this.status.textContent = text;
    this.status.hidden = !text;
  }

  /** @param {boolean} [complete] */
  render(complete = false) {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    if (this.text) { // not before it is shown, or the page would shrink for a moment
      this.element.classList.remove("thinking");
      this.setStatus("");
    }
    this.markdown.render(this.text, complete);
  }

  /**
   * The answer is complete.
   * @param {{finish_reason: string | null, fallback: boolean, model: string | null, message_id: string | null, unverified?: string[], created_at?: string, feedback?: import("../contract.js").Feedback | null}} result
   *   no `message_id`: a reply that is not stored
   */
  finish({ finish_reason, fallback, model, message_id, unverified = [], created_at, feedback }) {
    if (model === "guard") this.text = serverText("blocked", this.text);
    this.unverified = unverified;
    this.stopStreaming();
    this.setStatus(knownText(`finish_${finish_reason}`) ?? "");
    if (!DEMO_MODEL.test(model ?? "")) this.element.querySelector(".notice.demo")?.remove();
    const cut = Boolean(this.text) && CUT.includes(finish_reason ?? "");
    const again = finish_reason === "blocked" ? [] // it would be blocked again
      : [el("button.quiet", { type: "button", onclick: () => this.askAgain() }, icon("retry"), textOf("retry")), el("button.quiet.menu-toggle", { type: "button", "aria-expanded": "false", onclick: (/** @type {Event} */ event) => withVersions((module) => module.toggleEmployees(this, event)) }, icon("people"), textOf("askAnother"))];
    const source = fallback ? textOf(model === "prepared" ? "preparedAnswer" : model === "computed" ? "computedAnswer" : "preparedReply") : model;
    setChildren(this.footer, answerSwitch(this.versions), cut && el("button.go-on", { type: "button", onclick: () => this.goOn() }, textOf("continue")),
      this.text && copyButton(() => this.text), ...again,
      el("span.meta", {}, source && el("span.model", {}, source), timestamp(created_at)));
    if (message_id) import("./feedback.js").then(({ addFeedback }) => addFeedback(this, feedback), () => {}); // without it, no rating
  }

  /**
   * The turn has failed.
   * @param {string} message
   * @param {boolean} retryable
   */
  fail(message, retryable) {
    this.failure = message;
    this.stopStreaming();
    this.setStatus(message);
    this.element.classList.add("failed");
    setChildren(this.footer, answerSwitch(this.versions), retryable && el("button", { type: "button", onclick: () => this.askAgain() }, textOf("tryAgain")));
  }

  /**
   * Have the question answered once more.
   * @param {import("./event-stream.js").EmployeeChoice} [choice]
   */
  askAgain(choice = {}) {
    withVersions((module) => module.regenerate(this.turnId, choice));
  }

  /** Have a cut answer written to its end. */
  goOn() {
    withVersions((module) => module.goOn(this.turnId));
  }

  get turnId() {
    return /** @type {string} */ (this.element.dataset.turn);
  }

  stopStreaming() {
    this.element.classList.remove("thinking", "disconnected");
    this.element.removeAttribute("aria-busy");
    this.render(true);
    this.showCalls();
  }
}

/** @param {string} [createdAt] now, if not given */
function timestamp(createdAt) {
  const date = createdAt ? new Date(createdAt) : new Date();
  const today = date.toDateString() === new Date().toDateString();
  const style = /** @type {Intl.DateTimeFormatOptions} */ (today ? { timeStyle: "short" } : { dateStyle: "medium", timeStyle: "short" });
  return el("time", { datetime: date.toISOString() }, date.toLocaleString(locale, style));
}
