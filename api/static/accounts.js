/** The section with accounts: what each has, renamed in place, and deleted with its transactions. */

import { byId, el, replaceItems, setChildren } from "./dom.js";
import { editInPlace, iconButton, showError } from "./finance-lists.js";
import { requestJson } from "./http.js";
import { formatAmount, formatDays } from "./money.js";
import { notifyChange } from "./tab-state.js";
import { textOf } from "./texts.js";
import { deleteWithUndo, deletedItem } from "./undo.js";

/** @typedef {import("../contract.js").FinanceAccount} FinanceAccount */

const KINDS = /** @type {const} */ (["checking", "savings", "card", "cash", "loan", "investment"]);

const section = byId("accounts");
const list = el("ul.finance-list", { "aria-label": textOf("accounts") });

/** Load and show the accounts. */
export async function showAccounts() {
  const { items } = await requestJson("/accounts");
  if (!section.firstChild) setChildren(section, list);
  replaceItems(list, items.length ? items.map((one) => deletedItem(pathOf(one)) ?? item(one)) : [el("li.empty", {}, textOf("noAccounts"))], list);
}

/** @param {FinanceAccount} account */
function pathOf({ account_id }) {
  return `/accounts/${account_id}`;
}

/** @param {FinanceAccount} account */
function item(account) {
  const { account_id, name, number_end, transactions, first_on, last_on, total, currency } = account;
  const change = async (/** @type {object} */ body) => {
    await requestJson(pathOf(account), { method: "PATCH", body });
    notifyChange("finances");
    await showAccounts();
  };
  const kind = el("select", { "aria-label": textOf("kindOf", { name }), onchange: () => change({ kind: kind.value }).catch(showError) },
    ...KINDS.map((value) => el("option", { value }, textOf(`account_${value}`))));
  kind.value = account.kind;
  const title = el("span.item-name", { dir: "auto" }, name);
  const entry = el("li", { "data-id": account_id },
    el("div.item-head", {}, title, number_end && el("span.small", {}, `… ${number_end}`)),
    el("span.small", {}, [textOf("transactionsCount", { count: transactions }), formatDays(first_on, last_on)].filter(Boolean).join(" · ")),
    el("span.number", {}, formatAmount(total, currency)),
    el("div.item-tools", {}, kind,
      el("a.small", { href: `/finances?account=${account_id}` }, textOf("showTransactions")),
      iconButton("pencil", textOf("renameNamed", { title: name }), () => editInPlace(title, { label: textOf("name"), value: name, maxlength: 60, required: true }, (text) => change({ name: text }))),
      iconButton("trash", textOf("deleteNamed", { title: name }), () => deleteWithUndo(pathOf(account), entry, textOf("accountDeleted", { name }), (error) => {
        if (error) showError(error);
        else notifyChange("finances");
        showAccounts().catch(showError);
      }))));
  return entry;
}
