// React's hooks in a page without a browser: talks, stops an answer, leaves during another, is opened again, and has the
// last answer given anew. Prints a line when an answer goes on in the page that was opened again, and at the end a line
// of JSON with what was shown.
import { createElement } from "react";
import { create } from "react-test-renderer";

const [hook, server, token] = process.argv.slice(2);
const headers = { authorization: `Bearer ${token}` };
const warn = console.error;
console.error = (...said) => /react-test-renderer is deprecated/.test(said[0]) || warn(...said);

// A page that shows nothing but what its hook returns; `leave` closes it.
function opened(use) {
  const page = {};
  const Page = () => ((page.shown = use()), null);
  const root = create(createElement(Page));
  page.leave = () => root.unmount();
  page.until = async (so) => {
    while (!page.shown || !so(page.shown)) await new Promise((resolve) => setTimeout(resolve, 5));
    return page.shown;
  };
  return page;
}

const hooks = {
  async useChat() {
    const { useChat } = await import("@ai-sdk/react");
    const { DefaultChatTransport } = await import("ai");
    const api = `${server}/api/chat`;
    const transport = new DefaultChatTransport({ api, headers: { ...headers, "X-AI-SDK": "7" } });
    const messages = async () => (await fetch(`${api}/c-1/messages`, { headers })).json();
    const texts = ({ messages }) =>
      messages.map(({ parts }) => parts.filter(({ type }) => type === "text").map(({ text }) => text).join(""));
    return {
      open: async () => {
        const before = await messages();
        return opened(() => useChat({ id: "c-1", messages: before, resume: true, transport }));
      },
      send: ({ sendMessage }, text) => sendMessage({ text }),
      again: ({ regenerate }) => regenerate(),
      stop: async ({ stop }) => {
        await fetch(`${api}/c-1/stop`, { method: "POST", headers });
        return stop();
      },
      texts,
      ready: ({ status }) => status === "ready",
    };
  },

  // The same name in another package, which streams the whole thread.
  async "useStream of @langchain/react"() {
    const { useStream, useMessageMetadata } = await import("@langchain/react");
    const settings = { apiUrl: `${server}/langgraph`, assistantId: "prime", defaultHeaders: headers };
    let threadId;
    const use = () => {
      const stream = useStream({ ...settings, threadId, onThreadId: (id) => (threadId = id) });
      const last = useMessageMetadata(stream, stream.messages.at(-1)?.id);
      return { ...stream, forkFrom: last?.parentCheckpointId };
    };
    return {
      open: async () => opened(use),
      send: ({ submit }, content) => submit({ messages: [{ type: "human", content }] }),
      again: ({ submit, forkFrom }) => submit(null, { forkFrom }),
      stop: ({ stop }) => stop(),
      texts: ({ messages }) => messages.map(({ text }) => text),
      ready: ({ isLoading, isThreadLoading }) => !isLoading && !isThreadLoading,
    };
  },

  async useStream() {
    const kept = new Map(); // what the tab keeps while its page is closed
    globalThis.window = {
      sessionStorage: {
        getItem: (key) => kept.get(key) ?? null,
        setItem: (key, value) => kept.set(key, value),
        removeItem: (key) => kept.delete(key),
      },
    };
    const { useStream } = await import("@langchain/langgraph-sdk/react");
    let threadId;
    // As Agent Chat UI uses it, but that its page is not opened again.
    const settings = {
      apiUrl: `${server}/langgraph`, assistantId: "prime", defaultHeaders: headers, messagesKey: "messages",
      fetchStateHistory: true, onCustomEvent: () => undefined, onThreadId: (id) => (threadId = id),
    };
    const streamed = { streamMode: ["values"], streamSubgraphs: true, streamResumable: true };
    return {
      open: async () => opened(() => useStream({ ...settings, threadId, reconnectOnMount: true })),
      send: ({ submit }, content) => {
        const messages = [{ type: "human", content }];
        const optimisticValues = (before) => ({ ...before, messages: [...(before.messages ?? []), ...messages] });
        return submit({ messages }, { ...streamed, optimisticValues });
      },
      again: ({ submit, messages, getMessagesMetadata }) => {
        const checkpoint = getMessagesMetadata(messages.at(-1))?.firstSeenState?.parent_checkpoint;
        return submit(undefined, { ...streamed, checkpoint });
      },
      stop: ({ stop }) => stop(),
      texts: ({ messages }) => messages.map(({ content }) => content),
      ready: ({ isLoading, isThreadLoading }) => !isLoading && !isThreadLoading,
    };
  },
};

const { open, send, again, stop, texts, ready } = await hooks[hook]();
const says = (text) => (shown) => texts(shown).at(-1) === text;
const seen = [];

const page = await open();
send(await page.until(ready), "First");
seen.push(texts(await page.until((shown) => says("One.")(shown) && ready(shown))));
send(page.shown, "Second");
await stop(await page.until(says("Well, ")));
await page.until(ready); // `useStream` may have read the thread before what was said was kept: it is shown below
send(page.shown, "Third");
await page.until(says("So, "));
page.leave();

const later = await open();
await later.until(says("So, "));
console.log("again");
seen.push(texts(await later.until((shown) => says("So, it does.")(shown) && ready(shown))));
again(later.shown);
seen.push(texts(await later.until((shown) => says("Anew.")(shown) && ready(shown))));
console.log(JSON.stringify(seen));
process.exit(); // the hooks' timers would keep it
