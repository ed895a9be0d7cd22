/** Emphasis: which runs of marks begin it, which end it, and which are only text. CommonMark's rules, but for two. */

import { el } from "./dom.js";

/** Emphasis within emphasis deeper than this is text: nobody writes that, except to break a parser. */
const DEEPEST = 16;
const PUNCTUATION = /[\p{P}\p{S}]/u;
/** Scripts without spaces between words, where punctuation beside a mark says nothing about words. */
const UNSPACED = /[\p{scx=Han}\p{scx=Hiragana}\p{scx=Katakana}\p{scx=Hangul}\uff00-\uffef]/u;

/** @typedef {{node: Text, mark: string, length: number, left: number, opens: boolean, closes: boolean, within: number}} Run */

/**
 * A run of one mark.
 * @param {string} marks
 * @param {string} before what stands there, the nearest character at least
 * @param {string} after
 * @returns {Run}
 */
export function run(marks, before, after) {
  const mark = marks[0];
  const one = /.$/su.exec(before)?.[0] ?? " ";
  const other = /^./su.exec(after)?.[0] ?? " ";
  const none = mark === "~" ? marks.length !== 2 : marks === "*" && /\d/.test(one) && /\d/.test(other); // 2*3*4
  const anyhow = UNSPACED.test(one) || UNSPACED.test(other);
  const [afterMark, beforeMark] = [PUNCTUATION.test(one), PUNCTUATION.test(other)];
  const left = !none && !/\s/.test(other) && (anyhow || !beforeMark || afterMark || /\s/.test(one));
  const right = !none && !/\s/.test(one) && (anyhow || !afterMark || beforeMark || /\s/.test(other));
  const opens = left && (mark !== "_" || !right || afterMark);
  const closes = right && (mark !== "_" || !left || beforeMark);
  return { node: new Text(marks), mark, length: marks.length, left: marks.length, opens, closes, within: 0 };
}

/**
 * Make elements of what these runs stand around: each end belongs to the nearest beginning that it fits.
 * @param {Run[]} runs
 */
export function emphasize(runs) {
  /** @type {Run[]} */
  const waiting = [];
  /** @type {Map<string, number>} how many of those that wait are known not to fit such an end */
  const tried = new Map();
  for (const end of runs) {
    while (end.closes && end.left) {
      const kind = `${end.mark}${end.opens}${end.length % 3}`;
      const known = tried.get(kind) ?? 0;
      const at = waiting.findLastIndex((begin, index) => index < known || fits(begin, end));
      if (at < known) {
        tried.set(kind, waiting.length);
        break;
      }
      wrap(waiting, at, end);
      for (const [other, count] of tried) tried.set(other, Math.min(count, waiting.length));
    }
    if (end.opens && end.left) waiting.push(end);
  }
}

/**
 * @param {Run} begin
 * @param {Run} end
 */
function fits(begin, end) {
  if (begin.mark !== end.mark) return false;
  return (!begin.closes && !end.opens) || (begin.length + end.length) % 3 !== 0 || begin.length % 3 === 0;
}

/**
 * Put an element around what stands between the run at `at` and its end. What waited in there waits no longer.
 * @param {Run[]} waiting
 * @param {number} at
 * @param {Run} end
 */
function wrap(waiting, at, end) {
  const begin = waiting[at];
  const size = begin.left > 1 && end.left > 1 ? 2 : 1;
  const within = 1 + waiting.splice(at).reduce((deepest, { within: depth }) => Math.max(deepest, depth), 0);
  begin.left -= size;
  end.left -= size;
  if (within <= DEEPEST) {
    const made = el(begin.mark === "~" ? "del" : size > 1 ? "strong" : "em");
    while (begin.node.nextSibling !== end.node) made.append(/** @type {Node} */ (begin.node.nextSibling));
    begin.node.data = begin.node.data.slice(size);
    end.node.data = end.node.data.slice(size);
    begin.node.after(made);
  }
  const outer = begin.left ? begin : waiting[waiting.length - 1];
  if (outer) outer.within = Math.max(outer.within, within);
  if (begin.left) waiting.push(begin);
}
