/** Markdown parser: markdown-it with tables, strikethrough, bare URLs and formulas; HTML stays text. */

/** Scripts without spaces between words, where punctuation beside an emphasis mark tells nothing about word boundaries. */
const UNSPACED_SCRIPTS = /[\p{scx=Han}\p{scx=Hiragana}\p{scx=Katakana}\p{scx=Hangul}\uff00-\uffef]/u;

/** What ends a formula, by what begins it. A dollar sign is money, and within a line two may be a price range. */
const FORMULA_ENDS = /** @type {Record<string, string>} */ ({ "$$": "$$", "\\(": "\\)", "\\[": "\\]" });
const FORMULA_BLOCK_ENDS = /** @type {Record<string, string>} */ ({ "$$": "$$", "\\[": "\\]" });
const NO_PRICE_RANGE = /^(?![,.;:!?)])(?=.*[=^_\\{])[^$\n]*$/;
/** How far the end of a formula is looked for. */
const MAX_FORMULA = 2000;
const MAX_FORMULA_LINES = 60;

/** @typedef {InstanceType<typeof import("markdown-it").default.Token>} Token */
/** @typedef {InstanceType<typeof import("markdown-it").default.StateCore>} ParserState */
/** @typedef {InstanceType<typeof import("markdown-it").default.StateInline>} InlineState */
/** @typedef {InstanceType<typeof import("markdown-it").default.StateBlock>} BlockState */

/**
 * Null if the library could not be loaded: answers are then shown as plain text.
 * @type {InstanceType<typeof import("markdown-it").default> | null}
 */
export let parser = null;

/** Resolves once loading has succeeded or failed. Not awaited here: that would delay every module that imports this one. */
export const parserReady = import(/** @type {string} */ ("./vendor/markdown-it.js")).then(
  (library) => { parser = createParser(library.default); },
  () => {},
);

/** @param {typeof import("markdown-it").default} MarkdownIt */
function createParser(MarkdownIt) {
  const markdown = new MarkdownIt({ linkify: true });
  markdown.linkify.set({ fuzzyLink: false }); // "report.py" is a file name, not a domain in Paraguay
  markdown.validateLink = () => true; // markdown.js checks all URLs in one place
  markdown.inline.State = class extends markdown.inline.State {
    /**
     * Whether a run of emphasis marks can open or close emphasis.
     * @param {number} start
     * @param {boolean} canSplitWord whether these marks count within a word, too
     */
    scanDelims(start, canSplitWord) {
      const run = super.scanDelims(start, canSplitWord);
      const before = /.$/su.exec(this.src.slice(Math.max(0, start - 2), start))?.[0] ?? " ";
      const after = /^./su.exec(this.src.slice(start + run.length, start + run.length + 2))?.[0] ?? " ";
      if (canSplitWord && /\d/.test(before) && /\d/.test(after)) return { ...run, can_open: false, can_close: false }; // 2*3*4
      if (!canSplitWord || !(UNSPACED_SCRIPTS.test(before) || UNSPACED_SCRIPTS.test(after))) return run;
      return { ...run, can_open: /\S/.test(after), can_close: /\S/.test(before) }; // **注意：**请
    }
  };
  markdown.inline.ruler.before("escape", "formula", readFormula);
  markdown.block.ruler.before("fence", "formula", readFormulaBlock, { alt: ["paragraph", "reference", "blockquote", "list"] });
  markdown.core.ruler.before("inline", "unfinished_heading", revertUnfinishedHeading);
  markdown.core.ruler.push("heading_levels", setHeadingLevels);
  return markdown;
}

/**
 * One or two dashes under the last line make it a heading, but in a growing answer they are the start of a list item.
 * @param {ParserState} state
 */
function revertUnfinishedHeading({ src, tokens }) {
  const dashes = /\n[ \t]*(--?)$/.exec(src)?.[1];
  const index = tokens.findLastIndex(({ type }) => type === "heading_open");
  if (!dashes || tokens[index]?.markup !== "-" || tokens[index].map?.[1] !== src.split("\n").length) return;
  Object.assign(tokens[index], { type: "paragraph_open", tag: "p" });
  Object.assign(tokens[index + 2], { type: "paragraph_close", tag: "p" });
  tokens[index + 1].content += `\n${dashes}`;
}

/**
 * Headings start at h3, below the page's own, and skip no level: screen reader users navigate by level.
 * @param {ParserState} state
 */
function setHeadingLevels({ tokens }) {
  /** @type {string[]} */
  const ancestors = [];
  for (const token of tokens.filter(({ type }) => type === "heading_open")) {
    while (ancestors.length && ancestors[ancestors.length - 1] >= token.tag) ancestors.pop();
    ancestors.push(token.tag);
    token.tag = `h${Math.min(6, 2 + ancestors.length)}`;
  }
}

/**
 * A formula within a line: \(…\), \[…\] or $$…$$.
 * @param {InlineState} state
 * @param {boolean} silent
 */
function readFormula(state, silent) {
  const start = state.pos + 2;
  const markup = state.src.slice(state.pos, start);
  const info = FORMULA_ENDS[markup];
  const length = info ? state.src.slice(start, Math.min(start + MAX_FORMULA, state.posMax)).indexOf(info) : -1;
  const content = state.src.slice(start, start + Math.max(0, length)).trim();
  if (!content || (markup === "$$" && !NO_PRICE_RANGE.test(content))) return false;
  if (!silent) Object.assign(state.push("formula", "", 0), { content, markup, info });
  state.pos = start + length + 2;
  return true;
}

/**
 * A formula of whole lines: $$…$$ or \[…\].
 * @param {BlockState} state
 * @param {number} first line
 * @param {number} end the line after the last one
 * @param {boolean} silent
 */
function readFormulaBlock(state, first, end, silent) {
  const lineAt = (/** @type {number} */ line) => state.src.slice(state.bMarks[line] + state.tShift[line], state.eMarks[line]).trimEnd();
  const markup = lineAt(first).slice(0, 2);
  const info = FORMULA_BLOCK_ENDS[markup];
  if (!info || state.sCount[first] - state.blkIndent >= 4) return false;
  const lines = [lineAt(first).slice(2)];
  while (!lines[lines.length - 1].endsWith(info)) {
    const next = first + lines.length;
    if (next >= Math.min(end, first + MAX_FORMULA_LINES) || state.isEmpty(next) || state.sCount[next] < state.blkIndent) return false;
    lines.push(lineAt(next));
  }
  const content = lines.join("\n").slice(0, -2).trim();
  if (!content) return false;
  if (silent) return true;
  state.line = first + lines.length;
  Object.assign(state.push("formula_block", "", 0), { content, markup, info, block: true, map: [first, state.line] });
  return true;
}
