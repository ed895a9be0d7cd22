/** Runs in the chat page: renders documents with the page's own renderer, and returns what a test asks about them. */
async ({ documents, result }) => {
  const { MarkdownView } = await import("/page/markdown.js");
  await (await import("/page/markdown-parser.js")).parserReady;
  const render = (...texts) => {
    const container = document.createElement("div");
    const view = new MarkdownView(container);
    for (const text of texts) view.render(text);
    return container;
  };
  const attributes = {
    a: (node) => ({ href: node.getAttribute("href") }),
    ol: (node) => ({ start: node.getAttribute("start") }),
    input: (node) => ({ checked: node.checked ? "True" : "False" }),
    th: (node) => ({ align: node.className }),
    td: (node) => ({ align: node.className }),
  };
  const children = (node) => [...node.childNodes].map(toTree);
  const toTree = (node) => {
    if (node instanceof Text) return node.data;
    if (node.matches("div.table-scroll")) return toTree(node.firstChild);
    if (node.matches("figure.code")) {
      const code = node.querySelector("code").textContent;
      return ["pre", { language: node.querySelector("span").textContent }, code ? [code] : []];
    }
    return [node.localName.replace(/^h\d$/, "heading"), attributes[node.localName]?.(node) ?? {}, children(node)];
  };
  const renderInSteps = (text, step) => {
    const prefixes = [];
    for (let end = step; end < text.length; end += step) prefixes.push(text.slice(0, end));
    return render(...prefixes, text).innerHTML;
  };
  const results = {
    trees: (text) => {
      const container = render(text);
      container.normalize(); // merges adjacent text nodes
      return children(container);
    },
    incremental: (text) => [1, 2, 7, 40].every((step) => renderInSteps(text, step) === render(text).innerHTML)
      && render(text, documents[0], text).innerHTML === render(text).innerHTML,
    headings: (text) => [...render(text).querySelectorAll("h1, h2, h3, h4, h5, h6")].map((node) => node.tagName),
    beginning: (text) => render(text).textContent.slice(0, 20),
  };
  return documents.map(results[result]);
}
