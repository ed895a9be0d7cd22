// LangGraph's JavaScript client does what its first argument says, and prints what it got as one line of JSON.
import { Client } from "@langchain/langgraph-sdk";
import { StreamController } from "@langchain/langgraph-sdk/stream";
import { StreamManager, MessageTupleManager } from "@langchain/langgraph-sdk/ui";

const [what, apiUrl, token] = process.argv.slice(2);

// The connection of the first stream is lost that has a piece of an answer, after that, as browsers lose one.
let loses = what === "rejoin" || what === "threadRejoin";
const methods = [];

async function fetchLosable(address, options) {
  methods.push(options.method ?? "GET");
  const response = await fetch(address, options);
  const streams = response.headers.get("content-type")?.startsWith("text/event-stream");
  if (!loses || !streams) return response;
  const reader = response.body.getReader();
  let heard = "";
  let sent = 0;
  const body = new ReadableStream({
    async pull(controller) {
      const end = heard.indexOf("\n\n", heard.indexOf("event: messages\n")) + 2;
      if (loses && heard.includes("event: messages\n") && sent === end) {
        loses = false;
        reader.cancel();
        return controller.error(new TypeError("network error"));
      }
      const { value, done } = await reader.read();
      if (done) return controller.close();
      if (!loses) return controller.enqueue(value);
      heard += Buffer.from(value).toString("latin1");
      const begins = heard.indexOf("event: messages\n");
      const ends = begins < 0 ? 0 : heard.indexOf("\n\n", begins) + 2;
      const until = ends > 1 ? ends : heard.length;
      controller.enqueue(Buffer.from(heard.slice(sent, until), "latin1"));
      sent = until;
    },
    cancel: (reason) => reader.cancel(reason),
  });
  return new Response(body, { status: response.status, headers: response.headers });
}

const client = new Client({
  apiUrl,
  defaultHeaders: { authorization: `Bearer ${token}` },
  callerOptions: { fetch: fetchLosable, maxRetries: 0 },
});
const input = (content) => ({ messages: [{ type: "human", content }] });
const texts = (values) => values.messages.map((message) => message.content);
const refused = async (attempt) => {
  try {
    await attempt();
  } catch (error) {
    return { status: error.status, code: JSON.parse(error.text).code };
  }
};

