/** What tools do for an answer: a line while one runs, then what it found, and what the user is asked to accept. */

import "./finance-assets.js";
import { markFigures } from "./answer-figures.js";
import { announce, el, syncChildren } from "./dom.js";
import { formatFigure } from "./money.js";
import { proposalCard } from "./proposals.js";
import { openReference } from "./reference-panel.js";
import { translatedResult } from "./result-texts.js";
import { icon } from "./svg.js";
import { knownText, textOf } from "./texts.js";

/** @typedef {import("../contract.js").ToolCall} ToolCall */
/** @typedef {import("../contract.js").ToolResult} ToolResult */

/** Figures that a result shows of itself. */
const MOST_FIGURES = 2;

/**
 * Show the calls of an answer as they are now.
 * @param {import("./message.js").Answer} answer
 */
export function showCalls(answer) {
  const { calls, element, tools, body, unverified } = answer;
  const running = element.hasAttribute("aria-busy");
  const state = (/** @type {ToolCall | ToolResult} */ call) => isResult(call) ? "result" : running ? "runs" : "ended";
  syncChildren(tools, calls, (call) => `${call.call_id} ${state(call)}`, (call) => item(call, running), () => {});
  const last = calls.at(-1);
  if (running && last && !isResult(last)) announce(`${callText(last)} …`);
  showProposals(body, calls.filter(isResult));
  if (!running) {
    const results = calls.filter(isResult);
    markFigures(body, results, unverified, open);
    showUnverified(tools, unverified);
  }
}

/**
 * @param {ToolCall | ToolResult} call
 * @returns {call is ToolResult}
 */
function isResult(call) {
  return "row_count" in call;
}

/**
 * @param {ToolCall | ToolResult} call
 * @param {boolean} running
 */
function item(call, running) {
  if (!isResult(call)) return el(running ? "p.tool-call.running" : "p.tool-call", {}, icon("search"), el("span", {}, running ? `${callText(call)} …` : textOf("toolEnded", { call: callText(call) })));
  if (!call.reference_id) return el("p.tool-call", {}, icon("info"), el("span", {}, textOf("notComputed")));
  const { words, figures, row_count } = translatedResult(call);
  return el("div", {}, el("button.result", { type: "button", "aria-haspopup": "dialog", onclick: () => open(call) },
    icon("chart"), el("span.result-words", { dir: "auto" }, words),
    ...figures.slice(0, MOST_FIGURES).map(figureOf),
    el("span.small", {}, textOf("rows", { count: row_count }))));
}

/**
 * Show what the user is asked to accept, below the text.
 * @param {HTMLElement} body
 * @param {ToolResult[]} results
 */
function showProposals(body, results) {
  const proposed = results.filter(({ proposal_id }) => proposal_id);
  const before = body.parentElement?.querySelector(".proposals");
  if (!proposed.length) return before?.remove();
  const place = before ?? el("div.proposals");
  if (!place.isConnected) body.after(place);
  syncChildren(place, proposed, (result) => String(result.proposal_id), (result) => proposalCard(String(result.proposal_id), result), () => {});
  return undefined;
}

/** @param {import("../contract.js").Figure} figure with its name, where it could be any number */
function figureOf(figure) {
  const name = el(figure.currency ? "span.visually-hidden" : "span.figure-name", {}, `${figure.name}: `);
  return el("span.result-figure", {}, name, formatFigure(figure));
}

/** @param {ToolCall} call */
function callText({ tool }) {
  return knownText(`tool_${tool}`) ?? textOf("toolRuns");
}

/** @param {ToolResult} result */
function open(result) {
  openReference(/** @type {string} */ (result.reference_id));
}

/**
 * Name the figures that no tool computed once more, where nobody has to find them.
 * @param {Element} tools
 * @param {string[]} figures
 */
function showUnverified(tools, figures) {
  const answer = tools.closest("article");
  if (!figures.length || !answer || answer.querySelector(".unverified-list")) return;
  answer.querySelector(".markdown")?.after(el("p.unverified-list.small", {}, icon("info"), el("span", {}, textOf("unverifiedList", { figures: figures.join(", ") }))));
}
