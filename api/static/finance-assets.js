/** Loads the texts and the style sheet of documents and transactions, before any module that imports this one runs. */

import { el } from "./dom.js";
import { addFinanceTexts } from "./texts.js";

const STYLE = "/page/finances.css";

await Promise.all([addFinanceTexts(), addStyle()]);

function addStyle() {
  if (document.querySelector(`link[href="${STYLE}"]`)) return null;
  return new Promise((resolve, reject) => {
    document.head.append(el("link", { rel: "stylesheet", href: STYLE, onload: resolve, onerror: reject }));
  });
}
