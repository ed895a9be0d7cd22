/** Runs in the page: what the renderer makes of documents, at once and piece by piece. */
async ({ documents, way }) => {
  const { Sheet } = await import("/page/markdown.js");
  await (await import("/page/parser.js")).loaded;
  const shown = (...texts) => {
    const place = document.createElement("div");
    const sheet = new Sheet(place);
    for (const text of texts) sheet.show(text);
    return place;
  };
  const attributes = {
    a: (node) => ({ href: node.getAttribute("href") }),
    ol: (node) => ({ start: node.getAttribute("start") }),
    input: (node) => ({ checked: node.checked ? "True" : "False" }),
    th: (node) => ({ side: node.className }),
    td: (node) => ({ side: node.className }),
  };
  const within = (node) => [...node.childNodes].map(tree);
  const tree = (node) => {
    if (node instanceof Text) return node.data;
    if (node.matches("div.wide")) return tree(node.firstChild);
    if (node.matches("figure.code")) {
      const code = node.querySelector("code").textContent;
      return ["pre", { language: node.querySelector("span").textContent }, code ? [code] : []];
    }
    return [node.localName.replace(/^h\d$/, "heading"), attributes[node.localName]?.(node) ?? {}, within(node)];
  };
  const grown = (text, step) => {
    const pieces = [];
    for (let end = step; end < text.length; end += step) pieces.push(text.slice(0, end));
    return shown(...pieces, text).innerHTML;
  };
  const ways = {
    trees: (text) => {
      const place = shown(text);
      place.normalize(); // texts that touch are one
      return within(place);
    },
    pieces: (text) => [1, 2, 7, 40].every((step) => grown(text, step) === shown(text).innerHTML)
      && shown(text, documents[0], text).innerHTML === shown(text).innerHTML,
    headings: (text) => [...shown(text).querySelectorAll("h1, h2, h3, h4, h5, h6")].map((node) => node.tagName),
    seconds: (text) => {
      const begun = performance.now();
      shown(text);
      return (performance.now() - begun) / 1000;
    },
  };
  return documents.map(ways[way]);
}
