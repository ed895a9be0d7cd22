/** What an employee asks the user to accept: a card with what would change, which is decided here and can be undone. */

import "./finance-assets.js";
import { announce, el, setChildren } from "./dom.js";
import { requestJson } from "./http.js";
import { formatAmount, formatDay } from "./money.js";
import { openReference } from "./reference-panel.js";
import { resultTable } from "./result-table.js";
import { categoryLabel, translatedResult } from "./result-texts.js";
import { icon } from "./svg.js";
import { notifyChange, onChange } from "./tab-state.js";
import { textOf } from "./texts.js";

/** @typedef {import("../contract.js").Proposal} Proposal */
/** @typedef {"accept" | "refuse" | "undo"} Decision */

/** Rows of a result that a card shows. */
const FIRST_ROWS = 5;

/** @type {Map<HTMLElement, () => void>} how each card on the page is shown anew */
const cards = new Map();

onChange((topic, _, local) => {
  if (topic !== "finances" || local) return;
  for (const [card, refresh] of cards) {
    if (card.isConnected) refresh();
    else cards.delete(card);
  }
});

/**
 * @param {string} id of the proposal
 * @param {import("../contract.js").ToolResult} result that it was made with
 */
export function proposalCard(id, result) {
  const body = el("div.proposal-body");
  const status = el("p.proposal-status", { role: "status" }, textOf("loading"));
  const buttons = el("div.buttons");
  const card = el("section.proposal", { "aria-label": textOf("proposal") }, body, status, buttons);
  const show = (/** @type {Proposal} */ proposal) => {
    card.dataset.status = proposal.status;
    status.textContent = textOf(`proposal_${proposal.status}`);
    setChildren(buttons, ...decisionsOf(proposal).map((decision) => el(decision === "accept" ? "button.primary" : "button", { type: "button", onclick: () => decide(decision) }, textOf(decision))));
  };
  const decide = async (/** @type {Decision} */ decision) => {
    for (const button of buttons.children) button.setAttribute("disabled", "");
    try {
      show(/** @type {Proposal} */ (await requestJson(`/proposals/${id}/${decision}`, { method: "POST" })));
      notifyChange("finances");
    } catch (error) {
      await refresh();
      status.textContent = /** @type {Error} */ (error).message;
    }
    announce(status.textContent ?? "");
    /** @type {HTMLElement | null} */ (buttons.querySelector("button"))?.focus();
  };
  const refresh = async () => {
    try {
      const proposal = await requestJson(`/proposals/${id}`);
      if (!body.firstChild) setChildren(body, ...contentOf(await withName(proposal), result));
      show(proposal);
    } catch (error) {
      status.textContent = /** @type {Error} */ (error).message;
      setChildren(buttons, el("button", { type: "button", onclick: refresh }, icon("retry"), textOf("tryAgain")));
    }
  };
  cards.set(card, refresh);
  refresh();
  return card;
}

/**
 * The proposal with its category as the user calls it.
 * @param {Proposal} proposal
 * @returns {Promise<Proposal>}
 */
async function withName(proposal) {
  if (proposal.kind !== "rule" && proposal.kind !== "budget") return proposal;
  const { items } = await requestJson("/categories");
  const found = items.find(({ category }) => category === proposal.content.category);
  return found ? /** @type {Proposal} */ ({ ...proposal, content: { ...proposal.content, category: categoryLabel(found) } }) : proposal;
}

/**
 * @param {Proposal} proposal
 * @returns {Decision[]}
 */
function decisionsOf({ status }) {
  if (status === "open") return ["accept", "refuse"];
  return status === "accepted" ? ["undo"] : [];
}

/**
 * What would change.
 * @param {Proposal} proposal
 * @param {import("../contract.js").ToolResult} result
 * @returns {Element[]}
 */
function contentOf(proposal, result) {
  const rows = el("div");
  const referenceId = result.reference_id;
  if (referenceId) requestJson(`/references/${referenceId}`).then((found) => {
    const reference = translatedResult(found);
    const all = reference.row_count > FIRST_ROWS && el("button.quiet", { type: "button", "aria-haspopup": "dialog", onclick: () => openReference(referenceId) }, textOf("showAll", { count: reference.row_count }));
    if (reference.rows.length) setChildren(rows, resultTable({ ...reference, rows: reference.rows.slice(0, FIRST_ROWS) }), all);
  }, () => {}); // the sentence says what counts
  return [el("h3", {}, icon("tag"), sentenceOf(proposal)), rows];
}

/** @param {Proposal} proposal */
function sentenceOf(proposal) {
  switch (proposal.kind) {
    case "categories": return textOf("proposesCategories", { count: proposal.content.items.length });
    case "receipts": return textOf("proposesReceipts", { count: proposal.content.items.length });
    case "rule": return textOf("proposesRule", { rule: textOf(`rule_${proposal.content.match}`, { pattern: proposal.content.pattern }), category: proposal.content.category });
    case "budget": return textOf("proposesBudget", { category: proposal.content.category, amount: formatAmount(proposal.content.amount, proposal.content.currency) });
    default: {
      const { name, target, currency, due_on } = proposal.content;
      return textOf("proposesGoal", { name, amount: [formatAmount(target, currency), due_on && formatDay(due_on)].filter(Boolean).join(", ") });
    }
  }
}
