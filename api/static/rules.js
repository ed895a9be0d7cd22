/** The section with rules: added with a look at what one would change, what each does, and deleted. */

import { byId, el, replaceItems, setChildren } from "./dom.js";
import { categoryName, categorySelect, iconButton, loadCategories, showError } from "./finance-lists.js";
import { requestJson } from "./http.js";
import { icon } from "./svg.js";
import { notifyChange } from "./tab-state.js";
import { textOf } from "./texts.js";
import { deleteWithUndo, deletedItem } from "./undo.js";

/** @typedef {import("../contract.js").Rule} Rule */

/** Milliseconds after the last key until it is asked what a rule would change. */
const PREVIEW_DELAY = 300;

const section = byId("rules");
const list = el("ul.finance-list", { "aria-label": textOf("rules") });

const pattern = el("input", { type: "text", required: true, minlength: 2, maxlength: 100, dir: "auto", autocomplete: "off" });
const match = options(["contains", "starts", "equals"], (value) => textOf(`ruleMatch_${value}`));
const where = options(["any", "counterparty", "text"], (value) => textOf(`ruleField_${value}`));
const category = el("span.rule-category");
const preview = el("p.small", { role: "status" });
const form = el("form.add-form", { onsubmit: add, oninput: previewSoon },
  field("ruleWhere", where), field("ruleMatch", match), field("ruleWords", pattern),
  el("label.field", {}, el("span", {}, textOf("category")), category),
  el("button.primary", {}, icon("plus"), textOf("addRule")));
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;
let previewCount = 0;

/** Load and show the rules. */
export async function showRules() {
  await loadCategories();
  const { items } = await requestJson("/rules");
  if (!section.firstChild) setChildren(section, el("p.small", {}, textOf("rulesNote")), form, preview, list);
  if (!form.contains(document.activeElement)) {
    const chosen = category.querySelector("select")?.value;
    setChildren(category, categorySelect(textOf("category"), []));
    if (chosen) /** @type {HTMLSelectElement} */ (category.firstChild).value = chosen;
  }
  replaceItems(list, items.length ? items.map((one) => deletedItem(pathOf(one)) ?? item(one)) : [el("li.empty", {}, textOf("noRules"))], list);
}

/** The rule in the form. */
function ruleInForm() {
  return { field: where.value, match: match.value, pattern: pattern.value.trim(), category: category.querySelector("select")?.value };
}

/** Say what the rule in the form would change, once no key is pressed. */
function previewSoon() {
  clearTimeout(timer);
  const number = (previewCount += 1);
  preview.textContent = "";
  const body = ruleInForm();
  if (body.pattern.length < 2) return;
  timer = setTimeout(async () => {
    try {
      const { matching, changed } = await requestJson("/rules/preview", { method: "POST", body });
      if (number === previewCount) preview.textContent = textOf("rulePreview", { count: matching, changed });
    } catch (error) {
      showError(error);
    }
  }, PREVIEW_DELAY);
}

/** @param {Event} event */
async function add(event) {
  event.preventDefault();
  const body = ruleInForm();
  if (body.pattern.length < 2) return;
  try {
    await requestJson("/rules", { method: "POST", body });
    pattern.value = "";
    previewSoon();
    byId("status").textContent = "";
    notifyChange("finances");
    await showRules();
    pattern.focus();
  } catch (error) {
    showError(error);
  }
}

/**
 * @param {"ruleWhere" | "ruleMatch" | "ruleWords"} name
 * @param {HTMLElement} input
 */
function field(name, input) {
  return el("label.field", {}, el("span", {}, textOf(name)), input);
}

/**
 * A select of these values.
 * @template {string} Value
 * @param {Value[]} values
 * @param {(value: Value) => string} text
 */
function options(values, text) {
  return el("select", {}, ...values.map((value) => el("option", { value }, text(value))));
}

/** @param {Rule} rule */
function pathOf({ rule_id }) {
  return `/rules/${rule_id}`;
}

/** @param {Rule} rule */
function item(rule) {
  const { rule_id, field, match, pattern, category, transactions } = rule;
  const words = textOf("ruleOf", { rule: textOf(`rule_${match}`, { pattern }), category: categoryName(category) });
  const entry = el("li", { "data-id": rule_id },
    el("div.item-head", {}, el("span.item-name", { dir: "auto" }, words)),
    el("span.small", {}, `${textOf(`ruleField_${field}`)} · ${textOf("transactionsCount", { count: transactions })}`),
    el("div.item-tools", {}, iconButton("trash", textOf("deleteNamed", { title: words }), () => deleteWithUndo(pathOf(rule), entry, textOf("ruleDeleted"), (error) => {
      if (error) showError(error);
      else notifyChange("finances");
      showRules().catch(showError);
    }))));
  return entry;
}
