// A chat of the AI SDK without a page: `useChat` is this class with React's state. It reads commands from standard
// input, one line of JSON each, and prints the chat as it is after each of them.
import { createInterface } from "node:readline";

const [sdk, server, token, id, told] = process.argv.slice(2);
const { AbstractChat, DefaultChatTransport } = await import(sdk);

class State {
  status = "ready";
  error = undefined;
  messages = [];
  snapshot = structuredClone;
  pushMessage = (message) => (this.messages = [...this.messages, structuredClone(message)]);
  popMessage = () => (this.messages = this.messages.slice(0, -1));
  replaceMessage = (at, message) => (this.messages = this.messages.with(at, structuredClone(message)));
}

class Chat extends AbstractChat {
  constructor(init) {
    super({ ...init, state: new State() });
  }
}

// The connection of a response, which can be lost as browsers lose one.
let lose;

async function fetchLosable(address, options) {
  const response = await fetch(address, options);
  if (!response.body) return response;
  const lost = new AbortController();
  lose = () => lost.abort();
  const reader = response.body.getReader();
  const body = new ReadableStream({
    start(controller) {
      lost.signal.addEventListener("abort", () => {
        controller.error(new TypeError("network error"));
        reader.cancel();
      });
    },
    async pull(controller) {
      const { done, value } = await reader.read();
      if (lost.signal.aborted) return;
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  });
  return new Response(body, { status: response.status, headers: response.headers });
}

let data = [];
let finish;
const headers = { authorization: `Bearer ${token}`, ...JSON.parse(told) };
const chat = new Chat({
  id,
  transport: new DefaultChatTransport({ api: `${server}/api/chat`, headers, fetch: fetchLosable }),
  onData: (part) => data.push({ type: part.type, data: part.data }),
  onFinish: ({ isAbort, isDisconnect, isError, finishReason }) =>
    (finish = { isAbort, isDisconnect, isError, finishReason }),
});

let running;
const begun = (sending) => (running = sending);
const said = () =>
  data.some((part) => part.type === "data-route") && chat.lastMessage.parts.some((part) => part.type === "text");

const acts = {
  // Send, and wait for the whole answer, or until its first words are there.
  send: ({ message, options }) => begun(chat.sendMessage(message, options)),
  regenerate: ({ options }) => begun(chat.regenerate(options)),
  resume: () => begun(chat.resumeStream()),
  wait: () => running,
  leave: () => chat.stop(),
  lose: async () => {
    lose();
    await running;
  },
  post: async ({ path }) => (await fetch(`${server}/api/chat/${path}`, { method: "POST", headers })).json(),
  set: ({ messages }) => (chat.messages = messages),
  see: () => undefined,
};

async function untilSaid() {
  while (!said()) await new Promise((resolve) => setTimeout(resolve, 5));
}

for await (const line of createInterface({ input: process.stdin })) {
  const { act, begin, ...rest } = JSON.parse(line);
  data = [];
  const acting = acts[act](rest);
  const result = begin ? await untilSaid() : await acting;
  console.log(
    JSON.stringify({ status: chat.status, error: chat.error?.message, messages: chat.messages, data, finish, result }),
  );
}
