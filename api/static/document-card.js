/** A document as a card: how far it is sent and read, what was understood, and what can be done about it. */

import "./finance-assets.js";
import { el, setChildren } from "./dom.js";
import { Problem, isNotFound, requestJson } from "./http.js";
import { download, formatAmount, formatDay, formatDays } from "./money.js";
import { sentence } from "./result-texts.js";
import { icon } from "./svg.js";
import { notifyChange } from "./tab-state.js";
import { knownText, locale, textOf } from "./texts.js";

/** @typedef {import("../contract.js").FinanceDocument} FinanceDocument */

/** Milliseconds between polls of a document that is being read; the last one repeats. */
const POLL_DELAYS = [300, 600, 1000, 2000];

const byteFormats = ["kilobyte", "megabyte"].map((unit) => new Intl.NumberFormat(locale, { style: "unit", unit, maximumFractionDigits: 1 }));
const percentFormat = new Intl.NumberFormat(locale, { style: "percent" });

export class DocumentCard {
  /**
   * @param {{name: string, size: number}} file
   * @param {(card: DocumentCard) => Element[]} moreTools buttons of the list that it is in
   */
  constructor({ name, size }, moreTools) {
    this.name = name;
    /** Whether it says whose rows it has as soon as it is read. */
    this.saysWhose = true;
    this.moreTools = moreTools;
    /** @type {FinanceDocument | null} null until it is sent */
    this.document = null;
    this.status = el("p.small.document-status", { role: "status" });
    this.bar = el("progress", { max: 1, "aria-label": name });
    this.details = el("div.document-details");
    this.tools = el("div.document-tools");
    this.element = el("li.document", {},
      icon("byte"), el("div.document-head", {}, el("span.document-name", { dir: "auto" }, name), el("span.small", {}, formatSize(size))),
      this.tools, this.status, this.bar, this.details);
    this.showProgress(textOf("documentWaits"), null);
  }

  /**
   * @param {string} text
   * @param {number | null} share 0 to 1; null: not known
   */
  showProgress(text, share) {
    this.element.classList.remove("failed");
    this.bar.hidden = false;
    if (share === null) this.bar.removeAttribute("value");
    else this.bar.value = share;
    if (this.status.textContent !== text) this.status.textContent = text;
    setChildren(this.details);
    setChildren(this.tools, ...this.moreTools(this));
  }

  /** @param {number} share */
  showSending(share) {
    this.showProgress(textOf("documentSending", { share: percentFormat.format(share) }), share);
  }

  /**
   * @param {string} message
   * @param {(() => void) | null} [again] null: it would fail again
   */
  showFailure(message, again = null) {
    this.element.classList.add("failed");
    this.bar.hidden = true;
    this.status.textContent = message;
    setChildren(this.details);
    setChildren(this.tools, again && toolButton("retry", textOf("tryAgain"), again), ...this.moreTools(this));
  }

  /**
   * @param {FinanceDocument} document as it is now
   * @param {boolean} [known] whether it was sent, and was there before
   */
  show(document, known = false) {
    this.document = document;
    if (document.status === "waiting" || document.status === "reading") {
      return this.showProgress(textOf(document.status === "waiting" ? "documentWaits" : "documentIsRead"), document.progress || null);
    }
    if (document.status === "failed") {
      return this.showFailure(knownText(`unreadable_${document.error_code}`) ?? document.error_detail ?? "");
    }
    this.element.classList.remove("failed");
    this.bar.hidden = true;
    this.status.textContent = known ? textOf("documentKnown") : summaryOf(document);
    const undo = document.status === "ready" && document.kind === "statement" && toolButton("retry", textOf("undoImport"), () => this.undo());
    const correct = document.status === "ready" && document.understood && document.has_content && toolButton("pencil", textOf("correct"), () => this.correct());
    setChildren(this.tools, undo, correct, ...this.moreTools(this));
    setChildren(this.details, ...detailsOf(document));
    if (document.status !== "ready" || document.kind !== "statement") return undefined;
    this.details.prepend(el("p", {}, el("a", { href: `/finances?document=${document.document_id}` }, textOf("showTransactions"))));
    if (this.saysWhose) this.showRows(document.document_id);
    return undefined;
  }

  /**
   * Say whose rows it has, and of which days.
   * @param {string} id
   */
  async showRows(id) {
    const [{ items: totals }, { items: [newest] }] = await Promise.all([
      requestJson(`/transactions/totals?document=${id}`), requestJson(`/transactions?document=${id}&limit=1`),
    ]);
    if (!newest || this.document?.document_id !== id || this.document.status !== "ready") return;
    const days = totals.map(({ first_on }) => first_on).sort();
    this.details.querySelector("p")?.prepend(el("b", { dir: "auto" }, newest.account), " · ", formatDays(days[0], newest.booked_on), " · ");
  }

  /** Poll until it is read, or could not be. */
  async follow() {
    const id = this.document?.document_id;
    for (let attempt = 0; this.document && ["waiting", "reading"].includes(this.document.status); attempt += 1) {
      await new Promise((resolve) => { setTimeout(resolve, POLL_DELAYS[Math.min(attempt, POLL_DELAYS.length - 1)]); });
      if (!this.element.isConnected) return;
      try {
        this.show(await requestJson(`/documents/${id}`));
      } catch (error) {
        if (isNotFound(error)) return this.showFailure(textOf("documentGone"));
        this.status.textContent = /** @type {Error} */ (error).message; // it is asked again
      }
    }
    notifyChange("finances");
    return undefined;
  }

