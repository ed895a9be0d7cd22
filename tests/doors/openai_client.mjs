// OpenAI's JavaScript client does what its first argument says, and prints what it got as one line of JSON.
import OpenAI from "openai";

const [what, baseURL, apiKey] = process.argv.slice(2);
const client = new OpenAI({ baseURL, apiKey });
const messages = [{ role: "user", content: "Hello" }];

async function refused(model) {
  try {
    await client.chat.completions.create({ model, messages }, { maxRetries: 0 });
  } catch (error) {
    return { name: error.constructor.name, code: error.code, type: error.type };
  }
}

const acts = {
  async chat() {
    const answer = await client.chat.completions.create({ model: "prime", messages });
    return { text: answer.choices[0].message.content, id: answer._request_id };
  },
  async stream() {
    const stream = client.chat.completions.stream({ model: "prime", messages, stream_options: { include_usage: true } });
    const whole = await stream.finalChatCompletion();
    return { text: whole.choices[0].message.content, usage: whole.usage.total_tokens };
  },
  async response() {
    const stream = client.responses.stream({ model: "prime", input: "Hello" });
    const whole = await stream.finalResponse();
    return { text: whole.output[0].content[0].text, status: whole.status };
  },
  // The connection is cut after the third event, and the rest is read by number.
  async rejoin() {
    const texts = [];
    const stream = await client.responses.create({ model: "prime", input: "Hello", stream: true, background: true });
    let id, last;
    for await (const event of stream) {
      id ??= event.response.id;
      last = event.sequence_number;
      if (event.type === "response.output_text.delta") texts.push(event.delta);
      if (last === 3) break;
    }
    for await (const event of await client.responses.retrieve(id, { stream: true, starting_after: last })) {
      if (event.type === "response.output_text.delta") texts.push(event.delta);
    }
    return { text: texts.join("") };
  },
  // The first attempt's connection is lost, and the client tries again by itself.
  async keyed() {
    const headers = { "Idempotency-Key": "k1" };
    const answer = await client.chat.completions.create({ model: "prime", messages }, { headers });
    return { text: answer.choices[0].message.content };
  },
  // The answer waits for ever.
  async stopped() {
    const begun = await client.responses.create({ model: "prime", input: "Hello", background: true });
    const { status } = await client.responses.cancel(begun.id);
    return { begun: begun.status, status };
  },
  refused: () => refused("nobody"),
  async limited() {
    await client.chat.completions.create({ model: "prime", messages });
    return refused("prime");
  },
};

console.log(JSON.stringify(await acts[what]()));
