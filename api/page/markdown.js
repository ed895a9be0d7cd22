/** Markdown as elements, made anew only where it has changed, so that an answer can be shown while it grows. */

import { copyButton, el } from "./dom.js";
import { inline } from "./inline.js";

/** Lists and quotes within each other deeper than this are text. */
const DEEPEST = 8;

const FENCE = /^ {0,3}(`{3,}|~{3,})\s*([^`]*)$/;
const HEADING = /^ {0,3}(#{1,6})\s+(.*?)\s*#*\s*$/;
const RULE = /^ {0,3}([-*_])(?:\s*\1){2,}\s*$/;
const QUOTE = /^ {0,3}> ?/;
const ITEM = /^(\s{0,7})([-*+]|\d{1,9}[.)])(\s+|$)/;
const DELIMITERS = /^ {0,3}\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$/;

/** @typedef {{kind: "code" | "heading" | "rule" | "quote" | "list" | "table" | "text", lines: string[]}} Block */

/** A sheet that shows a text as Markdown. */
export class Sheet {
  /** @param {Element} place */
  constructor(place) {
    this.place = place;
    /** @type {string[]} */
    this.shown = [];
  }

  /**
   * Show this text.
   * @param {string} text
   */
  show(text) {
    const blocks = split(text.replace(/\r\n?/g, "\n").split("\n"));
    const wanted = blocks.map((block) => `${block.kind}\n${block.lines.join("\n")}`);
    let same = 0;
    while (same < wanted.length && wanted[same] === this.shown[same]) same += 1;
    while (this.place.childNodes.length > same) this.place.lastChild?.remove();
    this.place.append(...blocks.slice(same).map((block) => build(block, 0)));
    this.shown = wanted;
  }
}

/**
 * The blocks that these lines are.
 * @param {string[]} lines
 * @returns {Block[]}
 */
export function split(lines) {
  /** @type {Block[]} */
  const blocks = [];
  for (let at = 0; at < lines.length;) {
    if (!lines[at].trim()) {
      at += 1;
      continue;
    }
    const block = blockAt(lines, at);
    blocks.push(block);
    at += block.lines.length;
  }
  return blocks;
}

/**
 * @param {string[]} lines
 * @param {number} at
 * @returns {Block}
 */
function blockAt(lines, at) {
  const kind = kindOf(lines, at);
  let end = at + 1;
  const going = goesOn(kind, lines, at);
  while (end < lines.length && going(end)) end += 1;
  if (kind === "code" && end < lines.length) end += 1; // its last line; one that still grows has none
  return { kind, lines: lines.slice(at, end) };
}

/**
 * @param {string[]} lines
 * @param {number} at
 * @returns {Block["kind"]}
 */
function kindOf(lines, at) {
  const line = lines[at];
  if (FENCE.test(line)) return "code";
  if (HEADING.test(line)) return "heading";
  if (RULE.test(line)) return "rule";
  if (QUOTE.test(line)) return "quote";
  if (ITEM.test(line)) return "list";
  return line.includes("|") && DELIMITERS.test(lines[at + 1] ?? "") && lines[at + 1].includes("-") ? "table" : "text";
}

/**
 * Whether a line still belongs to the block that began at `at`.
 * @param {Block["kind"]} kind
 * @param {string[]} lines
 * @param {number} at
 * @returns {(end: number) => boolean}
 */
