/** The side panel with one turn: numbers, the time of each step, and for administrators, logged, what was said. */

import { byId, el, openModal, setChildren, setText } from "./dom.js";
import { employeeBySlug } from "./employees.js";
import { formatDuration, formatInteger, formatDateTime } from "./format.js";
import { NetworkError, Problem, requestJson } from "./http.js";
import { icon } from "./svg.js";
import { knownText, routeReason, textOf } from "./texts.js";

/** @typedef {import("../contract.js").TurnDetails} TurnDetails */

/** In the order in which they happen. */
const STEPS = /** @type {const} */ (["guard", "wait", "route", "memory", "model"]);

const panel = byId("turn-panel");
const status = el("p", { role: "status" });
const body = el("div.stack");
/**
 * Open the panel with this turn.
 * @param {string} turnId
 * @param {boolean} ofAll whether the user is an administrator, who may look at what was said
 */
export async function openTurn(turnId, ofAll) {
  setText(status, textOf("loading"));
  setChildren(body);
  setChildren(panel,
    el("header", {}, el("h2", { id: "turn-panel-title" }, textOf("turn")), el("button.icon", { type: "button", "aria-label": textOf("close"), onclick: () => panel.close() }, icon("close"))),
    status, body);
  openModal(panel);
  try {
    const turn = await requestJson(`/turns/${turnId}/metrics`);
    setText(status, "");
    setChildren(body, numbers(turn), steps(turn), ofAll && content(turn));
  } catch (error) {
    showError(error);
  }
}

/** @param {TurnDetails} turn */
function numbers(turn) {
  const code = turn.error_code;
  /** @type {[string, string | null][]} */
  const fields = [
    [textOf("time"), formatDateTime(turn.created_at)],
    [textOf("employee"), employeeBySlug(turn.employee).name],
    [textOf("outcome"), textOf(`outcome_${turn.outcome}`)],
    [textOf("error"), code && [code, knownText(`error_${code}`)].filter(Boolean).join(": ")],
    [textOf("latency"), formatDuration(turn.latency_ms)],
    [textOf("firstToken"), formatDuration(turn.ttft_ms)],
    [textOf("attempts"), formatInteger(turn.attempts)],
    [textOf("model"), turn.model],
    [textOf("promptVersion"), turn.prompt_version],
    [textOf("promptTokens"), tokens(turn.prompt_tokens, turn.prompt_tokens_est)],
    [textOf("cachedTokens"), turn.cached_tokens === null ? null : formatInteger(turn.cached_tokens)],
    [textOf("completionTokens"), tokens(turn.completion_tokens, turn.completion_tokens_est)],
    [textOf("backgroundTokens"), turn.background_model === null ? null : formatInteger((turn.background_prompt_tokens ?? 0) + (turn.background_completion_tokens ?? 0))],
    [textOf("turnsInRow"), turn.times > 1 ? formatInteger(turn.times) : null],
    [textOf("traceId"), turn.trace_id],
    [textOf("turnId"), turn.turn_id],
  ];
  return el("dl.fields", {}, ...fields.flatMap(([name, value]) => value === null ? [] : [el("dt", {}, name), el("dd", {}, value)]));
}

/** @param {TurnDetails} turn */
function steps(turn) {
  const times = STEPS.map((step) => ({ name: textOf(`step_${step}`), ms: turn.timing?.[`${step}_ms`] ?? null }));
  if (turn.ttft_ms !== null) times.push({ name: textOf("step_writing"), ms: turn.latency_ms - turn.ttft_ms });
  if (times.every(({ ms }) => ms === null)) return el("p.small", {}, textOf("noSteps"));
  return el("section", { "aria-labelledby": "steps-title" }, el("h3", { id: "steps-title" }, textOf("steps")),
    el("ol.steps", {}, ...times.map(({ name, ms }) => step(name, ms, Math.max(turn.latency_ms, 1)))));
}

/**
 * @param {string} name
 * @param {number | null} ms
 * @param {number} whole
 */
function step(name, ms, whole) {
  const bar = el("span");
  bar.style.inlineSize = `${Math.min(100, (100 * (ms ?? 0)) / whole)}%`;
  return el("li", {}, el("span.name", {}, name), " ", el("span.count", {}, formatDuration(ms === null ? null : Math.round(ms))), el("span.bar", { "aria-hidden": "true" }, bar));
}

/** @param {TurnDetails} turn */
function content({ turn_id, employee }) {
  const said = el("div.stack", { "aria-live": "polite" });
  const button = el("button", {
    type: "button",
    onclick: async () => {
      button.disabled = true;
      try {
        const { message, answer, reason, ...route } = await requestJson(`/turns/${turn_id}/content`, { method: "POST" });
        const why = reason && routeReason({ reason, ...route }, employeeBySlug(employee));
        setText(status, "");
        setChildren(said, ...[["message", message], ["answer", answer], ["routeBecause", why]].flatMap(([key, text]) =>
          text ? [el("h3", {}, textOf(/** @type {"message" | "answer" | "routeBecause"} */ (key))), el("p.said", { dir: "auto" }, text)] : []));
        button.hidden = true;
        panel.focus();
      } catch (error) {
        button.disabled = false;
        showError(error);
      }
    },
  }, textOf("showContent"));
  return el("section.stack", { "aria-label": textOf("whatWasSaid") }, el("p.small", {}, textOf("contentNote")), button, said);
}

/**
 * @param {number | null} counted
 * @param {number} estimated
 */
function tokens(counted, estimated) {
  return counted === null ? textOf("about", { number: formatInteger(estimated) }) : formatInteger(counted);
}

/** @param {unknown} error */
function showError(error) {
  if (!(error instanceof Problem || error instanceof NetworkError)) throw error;
  setText(status, error.message);
}
