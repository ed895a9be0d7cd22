/** The section with categories: added, renamed in place, and deleted. */

import { byId, el, replaceItems, setChildren } from "./dom.js";
import { editInPlace, iconButton, loadCategories, showError } from "./finance-lists.js";
import { requestJson } from "./http.js";
import { categoryLabel } from "./result-texts.js";
import { icon } from "./svg.js";
import { notifyChange } from "./tab-state.js";
import { textOf } from "./texts.js";
import { deleteWithUndo, deletedItem } from "./undo.js";

/** @typedef {import("../contract.js").Category} Category */

const KINDS = /** @type {const} */ (["expense", "income", "transfer"]);

const section = byId("categories");
const list = el("ul.finance-list", { "aria-label": textOf("categories") });
const name = el("input", { type: "text", required: true, maxlength: 60, dir: "auto" });
const kind = kindSelect("expense");
const form = el("form.add-form", { onsubmit: add }, el("label.field", {}, el("span", {}, textOf("name")), name), el("label.field", {}, el("span", {}, textOf("kind")), kind),
  el("button.primary", {}, icon("plus"), textOf("addCategory")));

/** Load and show the categories. */
export async function showCategories() {
  const items = (await loadCategories()).toSorted((one, other) => one.kind.localeCompare(other.kind) || categoryLabel(one).localeCompare(categoryLabel(other)));
  if (!section.firstChild) setChildren(section, form, list);
  replaceItems(list, items.length ? items.map((one) => deletedItem(pathOf(one)) ?? item(one)) : [el("li.empty", {}, textOf("noCategories"))], name);
}

/** @param {Event} event */
async function add(event) {
  event.preventDefault();
  if (!name.value.trim()) return;
  try {
    await requestJson("/categories", { method: "POST", body: { name: name.value.trim(), kind: kind.value } });
    name.value = "";
    byId("status").textContent = "";
    await changed();
    name.focus();
  } catch (error) {
    showError(error);
  }
}

async function changed() {
  notifyChange("finances");
  await showCategories();
}

/** @param {Category} category */
function pathOf({ category }) {
  return `/categories/${category}`;
}

/** @param {Category["kind"]} value */
function kindSelect(value) {
  const select = el("select", {}, ...KINDS.map((one) => el("option", { value: one }, textOf(`category_${one}`))));
  select.value = value;
  return select;
}

/** @param {Category} category */
function item(category) {
  const label = categoryLabel(category);
  const change = async (/** @type {object} */ body) => {
    await requestJson(pathOf(category), { method: "PATCH", body });
    await changed();
  };
  const title = el("span.item-name", { dir: "auto" }, label);
  const select = kindSelect(category.kind);
  select.setAttribute("aria-label", textOf("kindOf", { name: label }));
  select.addEventListener("change", () => change({ kind: select.value }).catch(showError));
  const deductible = el("input", { type: "checkbox", checked: category.deductible, onchange: () => change({ deductible: deductible.checked }).catch(showError) });
  const entry = el("li", { "data-id": category.category },
    el("div.item-head", {}, title),
    el("div.item-tools", {}, el("label.check", {}, deductible, textOf("deductible")), select,
      el("a.small", { href: `/finances?category=${category.category}` }, textOf("showTransactions")),
      iconButton("pencil", textOf("renameNamed", { title: label }), () => editInPlace(title, { label: textOf("name"), value: label, maxlength: 60, required: true }, (text) => change({ name: text }))),
      iconButton("trash", textOf("deleteNamed", { title: label }), () => deleteWithUndo(pathOf(category), entry, textOf("categoryDeleted", { name: label }), (error) => {
        if (error) showError(error);
        else notifyChange("finances");
        showCategories().catch(showError);
      }))));
  return entry;
}
