/** Colours code by its language. Loaded with the first code block that names one; each grammar with its first block. */

/** Languages by the names that code blocks give them. */
const NAMES = new Map(Object.entries({
  bash: "bash", sh: "bash", shell: "bash", zsh: "bash", console: "bash", css: "css", excel: "excel", xlsx: "excel", xls: "excel",
  java: "java", javascript: "javascript", js: "javascript", jsx: "javascript", mjs: "javascript", json: "json", jsonc: "json",
  python: "python", py: "python", r: "r", sql: "sql", postgresql: "sql", mysql: "sql", typescript: "typescript", ts: "typescript",
  tsx: "typescript", html: "xml", svg: "xml", xml: "xml", yaml: "yaml", yml: "yaml",
}));

/** The class of each kind of token that is coloured; the others have the colour of text. */
const CLASSES = /** @type {Record<string, string>} */ ({
  keyword: "keyword", literal: "keyword", built_in: "keyword", tag: "keyword", name: "keyword", "selector-tag": "keyword",
  string: "string", regexp: "string", symbol: "string", number: "number", attr: "name", attribute: "name", property: "name",
  title: "title", type: "title", "selector-class": "title", "selector-id": "title", meta: "comment", comment: "comment", quote: "comment",
});

/** Characters beyond which code stays as it is. */
const MAX_LENGTH = 20_000;

/** @typedef {{scope?: string, children: (string | TreeNode)[]}} TreeNode of highlight.js */

/** @type {Map<string, Promise<any>>} highlight.js with each grammar that has been asked for */
const libraries = new Map();

/**
 * Colour the code in this element. Its text stays the same; nothing happens where the library lacks its language.
 * @param {HTMLElement} code with the language's name in `data-language`
 */
export async function highlight(code) {
  const language = NAMES.get(code.dataset.language?.toLowerCase() ?? "");
  const text = code.textContent ?? "";
  if (!language || text.length > MAX_LENGTH) return;
  if (!libraries.has(language)) libraries.set(language, load(language));
  const library = await libraries.get(language);
  if (!library) return;
  const { _emitter } = library.highlight(text, { language, ignoreIllegals: true }); // a tree; `value` would be HTML
  code.replaceChildren(...nodes(_emitter.root));
}

/** @param {string} language */
async function load(language) {
  try {
    const [core, grammar] = await Promise.all(
      ["highlight", `highlight-${language}`].map((name) => import(/** @type {string} */ (`./vendor/${name}.js`))));
    core.default.registerLanguage(language, grammar.default);
    return core.default;
  } catch {
    return null; // an installation may lack the files
  }
}

/**
 * @param {TreeNode} tree
 * @returns {(string | Node)[]}
 */
function nodes({ children }) {
  return children.flatMap((child) => {
    if (typeof child === "string") return [child];
    const name = CLASSES[child.scope?.split(".")[0] ?? ""];
    if (!name) return nodes(child);
    const span = document.createElement("span");
    span.className = `code-${name}`;
    span.append(...nodes(child));
    return [span];
  });
}
