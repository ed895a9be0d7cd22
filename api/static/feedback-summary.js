/** Feedback on the dashboard: ratings by employee, and the answers that were rated down. */

import { byId, el, setText, syncChildren } from "./dom.js";
import { badge, employeeBySlug } from "./employees.js";
import { formatDateTime, formatInteger, formatShare } from "./format.js";
import { requestJson } from "./http.js";
import { textOf } from "./texts.js";
import { openTurn } from "./turn-panel.js";

/** @typedef {import("../contract.js").FeedbackPage} FeedbackPage */

/** Bad answers that are listed. */
const LISTED = 50;

const card = /** @type {HTMLDetailsElement} */ (byId("feedback"));
const rates = el("ul.feedback-rates", { "aria-label": textOf("ratings") });
const answers = el("ul.bad-answers", { "aria-label": textOf("badAnswers") });
const note = el("p.small");
card.append(rates, answers, note);

/** @param {() => void} onChange called when feedback is to be loaded */
export function initFeedback(onChange) {
  card.addEventListener("toggle", () => { if (card.open) onChange(); });
}

/**
 * Load and show feedback, if it is open.
 * @param {string} query
 * @param {{signal: AbortSignal, timeout: number}} options
 */
export async function refreshFeedback(query, options) {
  if (!card.open) return;
  const { data, items, scope, next_cursor } = await requestJson(`/feedback?limit=${LISTED}&${query}`, options);
  if (options.signal.aborted) return;
  syncChildren(rates, data, ({ employee_slug }) => employee_slug, createRate, (item, { up, down }) => {
    setText(item.querySelector(".count"), textOf("ratingsOf", { up: formatInteger(up), down: formatInteger(down), share: formatShare(down, up + down) }));
  });
  syncChildren(answers, items, ({ turn_id }) => turn_id, (answer) => createAnswer(answer, scope === "all"), (item, { reason, wanted_employee, comment }) => {
    const wanted = wanted_employee && textOf("shouldHaveAnswered", { name: employeeBySlug(wanted_employee).name });
    setText(item.querySelector(".reason"), [reason ? textOf(`reason_${reason}`) : textOf("noReason"), wanted].filter(Boolean).join(" · "));
    setText(item.querySelector(".comment"), comment ?? "");
  });
  setText(note, !data.length ? textOf("noFeedback") : next_cursor ? textOf("latestBadAnswers", { count: items.length }) : "");
}

/** @param {{employee_slug: string}} rate */
function createRate({ employee_slug }) {
  const employee = employeeBySlug(employee_slug);
  return el("li", {}, badge(employee), el("span", {}, employee.name), " ", el("span.count"));
}

/**
 * @param {FeedbackPage["items"][number]} answer
 * @param {boolean} ofAll of all users: without its conversation, but its turn can be looked at
 */
function createAnswer({ turn_id, conversation_id, employee_slug, created_at }, ofAll) {
  const title = `${employeeBySlug(employee_slug).name}, ${formatDateTime(created_at)}`;
  const link = ofAll
    ? el("button.link", { type: "button", onclick: () => openTurn(turn_id, true) }, title)
    : el("a", { href: `/#c=${conversation_id}&m=${turn_id}` }, title); // the question has its turn's id
  return el("li", {}, link, " ", el("span.reason"), el("span.comment", { dir: "auto" }), ofAll && el("code", {}, turn_id));
}
