/** The section with rules: what each does, and how many transactions have their category from it. */

import { byId, el, replaceItems, setChildren } from "./dom.js";
import { categoryName, iconButton, loadCategories, showError } from "./finance-lists.js";
import { requestJson } from "./http.js";
import { notifyChange } from "./tab-state.js";
import { textOf } from "./texts.js";
import { deleteWithUndo, deletedItem } from "./undo.js";

/** @typedef {import("../contract.js").Rule} Rule */

const section = byId("rules");
const list = el("ul.finance-list", { "aria-label": textOf("rules") });

/** Load and show the rules. */
export async function showRules() {
  await loadCategories();
  const { items } = await requestJson("/rules");
  if (!section.firstChild) setChildren(section, el("p.small", {}, textOf("rulesNote")), list);
  replaceItems(list, items.length ? items.map((one) => deletedItem(pathOf(one)) ?? item(one)) : [el("li.empty", {}, textOf("noRules"))], list);
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