function goesOn(kind, lines, at) {
  const full = (/** @type {number} */ end) => lines[end].trim() !== "";
  switch (kind) {
    case "code": {
      const mark = /** @type {RegExpExecArray} */ (FENCE.exec(lines[at]))[1];
      return (end) => !(lines[end].trim().startsWith(mark) && /^\s*[`~]+\s*$/.test(lines[end]));
    }
    case "table": return (end) => full(end) && (end === at + 1 || lines[end].includes("|"));
    case "quote": return (end) => full(end) && ["quote", "text"].includes(kindOf(lines, end));
    case "list": {
      const numbered = isNumbered(lines[at]);
      return (end) => (full(end) ? inList(lines, end, numbered) : inList(lines, end + 1, numbered) && !!lines[end + 1]?.trim());
    }
    case "text": return (end) => full(end) && kindOf(lines, end) === "text";
    default: return () => false;
  }
}

/**
 * @param {string[]} lines
 * @param {number} at
 * @param {boolean} numbered
 */
function inList(lines, at, numbered) {
  const line = lines[at] ?? "";
  const before = (lines[at - 1] ?? "").trim() !== "";
  return (ITEM.test(line) && !RULE.test(line) && (isNumbered(line) === numbered || /^\s{2}/.test(line))) || /^\s{2,}\S/.test(line) || (before && kindOf(lines, at) === "text");
}

/** @param {string} line an item */
function isNumbered(line) {
  return /^\s*\d/.test(line);
}

/**
 * @param {Block} block
 * @param {number} depth
 * @returns {Node}
 */
function build({ kind, lines }, depth) {
  switch (kind) {
    case "code": return code(lines);
    case "rule": return el("hr");
    case "table": return table(lines);
    case "heading": {
      const [, marks, text] = /** @type {RegExpExecArray} */ (HEADING.exec(lines[0]));
      return el(`h${Math.min(6, marks.length + 2)}`, { dir: "auto" }, ...inline(text));
    }
    case "quote": return el("blockquote", { dir: "auto" }, ...within(lines.map((line) => line.replace(QUOTE, "")), depth));
    case "list": return list(lines, depth);
    default: return paragraph(lines);
  }
}

/** @param {string[]} lines */
function paragraph(lines) {
  return el("p", { dir: "auto" }, ...inline(lines.map((line) => line.trimStart()).join("\n").trimEnd()));
}

/**
 * @param {string[]} lines
 * @param {number} depth
 */
function within(lines, depth) {
  if (depth >= DEEPEST) return [lines.join("\n")];
  return split(lines).map((block) => build(block, depth + 1));
}

/** @param {string[]} lines */
function code(lines) {
  const [, mark, info] = /** @type {RegExpExecArray} */ (FENCE.exec(lines[0]));
  const closed = lines.length > 1 && lines[lines.length - 1].trim().startsWith(mark) && /^\s*[`~]+\s*$/.test(lines[lines.length - 1]);
  const text = lines.slice(1, closed ? -1 : undefined).join("\n");
  const head = el("figcaption", {}, el("span", {}, info.trim().split(/\s/)[0] || "code"), copyButton(() => text));
  return el("figure.code", {}, head, el("pre", { dir: "ltr", tabindex: "0" }, el("code", {}, text)));
}

/** @param {string[]} lines */
function table(lines) {
  const aligned = cells(lines[1]).map((cell) => (/^:.*:$/.test(cell) ? "middle" : cell.endsWith(":") ? "end" : "start"));
  const row = (/** @type {string} */ line, /** @type {string} */ tag) =>
    el("tr", {}, ...cells(line).slice(0, aligned.length).map((cell, at) => el(`${tag}.${aligned[at]}`, { dir: "auto" }, ...inline(cell))));
  const body = lines.slice(2).map((line) => row(line, "td"));
  return el("div.wide", { tabindex: "0" }, el("table", {}, el("thead", {}, row(lines[0], "th")), el("tbody", {}, ...body)));
}

/** @param {string} line */
function cells(line) {
  return line.trim().replace(/^\||(?<!\\)\|$/g, "").split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll("\\|", "|"));
}

/**
 * @param {string[]} lines
 * @param {number} depth
 */
function list(lines, depth) {
  const first = /** @type {RegExpExecArray} */ (ITEM.exec(lines[0]));
  /** @type {string[][]} */
  const items = [];
  let width = 0;
  for (const line of lines) {
    const mark = ITEM.exec(line);
    if (mark && (!items.length || mark[1].length < width) && mark[1].length <= first[1].length + 1) {
      items.push([line.slice(mark[0].length)]);
      width = mark[1].length + mark[2].length + 1;
    } else items[items.length - 1].push(line.replace(new RegExp(`^\\s{0,${width}}`), ""));
  }
  const ordered = isNumbered(lines[0]);
  const start = ordered ? Number.parseInt(first[2], 10) : null;
  return el(ordered ? "ol" : "ul", { start, dir: "auto" }, ...items.map((item) => listItem(item, depth)));
}

/**
 * @param {string[]} lines
 * @param {number} depth
 */
function listItem(lines, depth) {
  const task = /^\[([ xX])\]\s+/.exec(lines[0]);
  const box = task && el("input", { type: "checkbox", disabled: true, checked: task[1] !== " ", "aria-label": "done" });
  const kept = task ? [lines[0].slice(task[0].length), ...lines.slice(1)] : lines;
  const [only, ...rest] = kept.some((line) => line.trim()) ? within(kept, depth) : [""];
  const lead = only instanceof HTMLParagraphElement ? [...only.childNodes] : [only]; // no gaps in a list of short lines
  return el("li", { dir: "auto" }, box, ...lead, ...rest);
}
