/** Shows TeX as MathML. Loaded with the first formula. */

/** @typedef {{type?: string, text?: string, attributes?: Record<string, string>, children?: TreeNode[]}} TreeNode of KaTeX */

const NAMESPACE = "http://www.w3.org/1998/Math/MathML";

/** What a formula may consist of; of other elements only the content is kept. */
const ELEMENTS = new Set([
  "math", "mfrac", "mi", "mn", "mo", "mover", "mpadded", "mphantom", "mroot", "mrow", "mspace", "msqrt", "mstyle", "msub", "msubsup",
  "msup", "mtable", "mtd", "mtext", "mtr", "munder", "munderover",
]);
const ATTRIBUTES = new Set([
  "accent", "accentunder", "columnalign", "columnlines", "columnspacing", "depth", "display", "displaystyle", "fence", "height", "largeop",
  "linethickness", "lspace", "mathsize", "mathvariant", "maxsize", "minsize", "rowlines", "rowspacing", "rspace", "scriptlevel", "separator",
  "stretchy", "voffset", "width",
]);

// The library names itself in the global scope.
await import(/** @type {string} */ ("./vendor/katex.js"));
const { katex } = /** @type {any} */ (globalThis);

/**
 * Put a formula in the place of its source, which stays where the source is wrong.
 * @param {Element} element
 * @param {string} tex
 * @param {boolean} display on a line of its own
 */
export function showFormula(element, tex, display) {
  /** @type {TreeNode} */
  let tree;
  try {
    tree = katex.__renderToDomTree(tex, { displayMode: display, output: "mathml", throwOnError: true, strict: "ignore", trust: false, maxExpand: 200, maxSize: 20 });
  } catch {
    return;
  }
  element.replaceChildren(...nodes(tree));
  element.classList.add("shown");
}

/**
 * @param {TreeNode} tree
 * @returns {(string | Node)[]}
 */
function nodes({ type = "", text, attributes = {}, children = [] }) {
  if (text !== undefined) return [text];
  if (type === "annotation") return []; // the source once more
  const content = children.flatMap(nodes);
  if (!ELEMENTS.has(type)) return content;
  const element = document.createElementNS(NAMESPACE, type);
  for (const [name, value] of Object.entries(attributes)) if (ATTRIBUTES.has(name)) element.setAttribute(name, value);
  element.append(...content);
  return [element];
}
