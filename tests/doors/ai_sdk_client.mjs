// A chat of the AI SDK without a page: `useChat` is this class with React's state. It reads commands from standard
// input, one line of JSON each, and prints the chat as it is after each of them.
import { createInterface } from "node:readline";

const [sdk, server, token, id, told] = process.argv.slice(2);
const { AbstractChat, DefaultChatTransport, validateUIMessages } = await import(sdk);

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
let asked;

async function fetchLosable(address, options) {
  asked = fetch(address, options);
  const response = await asked;
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
let query = "";
const headers = { authorization: `Bearer ${token}`, ...JSON.parse(told) };
const chat = new Chat({
  id,
  transport: new DefaultChatTransport({
    api: `${server}/api/chat`,
    headers,
    fetch: fetchLosable,
    prepareReconnectToStreamRequest: ({ api, id, headers }) => ({ api: `${api}/${id}/stream${query}`, headers }),
  }),
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
  resume: ({ of }) => {
    query = of ? `?message=${of}` : "";
    return begun(chat.resumeStream());
  },
  wait: () => running,
  leave: () => chat.stop(),
  lose: async () => {
    lose();
    await running;
  },
  post: async ({ path }) => (await fetch(`${server}/api/chat/${path}`, { method: "POST", headers })).json(),
  set: ({ messages }) => (chat.messages = messages),
  // What a page that is opened begins with.
  load: async ({ query = "" }) => {
    const messages = await (await fetch(`${server}/api/chat/${id}/messages${query}`, { headers })).json();
    chat.messages = messages.length ? await validateUIMessages({ messages }) : []; // it refuses an empty list
  },
  see: () => undefined,
};

// Its status is out before there is anything to read.
async function untilAnswered() {
  while (!asked) await new Promise((resolve) => setTimeout(resolve, 5));
  return (await asked).status;
}

async function untilSaid() {
  while (!said()) await new Promise((resolve) => setTimeout(resolve, 5));
}

for await (const line of createInterface({ input: process.stdin })) {
  const { act, begin, ...rest } = JSON.parse(line);
  data = [];
  asked = undefined;
  const acting = acts[act](rest);
  const result = await (begin === "status" ? untilAnswered() : begin ? untilSaid() : acting);
  console.log(
    JSON.stringify({ status: chat.status, error: chat.error?.message, messages: chat.messages, data, finish, result }),
  );
}
