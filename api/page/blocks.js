/** Markdown taken apart into blocks, line by line: what is still open (quotes, items, one leaf) goes on or ends. */

import { decoded } from "./entities.js";
import { Line } from "./line.js";

/** Lists and quotes within each other deeper than this are text. */
const DEEPEST = 16;
/** A table of more columns is text: each row has them all, however short it is written. */
const WIDEST = 64;

const HEADING = /^(#{1,6})(?:[ \t]|$)/;
const FENCE = /^(?:(`{3,})([^`]*)|(~{3,})(.*))$/;
const RULE = /^(?:([-*_])[ \t]*)(?:\1[ \t]*){2,}$/;
const ITEM = /^(?:[-*+]|(\d{1,9})[.)])(?=[ \t]|$)/;
/** In angle brackets, or with brackets in it that end again, three deep. */
export const ADDRESS = String.raw`(?:<((?:\\.|[^\\<>\n])*)>|(?!<)((?:\\.|[^\\\s()]|\((?:\\.|[^\\\s()]|\((?:\\.|[^\\\s()])*\))*\))*))`;
export const TITLE = String.raw`(?:\s+(?:"(?:\\[^]|[^\\"])*"|'(?:\\[^]|[^\\'])*'|\((?:\\[^]|[^\\()])*\)))?`;
export const LABEL = String.raw`\[((?:\\[^]|[^\\[\]]){0,999})\]`;
const DEFINITION = new RegExp(String.raw`^${LABEL}:\s*(?!\s|$)${ADDRESS}${TITLE}[ \t]*(?:\n|$)`);

/** @typedef {"document" | "quote" | "list" | "item" | "text" | "heading" | "code" | "rule" | "table"} Kind */
/**
 * A container, which has children, or a leaf, which has lines.
 * @typedef {object} Block
 * @property {Kind} kind
 * @property {string} mark a fence, or the last character of a list's marks
 * @property {number} number a heading's level, a list's first number, the columns before what is in an item or a code
 * @property {string} info what a fence says of its code
 * @property {string[]} lines
 * @property {Block[]} children
 * @property {number} from the line of the document where it begins
 * @property {boolean} apart whether a blank line stands before it
 */

/**
 * @param {Kind} kind
 * @param {Partial<Block>} [given]
 * @returns {Block}
 */
function block(kind, given) {
  return { kind, mark: "", number: 0, info: "", lines: [], children: [], from: 0, apart: false, ...given };
}

/** A document that is read. The last line may still be growing. */
export class Reading {
  /** @param {string[]} lines */
  constructor(lines) {
    this.root = block("document");
    /** Containers that lie within each other. */
    this.open = [this.root];
    /** @type {Block | null} the leaf in the innermost, as long as it may go on */
    this.leaf = null;
    /** The line before was blank, for open containers from this one on: a blank line in a quote is none around it. */
    this.blank = Infinity;
    /** @type {Map<string, string>} addresses by their labels */
    this.addresses = new Map();
    this.last = lines.length - 1;
    for (this.at = 0; this.at < this.last || lines[this.at]; this.at += 1) this.read(new Line(lines[this.at]));
    this.close(1);
  }

  /** @param {Line} line */
  read(line) {
    let depth = 1;
    while (depth < this.open.length && goesOn(this.open[depth], line)) depth += 1;
    const matched = depth;
    const going = depth === this.open.length ? this.leaf : null;
    if (going?.kind !== "code" || !this.code(going, line)) {
      while (depth <= DEEPEST && this.container(line, depth, depth === matched && going?.kind === "text")) depth += 1;
      if (line.blank) this.close(depth);
      else this.content(line, depth, going);
    }
    const apart = line.blank && !going?.mark && (depth === matched || this.open[depth - 1].kind !== "item");
    this.blank = apart ? Math.max(0, this.open.findLastIndex(({ kind }) => kind === "quote")) : Infinity;
  }

  /** @param {number} depth of the containers that stay open */
  close(depth) {
    this.open.length = depth;
    if (this.leaf?.kind === "text") this.define(this.leaf);
    this.leaf = null;
  }

  /**
   * @param {Block} made
   * @param {Block} [parent]
   */
  add(made, parent = this.open[this.open.length - 1]) {
    Object.assign(made, { from: this.at, apart: this.open.length > this.blank });
    parent.children.push(made);
    return made;
  }

  /**
   * Go on with a code, if this is a line of it.
   * @param {Block} code
   * @param {Line} line
   */
  code({ mark, number, lines }, line) {
    const inner = line.indent > 3;
    if (!mark && !inner && !line.blank) return false;
    const end = line.rest.trimEnd();
    if (mark && !inner && end.length >= mark.length && end === mark[0].repeat(end.length)) this.leaf = null;
    else {
      line.take(number);
      lines.push(line.text);
    }
    return true;
  }