const acts = {
  async stream() {
    const { thread_id } = await client.threads.create({ metadata: { topic: "tax" } });
    const events = [];
    let run, chunks = "", values;
    const streamed = client.runs.stream(thread_id, "ledger", {
      input: input("Hello"),
      streamMode: ["values", "messages-tuple"],
      onRunCreated: (created) => (run = created),
    });
    for await (const { event, data } of streamed) {
      events.push(event);
      if (event === "messages") chunks += data[0].content;
      if (event === "values") values = data;
    }
    const state = await client.threads.getState(thread_id);
    const [found] = await client.threads.search({ metadata: { topic: "tax" } });
    const history = await client.threads.getHistory(thread_id);
    const { status } = await client.runs.get(thread_id, run.run_id);
    await client.threads.delete(thread_id);
    return {
      chunks,
      texts: texts(values),
      same: JSON.stringify(values) === JSON.stringify(state.values),
      found: found.thread_id === thread_id && run.thread_id === thread_id,
      states: history.length,
      status,
      ends: [events[0], events.at(-1)],
    };
  },
  async background() {
    const { thread_id } = await client.threads.create();
    const run = await client.runs.create(thread_id, "prime", { input: input("Hello") });
    const values = await client.runs.join(thread_id, run.run_id);
    const rejoined = [];
    for await (const { event } of client.runs.joinStream(thread_id, run.run_id, { lastEventId: "-1" })) {
      rejoined.push(event);
    }
    return { texts: texts(values), rejoined };
  },
  async refused() {
    const { thread_id } = await client.threads.create();
    return {
      command: await refused(() => client.runs.create(thread_id, "frontdesk", { command: { resume: "yes" } })),
      assistant: await refused(() => client.assistants.get("nobody")),
    };
  },
  async limit() {
    await client.runs.wait(null, "frontdesk", { input: input("First") });
    return refused(() => client.runs.create(null, "frontdesk", { input: input("Second") }));
  },
  // The answer waits for ever: a second message is rejected, then interrupts it, and is stopped itself.
  async busy() {
    const { thread_id } = await client.threads.create();
    const first = await client.runs.create(thread_id, "prime", { input: input("First") });
    const again = { input: input("Second"), streamMode: "messages-tuple" };
    const rejected = await refused(() =>
      client.runs.create(thread_id, "prime", { ...again, multitaskStrategy: "reject" }),
    );
    for await (const { event, data } of client.runs.stream(thread_id, "prime", { ...again, multitaskStrategy: "interrupt" })) {
      if (event === "messages") await client.runs.cancel(thread_id, data[1].run_id, true);
    }
    const runs = await client.runs.list(thread_id);
    const { values } = await client.threads.get(thread_id);
    return { rejected, statuses: runs.map((run) => run.status), texts: texts(values) };
  },
  async rejoin() {
    const ids = [];
    let chunks = "";
    for await (const { id, event, data } of client.runs.stream(null, "prime", {
      input: input("Count"),
      streamMode: ["messages-tuple", "values"],
    })) {
      ids.push(id);
      if (event === "messages") chunks += data[0].content;
    }
    return { chunks, once: new Set(ids).size === ids.length, methods };
  },
  // What `useStream` keeps its messages with: half an answer is removed, and the values at the end are the truth.
  async restarted() {
    const manager = new StreamManager(new MessageTupleManager(), { throttle: false });
    const seen = [];
    manager.subscribe(() => {
      const texts = manager.values?.messages?.map((message) => message.content).join("|");
      if (texts !== undefined && texts !== seen.at(-1)) seen.push(texts);
    });
    await manager.start(
      async () => client.runs.stream(null, "prime", { input: input("Hello"), streamMode: ["messages-tuple", "values"] }),
      {
        getMessages: (values) => values.messages ?? [],
        setMessages: (values, messages) => ({ ...values, messages }),
        initialValues: {},
        callbacks: {},
        onSuccess: () => undefined,
        onError: (error) => seen.push(String(error)),
      },
    );
    const mixed = seen.filter((texts) => texts.includes("Half") && texts.includes("Whole"));
    return { mixed, last: seen.at(-1) };
  },
  // A whole thread, as its stream's own client has it.
  async thread() {
    const thread = client.threads.stream({ assistantId: "prime" });
    const said = [];
    for (const text of ["First", "Second"]) {
      await thread.run.start({ input: input(text) });
      for await (const message of await thread.subscribe(["messages"])) {
        if (message.params.data.event === "content-block-finish") said.push(message.params.data.content.text);
      }
    }
    const { values } = await client.threads.getState(thread.threadId);
    const refused = await thread.run.start({ input: input(" ") }).catch(({ name, code }) => ({ name, code }));
    await thread.close();
    return { said, texts: texts(values), refused };
  },
  threadRejoin: () => controlled("Count", "19 "),
  threadRestarted: () => controlled("Hello", "Whole."),
};

// What the newest `useStream` keeps a thread with, and all that it would have shown.
async function controlled(text, end) {
  const controller = new StreamController({ client, assistantId: "prime", fetch: fetchLosable });
  const seen = [];
  controller.rootStore.subscribe(() => {
    const shown = controller.rootStore.getSnapshot().messages.map((message) => message.text).join("|");
    if (shown !== seen.at(-1)) seen.push(shown);
  });
  await controller.submit(input(text));
  // It ends with the run, of which another connection tells, so what was cut may come later.
  while (!seen.at(-1)?.endsWith(end)) await new Promise((resolve) => setTimeout(resolve, 5));
  const { isLoading, error } = controller.rootStore.getSnapshot();
  await controller.dispose();
  const mixed = seen.filter((shown) => shown.includes("Half") && shown.includes("Whole"));
  return { mixed, last: seen.at(-1), isLoading, error: error && String(error), cut: !loses };
}

console.log(JSON.stringify(await acts[what]()));
