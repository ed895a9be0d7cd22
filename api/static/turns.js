/** Turns that failed or were slow, in a table whose rows open a turn in a side panel. */

import { csvButton } from "./csv.js";
import { byId, el, setText, syncChildren } from "./dom.js";
import { employeeBySlug } from "./employees.js";
import { formatDuration, formatInteger, formatDateTime } from "./format.js";
import { requestJson } from "./http.js";
import { textOf } from "./texts.js";
import { openTurn } from "./turn-panel.js";

/** @typedef {import("../contract.js").TurnSummary} TurnSummary */

/** @type {{name: string, value: (turn: TurnSummary) => string}[]} */
const COLUMNS = [
  { name: textOf("employee"), value: ({ employee }) => employeeBySlug(employee).name },
  { name: textOf("outcome"), value: ({ outcome }) => textOf(`outcome_${outcome}`) },
  { name: textOf("error"), value: ({ error_code }) => error_code ?? "–" },
  { name: textOf("latency"), value: ({ latency_ms }) => formatDuration(latency_ms) },
  { name: textOf("firstToken"), value: ({ ttft_ms }) => formatDuration(ttft_ms) },
  { name: textOf("tokens"), value: tokensOf },
  { name: textOf("attempts"), value: ({ attempts }) => formatInteger(attempts) },
  { name: textOf("model"), value: ({ model }) => model },
];

const card = /** @type {HTMLDetailsElement} */ (byId("turn-list"));
const order = el("select", { "aria-label": textOf("show") }, el("option", { value: "failed" }, textOf("failedTurns")), el("option", { value: "slow" }, textOf("slowTurns")));
const empty = el("p.small");
const rows = el("tbody");
const table = el("div.scroll", { tabindex: 0, role: "region", "aria-label": textOf("turnList") }, el("table", {},
  el("caption.visually-hidden", {}, textOf("turnList")),
  el("thead", {}, el("tr", {}, ...[textOf("time"), ...COLUMNS.map(({ name }) => name)].map((name) => el("th", { scope: "col" }, name)))),
  rows));
let ofAll = false;

card.append(
  el("div.card-tools", {}, order, csvButton(() => order.value === "slow" ? "slow_turns" : "failed_turns", textOf("turnList"))),
  empty, table);

/** @param {() => void} onChange called when turns are to be loaded */
export function initTurns(onChange) {
  card.addEventListener("toggle", () => { if (card.open) onChange(); });
  order.addEventListener("change", onChange);
}

/**
 * Load and show the turns, if they are open.
 * @param {string} query
 * @param {{signal: AbortSignal, timeout: number}} options
 */
export async function refreshTurns(query, options) {
  if (!card.open) return;
  const { items, scope } = await requestJson(`/turns?order=${order.value}&${query}`, options);
  if (options.signal.aborted) return;
  ofAll = scope === "all";
  setText(empty, items.length ? "" : textOf("noSuchTurns"));
  table.hidden = !items.length;
  syncChildren(rows, items, ({ turn_id }) => turn_id, createRow, (row, turn) => {
    COLUMNS.forEach(({ value }, index) => setText(row.children[index + 1], value(turn)));
  });
}

/** @param {TurnSummary} turn */
function createRow({ turn_id, created_at }) {
  const time = formatDateTime(created_at);
  return el("tr", {},
    el("th", { scope: "row" }, el("button.link", { type: "button", "aria-label": textOf("openTurn", { time }), onclick: () => openTurn(turn_id, ofAll) }, time)),
    ...COLUMNS.map(() => el("td")));
}

/** @param {TurnSummary} turn counted by the model, or estimated */
function tokensOf({ prompt_tokens, completion_tokens, prompt_tokens_est, completion_tokens_est }) {
  return prompt_tokens === null || completion_tokens === null
    ? textOf("about", { number: formatInteger(prompt_tokens_est + completion_tokens_est) })
    : formatInteger(prompt_tokens + completion_tokens);
}