  /**
   * Begin the quote or the item that the line begins, if it does.
   * @param {Line} line
   * @param {number} depth
   * @param {boolean} interrupts a paragraph, which not every item may
   */
  container(line, depth, interrupts) {
    const { indent, rest } = line;
    if (indent > 3) return false;
    if (rest[0] === ">") {
      this.close(depth);
      this.open.push(this.add(block("quote")));
      return goesOn(this.open[depth], line);
    }
    const [mark, number] = ITEM.exec(rest) ?? [];
    if (!mark || RULE.test(rest)) return false;
    if (interrupts && (mark === rest.trimEnd() || Number(number ?? 1) !== 1)) return false;
    this.close(depth);
    line.skip(mark.length);
    const columns = line.blank || line.indent > 4 ? 1 : line.indent;
    line.take(columns);
    const kind = mark[mark.length - 1];
    const last = this.open[depth - 1].children.at(-1);
    const list = last?.kind === "list" && last.mark === kind ? last : this.add(block("list", { mark: kind, number: Number(number ?? -1) }));
    this.open.push(this.add(block("item", { number: indent + mark.length + columns }), list));
    return true;
  }

  /**
   * Go on with the leaf, or begin another.
   * @param {Line} line
   * @param {number} depth
   * @param {Block | null} going the leaf whose containers all go on
   */
  content(line, depth, going) {
    const { indent, rest } = line;
    const text = this.leaf?.kind === "text" ? this.leaf : null; // goes on also without the mark of its quote
    if (indent < 4 && text && text === going && this.turn(text, rest)) return;
    const begun = indent < 4 ? leaf(rest, indent) : text ? null : block("code", { number: 4 });
    if (!begun && text) text.lines.push(rest);
    else if (!begun && going?.kind === "table" && going === this.leaf) going.lines.push(rest);
    else {
      this.close(depth);
      this.leaf = this.add(begun ?? block("text", { lines: [rest] }));
      if (begun && indent > 3) this.code(begun, line);
    }
  }

  /**
   * Make a table or a heading of a paragraph, if this is what stands below one.
   * @param {Block} text
   * @param {string} rest
   */
  turn(text, rest) {
    const head = text.lines[text.lines.length - 1];
    const sides = cells(rest);
    if (head.includes("|") && sides.length === cells(head).length && sides.length <= WIDEST && sides.every((side) => /^:?-+:?$/.test(side))) {
      const whole = text.lines.length < 2; // else what is above stays a paragraph
      text.lines.pop();
      if (whole) this.open[this.open.length - 1].children.pop();
      this.close(this.open.length);
      this.leaf = this.add(block("table", { lines: [head, rest] }));
      Object.assign(this.leaf, { from: this.at - 1, apart: whole && text.apart });
      return true;
    }
    // One mark or two may still become an item's beginning, or a rule.
    if (!/^(?:=+|-+)[ \t]*$/.test(rest) || (this.at === this.last && rest.length < 3)) return false;
    this.define(text);
    if (!text.lines.length) return false;
    Object.assign(text, { kind: "heading", number: rest[0] === "=" ? 1 : 2 });
    this.leaf = null;
    return true;
  }

  /** @param {Block} text a paragraph, from whose beginning addresses are taken; the first one of a label counts */
  define(text) {
    let rest = text.lines.join("\n");
    for (let match; rest[0] === "[" && (match = DEFINITION.exec(rest)) && match[1].trim(); rest = rest.slice(match[0].length)) {
      const label = plain(match[1]);
      if (!this.addresses.has(label)) this.addresses.set(label, decoded(match[2] ?? match[3]));
    }
    text.lines = rest ? rest.split("\n") : [];
  }
}

/**
 * Whether a container goes on in this line, from which its mark is taken then.
 * @param {Block} container
 * @param {Line} line
 */
function goesOn({ kind, number, children }, line) {
  if (kind === "item" ? (line.blank ? !children.length : line.indent < number) : line.indent > 3 || line.rest[0] !== ">") return false;
  if (kind === "quote") line.skip(1);
  line.take(kind === "quote" ? 1 : number);
  return true;
}

/**
 * The leaf that this begins; null: a paragraph.
 * @param {string} rest
 * @param {number} indent
 */
function leaf(rest, indent) {
  const level = HEADING.exec(rest)?.[1].length;
  if (level) return block("heading", { number: level, lines: [rest.slice(level).trim().replace(/(?:^|[ \t])#+$/, "")] });
  const [, ticks, about, tildes, other] = FENCE.exec(rest) ?? [];
  if (ticks || tildes) return block("code", { mark: ticks || tildes, info: decoded(about ?? other).trim(), number: indent });
  return RULE.test(rest) ? block("rule") : null;
}

/** @param {string} row of a table */
export function cells(row) {
  return row.trim().replace(/^\||(?<!\\)\|$/g, "").split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll("\\|", "|"));
}

/** @param {string} label as it is compared */
export function plain(label) {
  return label.trim().replace(/\s+/g, " ").toLowerCase().toUpperCase();
}
