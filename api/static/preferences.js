/**
 * Applies this browser's preferences before the page is first painted. A classic script, because the parser waits for it;
 * a module would come later, and the page would change before the reader's eyes.
 */
{
  const LANGUAGES = ["en", "de"];
  const root = document.documentElement;
  const wanted = [localStorage.getItem("frontdesk.language") ?? "", ...navigator.languages].map((tag) => tag.split("-")[0]);
  const language = wanted.find((tag) => LANGUAGES.includes(tag)) ?? "en";
  for (const name of [language, ...(root.dataset.page ? [`${root.dataset.page}-${language}`] : [])]) {
    const preload = document.createElement("link");
    preload.rel = "modulepreload";
    preload.href = `/page/texts/${name}.js`;
    document.head.append(preload);
  }
  root.lang = language;
  root.classList.toggle("opening", location.hash.startsWith("#c=")); // no welcome screen for a moment

  const applyStyle = () => {
    const theme = localStorage.getItem("frontdesk.theme") ?? "system";
    root.dataset.theme = theme;
    for (const meta of /** @type {NodeListOf<HTMLMetaElement>} */ (document.querySelectorAll("meta[name=theme-color]"))) {
      const { scheme } = meta.dataset;
      meta.media = theme === "system" ? `(prefers-color-scheme: ${scheme})` : scheme === theme ? "all" : "not all";
    }
    root.dataset.textSize = localStorage.getItem("frontdesk.textSize") ?? "normal";
  };
  applyStyle();
  addEventListener("storage", applyStyle); // changed in another tab
  addEventListener("preferencechange", applyStyle);
}
