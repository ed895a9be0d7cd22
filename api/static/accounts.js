/** The section with accounts: added, renamed in place, and deleted with its transactions. */

import { byId, el, replaceItems, setChildren } from "./dom.js";
import { editInPlace, iconButton, showError } from "./finance-lists.js";
import { requestJson } from "./http.js";
import { formatAmount, formatDay, formatDays } from "./money.js";
import { icon } from "./svg.js";
import { notifyChange } from "./tab-state.js";
import { textOf } from "./texts.js";
import { deleteWithUndo, deletedItem } from "./undo.js";

/** @typedef {import("../contract.js").FinanceAccount} FinanceAccount */

const KINDS = /** @type {const} */ (["checking", "savings", "card", "cash", "loan", "investment"]);

const section = byId("accounts");
const list = el("ul.finance-list", { "aria-label": textOf("accounts") });
const name = el("input", { type: "text", required: true, maxlength: 60, dir: "auto" });
const kind = kindSelect("cash");
const currency = el("input.currency", { type: "text", required: true, pattern: "[A-Za-z]{3}", maxlength: 3, autocapitalize: "characters" });
const form = el("form.add-form", { onsubmit: add }, el("label.field", {}, el("span", {}, textOf("name")), name), el("label.field", {}, el("span", {}, textOf("kind")), kind),
  el("label.field", {}, el("span", {}, textOf("currency")), currency), el("button.primary", {}, icon("plus"), textOf("addAccount")));
/** The same account, however often it is sent; another one once it is there. */
let newId = crypto.randomUUID();

/** Load and show the accounts. */
export async function showAccounts() {
  const { items } = await requestJson("/accounts");
  if (!section.firstChild) setChildren(section, form, list);
  currency.value ||= items[0]?.currency ?? "EUR";
  replaceItems(list, items.length ? items.map((one) => deletedItem(pathOf(one)) ?? item(one)) : [el("li.empty", {}, textOf("noAccounts"))], name);
}

/** @param {Event} event */
async function add(event) {
  event.preventDefault();
  if (!name.value.trim()) return;
  try {
    await requestJson(`/accounts/${newId}`, { method: "PUT", body: { name: name.value.trim(), kind: kind.value, currency: currency.value.toUpperCase() } });
    newId = crypto.randomUUID();
    name.value = "";
    byId("status").textContent = "";
    notifyChange("finances");
    await showAccounts();
    name.focus();
  } catch (error) {
    showError(error);
  }
}

/** @param {FinanceAccount["kind"]} value */
function kindSelect(value) {
  const select = el("select", {}, ...KINDS.map((one) => el("option", { value: one }, textOf(`account_${one}`))));
  select.value = value;
  return select;
}

/** @param {FinanceAccount} account */
function pathOf({ account_id }) {
  return `/accounts/${account_id}`;
}

/** @param {FinanceAccount} account */
function item(account) {
  const { account_id, name, number_end, transactions, first_on, last_on, total, balance, balance_as_of, currency } = account;
  const change = async (/** @type {object} */ body) => {
    await requestJson(pathOf(account), { method: "PATCH", body });
    notifyChange("finances");
    await showAccounts();
  };
  const select = kindSelect(account.kind);
  select.setAttribute("aria-label", textOf("kindOf", { name }));
  select.addEventListener("change", () => change({ kind: select.value }).catch(showError));
  const title = el("span.item-name", { dir: "auto" }, name);
  const entry = el("li", { "data-id": account_id },
    el("div.item-head", {}, title, number_end && el("span.small", {}, `… ${number_end}`)),
    el("span.small", {}, [textOf("transactionsCount", { count: transactions }), formatDays(first_on, last_on)].filter(Boolean).join(" · ")),
    el("div.account-sum", {}, el("span.number", {}, formatAmount(balance ?? total, currency)),
      el("span.small", {}, balance_as_of ? textOf("balanceAsOf", { day: formatDay(balance_as_of) }) : textOf("sumOfTransactions"))),
    el("div.item-tools", {}, select,
      el("a.small", { href: `/finances?account=${account_id}` }, textOf("showTransactions")),
      iconButton("pencil", textOf("renameNamed", { title: name }), () => editInPlace(title, { label: textOf("name"), value: name, maxlength: 60, required: true }, (text) => change({ name: text }))),
      iconButton("trash", textOf("deleteNamed", { title: name }), () => deleteWithUndo(pathOf(account), entry, textOf("accountDeleted", { name }), (error) => {
        if (error) showError(error);
        else notifyChange("finances");
        showAccounts().catch(showError);
      }))));
  return entry;
}