  /** Take back what was read from it. */
  async undo() {
    await this.change("importIsUndone", async () => {
      await requestJson(`/documents/${this.document?.document_id}/undo`, { method: "POST" });
      return requestJson(`/documents/${this.document?.document_id}`);
    });
    notifyChange("finances");
    /** @type {HTMLElement | null} */ (this.tools.querySelector("button"))?.focus();
  }

  /**
   * Read it again.
   * @param {{shape?: object, account_id?: string}} [body]
   */
  async readAgain(body = {}) {
    await this.change("documentWaits", async () => /** @type {FinanceDocument} */ (await requestJson(`/documents/${this.document?.document_id}/read`, { method: "POST", body })));
    await this.follow();
  }

  async correct() {
    const { correctShape } = await import("./shape-dialog.js");
    const body = this.document && await correctShape(this.document);
    if (body) await this.readAgain(body);
  }

  /**
   * @param {"importIsUndone" | "documentWaits"} text what it says meanwhile
   * @param {() => Promise<FinanceDocument>} action returns the document as it is then
   */
  async change(text, action) {
    this.showProgress(textOf(text), null);
    setChildren(this.tools); // one change at a time
    try {
      this.show(await action());
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      this.showFailure(error.message, error instanceof Problem && error.status < 500 ? null : () => this.change(text, action));
    }
  }

  download() {
    return download(`/documents/${this.document?.document_id}/content`, this.name);
  }
}

/**
 * @param {import("./svg.js").IconName} name
 * @param {string} text
 * @param {() => void} onclick
 */
export function toolButton(name, text, onclick) {
  return el("button.quiet", { type: "button", onclick }, icon(name), text);
}

/** @param {number} bytes */
function formatSize(bytes) {
  return bytes < 1_000_000 ? byteFormats[0].format(Math.max(0.1, bytes / 1000)) : byteFormats[1].format(bytes / 1_000_000);
}

/** @param {FinanceDocument} document that was read */
function summaryOf({ status, kind, rows_added, rows_known, rows_entered, receipt }) {
  if (status === "undone") return textOf("documentUndone");
  if (kind === "statement") return [textOf("rowsAdded", { count: rows_added }), rows_known && textOf("rowsKnown", { count: rows_known }), rows_entered && textOf("rowsEntered", { count: rows_entered })].filter(Boolean).join(", ");
  if (kind !== "receipt") return textOf("textRead");
  const said = [receipt?.merchant, receipt?.total && formatAmount(receipt.total, receipt.currency ?? null), receipt?.bought_on && formatDay(receipt.bought_on)];
  return [textOf("receipt"), ...said].filter(Boolean).join(" · ");
}

/** @param {FinanceDocument} document */
function detailsOf({ understood, rejected, status }) {
  if (status !== "ready") return [];
  const doubts = (understood?.doubts?.length ?? 0) > 0 && el("ul.doubts", {}, ...(understood?.doubts ?? []).map((doubt) => el("li", {}, sentence(doubt, understood?.texts?.[doubt]))));
  return [understood && tableOf(understood), doubts, rejected.length > 0 && el("details", {},
    el("summary", {}, textOf("linesLeftOut", { count: rejected.length })),
    el("ul.rejected", {}, ...rejected.slice(0, 50).map(({ line, start, reason, text }) => el("li", {},
      `${textOf("lineNumber", { number: line })} `, el("q", { dir: "auto" }, start), " ", el("span", {}, sentence(reason, text))))))];
}

/**
 * How a table was read.
 * @param {NonNullable<FinanceDocument["understood"]>} understood
 */
function tableOf({ shape, header }) {
  const column = (/** @type {number | null | undefined} */ index) => columnName(header, index);
  /** @type {[string, string][]} */
  const fields = [[textOf("date"), `${column(shape.booked_on)} (${dateExample(shape.date_format)})`]];
  if (typeof shape.amount === "number") fields.push([textOf("amount"), column(shape.amount)]);
  else fields.push([textOf("amount"), [shape.debit, shape.credit].filter((index) => typeof index === "number").map(column).join(", ")]);
  fields.push([textOf("decimalMark"), shape.decimal_mark === "," ? "1.234,50" : "1,234.50"]);
  fields.push([textOf("sign"), textOf(shape.negated ? "spentIsPositive" : "spentIsNegative")]);
  if (typeof shape.counterparty === "number") fields.push([textOf("counterparty"), column(shape.counterparty)]);
  if (shape.text.length) fields.push([textOf("bankText"), shape.text.map(column).join(", ")]);
  return el("details", {}, el("summary", {}, textOf("howRead")),
    el("dl.facts-of-table", {}, ...fields.flatMap(([name, value]) => [el("dt", {}, name), el("dd", { dir: "auto" }, value)])));
}

/**
 * @param {string[]} header
 * @param {number | null | undefined} index
 */
export function columnName(header, index) {
  return typeof index === "number" ? header[index] || textOf("columnNumber", { number: index + 1 }) : textOf("noColumn");
}

/**
 * The last day of a year in this format.
 * @param {string} [format] as of strptime
 */
export function dateExample(format = "%Y-%m-%d") {
  const parts = /** @type {Record<string, string>} */ ({ Y: "2026", y: "26", m: "12", d: "31", b: "Dec" });
  return format.replace(/%(\w)/g, (_, part) => parts[part] ?? part);
}
