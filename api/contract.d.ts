/** What the server answers, as types for the page's modules. Nothing of this reaches the browser. */

export interface Page<Item> {
  items: Item[];
  next_cursor: string | null;
}

export interface Employee {
  slug: string;
  name: string;
  title: string;
  emoji: string;
  does: string;
  examples: string[];
}

export interface Conversation {
  conversation_id: string;
  title: string;
  updated_at: string;
  message_count: number;
  last_employee: string | null;
}

/** `confidence`: 0 to 1. */
export interface Route {
  reason: string;
  confidence: number;
  runner_up: string | null;
}

/** Either side's; what is known of an answer besides its words is null, false or empty on what the person said. */
export interface Message {
  message_id: string;
  turn_id: string;
  role: "user" | "assistant";
  employee: string;
  content: string;
  created_at: string;
  /** Null also where it is not known. */
  route: Route | null;
  model: string | null;
  finish_reason: Done["finish_reason"] | null;
  fallback: boolean;
  /** Of the whole turn. */
  notices: Notice[];
  facts_used: LearnedFact[];
  facts_learned: LearnedFact[];
}

export interface LearnedFact {
  fact_id: string;
  fact: string;
}

export interface KnownFact extends LearnedFact {
  created_at: string;
  /** When it ceased to hold. */
  superseded_at: string | null;
}

export interface Turn {
  turn_id: string;
  conversation_id: string;
  status: "running" | "done" | "failed" | "stopped";
  facts_used: LearnedFact[];
  facts_learned: LearnedFact[];
}

/** A refusal, as far as the server itself wrote it. */
export interface Refusal {
  code?: string;
  detail?: string;
  /** Seconds. */
  retry_after?: number;
}

export interface Start {
  turn_id: string;
  conversation_id: string;
  employee: Pick<Employee, "slug" | "name" | "title" | "emoji">;
  route: Route;
  model: string;
}

export interface Notice {
  code: string;
  message: string;
}

export interface Done {
  turn_id: string;
  conversation_id: string;
  /** Null: a reply of the guard's, which is not kept. */
  message_id: string | null;
  model: string;
  finish_reason: "stop" | "length" | "timeout" | "stopped" | "blocked";
  fallback: boolean;
}

export interface Failed {
  code: string;
  message: string;
  retryable: boolean;
}

/** An event of a turn. */
export type Told =
  | { event: "start"; data: Start }
  | { event: "notice"; data: Notice }
  | { event: "token"; data: { text: string } }
  | { event: "done"; data: Done }
  | { event: "error"; data: Failed };

/** Null: there was nothing to measure. */
export type Measured = number | null;

/** Turns in numbers: times in milliseconds, the rate in percent. */
export interface Figures {
  total_requests: number;
  success_rate: Measured;
  avg_latency_ms: Measured;
  p50_latency_ms: Measured;
  p95_latency_ms: Measured;
  p50_ttft_ms: Measured;
  p95_ttft_ms: Measured;
  total_tokens_est: number;
  /** Over the turns of which both are known. */
  tokens: { turns: number; estimated: number; counted: number };
  outcomes: Record<string, number>;
  misroutes: number;
}

export interface OfEmployee extends Figures {
  employee_slug: string;
}

export interface Point {
  at: string;
  turns: number;
  failures: number;
  p50_latency_ms: Measured;
  p95_latency_ms: Measured;
}

export interface Summary {
  hours: number;
  totals: Figures & { error_codes: Record<string, number> };
  data: OfEmployee[];
  series: Point[];
  /** Bytes; of administrators, whose figures are everyone's. */
  sizes?: { checkpoints: number; journal: number };
}

export interface Insights {
  days: number;
  since: string;
  messages: number;
  active_days: number;
  active_dates: string[];
  facts_learned: number;
  conversations: number;
  top_employees: { employee_slug: string; answers: number }[];
}

/** What a GET of this path answers; `unknown` of a path that is not listed here. */
export type Answer<Path extends string> =
  Path extends "/employees" ? Employee[]
  : Path extends `/conversations?${string}` ? Page<Conversation>
  : Path extends `/conversations/${string}/messages?${string}` ? Page<Message>
  : Path extends `/memory?${string}` ? Page<KnownFact>
  : Path extends `/turns/${string}` ? Turn
  : Path extends `/metrics-summary?${string}` ? Summary
  : Path extends "/insights" ? Insights
  : unknown;
