// An AG-UI agent. It reads commands from standard input, one line of JSON each, and prints the agent as it is after each
// of them. tests/doors/ag_ui.py puts the class of docs/doors.md before this, which may be the agent's.
import { createInterface } from "node:readline";

const [kind, url, token, threadId] = process.argv.slice(1);
const warnings = [];
console.warn = (warning) => warnings.push(warning);
console.error = () => {}; // the client prints each error that it throws

// When a connection is lost, the client also rejects a promise that nobody waits for.
process.on("unhandledRejection", () => {});

const headers = { Authorization: `Bearer ${token}` };
const Agent = { HttpAgent, FrontdeskAgent }[kind];
const agent = new Agent({ url, threadId, headers });
let events = [];
agent.subscribe({ onEvent: ({ event }) => void events.push(event) });

let running;
const begun = (promise) =>
  (running = promise.then(
    ({ newMessages }) => ({ newMessages }),
    (error) => ({ error: { status: error.status, payload: error.payload, message: error.message } }),
  ));

const acts = {
  // Run, and wait for the end, or until the first words are there; `say` adds a message before.
  run: ({ say, ...parameters }) => {
    if (say) agent.addMessage({ id: crypto.randomUUID(), role: "user", content: say });
    return begun(agent.runAgent(parameters));
  },
  wait: () => running,
  stop: async () => (await agent.stop()).json(),
  set: ({ messages, state }) => {
    agent.setMessages(messages);
    agent.setState(state ?? {});
  },
};

async function untilSaid() {
  while (!events.some((event) => event.type === "TEXT_MESSAGE_CONTENT")) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const { act, begin, ...rest } = JSON.parse(line);
  if (act !== "wait" && act !== "stop") events = [];
  const acting = acts[act](rest);
  const result = begin ? await untilSaid() : await acting;
  console.log(JSON.stringify({ messages: agent.messages, state: agent.state, events, warnings, result: result ?? null }));
}
