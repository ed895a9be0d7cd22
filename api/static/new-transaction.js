/** The form in which a transaction is entered that no file has, such as a purchase in cash. */

import { announce, byId, el, setChildren } from "./dom.js";
import { showError } from "./finance-lists.js";
import { requestJson } from "./http.js";
import { icon } from "./svg.js";
import { notifyChange } from "./tab-state.js";
import { textOf } from "./texts.js";

/** @typedef {import("../contract.js").FinanceAccount} FinanceAccount */

const account = el("select", { required: true });
const day = el("input", { type: "date", required: true, min: "1970-01-01", max: "2100-12-31" });
const counterparty = el("input", { type: "text", required: true, maxlength: 200, dir: "auto" });
const amount = el("input", { type: "number", required: true, min: "0.01", step: "0.01", inputmode: "decimal" });
const sign = el("select", {}, el("option", { value: "-" }, textOf("spent")), el("option", { value: "" }, textOf("received")));
/** The same transaction, however often it is sent; another one once it is there. */
let newId = crypto.randomUUID();

/**
 * @param {() => Promise<void>} entered is called once it is there
 * @returns {HTMLElement}
 */
export function newTransaction(entered) {
  const form = el("form.add-form", { onsubmit: (/** @type {Event} */ event) => {
    event.preventDefault();
    enter(entered).catch(showError);
  } }, field("bankAccount", account), field("date", day), field("counterparty", counterparty), field("amount", amount), field("sign", sign),
    el("button.primary", {}, icon("plus"), textOf("addTransaction")));
  return el("details.new-transaction", {}, el("summary", {}, textOf("newTransaction")), form);
}

/** @param {FinanceAccount[]} accounts in which it may be; cash is proposed */
export function setAccounts(accounts) {
  const before = account.value;
  setChildren(account, ...accounts.map(({ account_id, name, currency }) => el("option", { value: account_id }, `${name} (${currency})`)));
  const cash = accounts.find(({ kind }) => kind === "cash") ?? accounts[0];
  account.value = accounts.some(({ account_id }) => account_id === before) ? before : cash?.account_id ?? "";
  day.value ||= new Date(Date.now() - new Date().getTimezoneOffset() * 60_000).toISOString().slice(0, 10);
}

/**
 * @param {"bankAccount" | "date" | "counterparty" | "amount" | "sign"} name
 * @param {HTMLElement} input
 */
function field(name, input) {
  return el("label.field", {}, el("span", {}, textOf(name)), input);
}

/** @param {() => Promise<void>} entered */
async function enter(entered) {
  const body = { account_id: account.value, booked_on: day.value, amount: `${sign.value}${amount.value}`, counterparty: counterparty.value.trim() };
  await requestJson(`/transactions/${newId}`, { method: "PUT", body });
  newId = crypto.randomUUID();
  amount.value = "";
  counterparty.value = "";
  byId("status").textContent = "";
  announce(textOf("transactionAdded"));
  notifyChange("finances");
  await entered();
  counterparty.focus();
}
