/** Types of the server's responses, for the type check of the pages' modules. Not sent to the browser. */

export interface Page<Item> {
  items: Item[];
  next_cursor: string | null;
}

/** `previous_cursor`: to the page on the other side; only with `around`. */
export interface MessagePage extends Page<Message> {
  previous_cursor: string | null;
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
  pinned: boolean;
}

/** `positions`: start and end of each matching word in `text`, in Unicode characters. */
export interface Match {
  /** Null: only the title has the words. */
  message_id: string | null;
  text: string;
  positions: [number, number][];
}

/** A conversation in the list. */
export interface ListedConversation extends Conversation {
  snippet: string;
  /** Null: nothing was searched for. */
  match: Match | null;
}

/** One conversation, as `GET /conversations/{conversation_id}` has it. */
export interface ConversationDetails extends Conversation {
  temporary: boolean;
}

/** `email`: null where the token has none, and in local mode. */
export interface SignedIn {
  user_id: string;
  email: string | null;
}

export interface Settings {
  memory: boolean;
  max_message_chars: number;
}

/** Why an employee answers, for pages in other languages. */
export type ReasonCode =
  | "asked" | "topic" | "general" | "follow_up" | "nothing_new" | "keyword" | "example" | "no_rule" | "as_before" | "guard";

/** `confidence`: 0 to 1. */
export interface Route {
  reason: string;
  confidence: number;
  runner_up: string | null;
  /** Null: a turn of an earlier release. */
  decided_by: "request" | "topic" | "conversation" | "rules" | null;
  /** Null: a turn of an earlier release. */
  reason_code: ReasonCode | null;
  /** Only with the code `keyword`. */
  keyword: string | null;
}

/** A message of the user or of an employee. From `route` on, the fields are about answers: null, false or empty on user messages. */
export interface Message {
  message_id: string;
  turn_id: string;
  role: "user" | "assistant";
  employee: string;
  content: string;
  created_at: string;
  /** The turns that are versions of this one, in order; the active one is `turn_id`. */
  versions: string[];
  /** Of each of them, the first turn with the same question. */
  questions: string[];
  /** Only of what `around` names. */
  superseded: boolean;
  /** Null: unknown. */
  route: Route | null;
  model: string | null;
  finish_reason: Done["finish_reason"] | null;
  fallback: boolean;
  generated_by: "ai" | "template" | null;
  /** All notices of the turn. */
  notices: Notice[];
  /** What tools found for the answer, in order. */
  tools: ToolResult[];
  /** Figures of the answer, as they stand in it, that no tool computed and the user did not say. */
  unverified: string[];
  facts_used: Fact[];
  facts_learned: Fact[];
  feedback: Feedback | null;
}

export type FeedbackReason = "wrong" | "not_asked" | "wrong_employee" | "unsafe" | "other";

/** What the user said of an answer. `employee`: who should have answered. */
export interface Feedback {
  rating: "up" | "down";
  reason: FeedbackReason | null;
  comment: string | null;
  employee: string | null;
}

/** Ratings by employee, and the answers that were rated down. Those of all users come without conversations and comments. */
export interface FeedbackPage extends Page<{
  turn_id: string;
  conversation_id: string | null;
  employee_slug: string;
  reason: FeedbackReason | null;
  comment: string | null;
  wanted_employee: string | null;
  created_at: string;
}> {
  data: { employee_slug: string; up: number; down: number; reasons: Record<FeedbackReason, number> }[];
  scope: "own" | "all";
}

export interface Fact {
  fact_id: string;
  fact: string;
}

export interface MemoryFact extends Fact {
  created_at: string;
  /** Where it was said; null: that was deleted. */
  conversation_id: string | null;
  source_message_id: string | null;
  /** When a newer fact replaced it; null: it still holds. */
  superseded_at: string | null;
}

export interface Turn {
  turn_id: string;
  conversation_id: string;
  status: "running" | "done" | "failed" | "stopped";
  /** The question. */
  message: string;
  /** Another version took its place, or that of a turn before it. */
  superseded: boolean;
  versions: string[];
  facts_used: Fact[];
  facts_learned: Fact[];
  feedback: Feedback | null;
}

/** The closed lists of codes. */
export type NoticeCode =
  | "input_truncated" | "input_sanitized" | "pii_masked" | "context_trimmed" | "fallback" | "filtered" | "restarted"
  | "memory_unavailable" | "rate_limit_unavailable";
export type ProblemCode =
  | "invalid_request" | "empty_message" | "blocked" | "unauthenticated" | "forbidden" | "not_found" | "deleted"
  | "method_not_allowed" | "request_timeout" | "headers_too_large" | "body_too_large" | "unsupported_media_type"
  | "fact_known" | "known" | "too_many" | "too_many_documents" | "idempotency_mismatch" | "conversation_busy"
  | "not_answered" | "export_running" | "import_running" | "of_document" | "rate_limited"
  | "embedding_unavailable" | "issuer_unavailable" | "shutting_down" | "server_busy" | "storage_unavailable" | "internal";

/** A problem document (RFC 9457). The fields are missing if a proxy refused the request. */
export interface ProblemDetails {
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

/** `demo`: the page's own. */
export interface Notice {
  code: NoticeCode | "demo";
  message: string;
}

/** `value`: "-1234.50", "2026-03-01", "12". */
export interface Figure {
  name: string;
  value: string;
  currency: string | null;
  unit: "percent" | "count" | "months" | "date" | null;
}

/** What an English text of the server is made of: `nodes/text/translatable.py` says of which values. */
export interface Template {
  template: string;
  values?: Record<string, unknown>;
}

export interface ToolCall {
  call_id: string;
  tool: string;
  words: string;
}

export interface ToolResult extends ToolCall {
  /** The first few. */
  figures: Figure[];
  row_count: number;
  /** Null: nothing was computed. */
  reference_id: string | null;
  /** Of what the user is asked to accept. */
  proposal_id: string | null;
  /** By the English texts; missing in results of an earlier release. */
  texts?: Record<string, Template>;
}

export interface Done {
  turn_id: string;
  conversation_id: string;
  /** Null: a reply of the guard, which is not stored. */
  message_id: string | null;
  model: string;
  finish_reason: "stop" | "length" | "timeout" | "stopped" | "blocked";
  fallback: boolean;
  generated_by: "ai" | "template";
  references: string[];
  unverified: string[];
}

export interface Failure {
  code: string;
  message: string;
  retryable: boolean;
  /** Seconds; only of a message that is refused after it has waited. */
  retry_after?: number | null;
}

/** A server-sent event of a turn. */
export type TurnEvent =
  | { event: "start"; data: Start }
  | { event: "notice"; data: Notice }
  | { event: "token"; data: { text: string } }
  | { event: "tool_call"; data: ToolCall }
  | { event: "tool_result"; data: ToolResult }
  | { event: "done"; data: Done }
  | { event: "error"; data: Failure };

/** Null: nothing was measured. */
export type Measurement = number | null;

/** Metrics of a set of turns: times in milliseconds, the rate in percent. */
export interface Metrics {
  total_requests: number;
  success_rate: Measurement;
  avg_latency_ms: Measurement;
  p50_latency_ms: Measurement;
  p95_latency_ms: Measurement;
  p99_latency_ms: Measurement;
  p50_ttft_ms: Measurement;
  p95_ttft_ms: Measurement;
  p99_ttft_ms: Measurement;
  total_tokens_est: number;
  /** Sums over the turns with both an estimate and a count from the model. */
  tokens: { turns: number; estimated: number; counted: number };
  outcomes: Record<string, number>;
  misroutes: number;
}

export interface EmployeeMetrics extends Metrics {
  employee_slug: string;
}

export interface ModelMetrics extends Metrics {
  model: string;
}

export interface SeriesPoint {
  at: string;
  turns: number;
  failures: number;
  p50_latency_ms: Measurement;
  p95_latency_ms: Measurement;
}

export interface Summary {
  range: "24h" | "7d" | "custom";
  hours: number;
  since: string;
  until: string;
  totals: Metrics & { error_codes: Record<string, number> };
  /** Of the period of the same length before. */
  previous: Metrics;
  data: EmployeeMetrics[];
  models: ModelMetrics[];
  series: SeriesPoint[];
  /** Bytes. Administrators only, whose metrics cover all users. */
  sizes?: { checkpoints: number; journal: number };
}

/** A turn in numbers; tokens are null where the model did not count them. */
export interface TurnSummary {
  turn_id: string;
  created_at: string;
  employee: string;
  model: string;
  outcome: "done" | "stopped" | "limited" | "refused" | "failed" | "fallback";
  error_code: string | null;
  latency_ms: number;
  ttft_ms: Measurement;
  prompt_tokens: number | null;
  completion_tokens: number | null;
  cached_tokens: number | null;
  prompt_tokens_est: number;
  completion_tokens_est: number;
  attempts: number | null;
}

export interface TurnDetails extends TurnSummary {
  /** Of its summary and facts. */
  background_model: string | null;
  background_prompt_tokens: number | null;
  background_cached_tokens: number | null;
  background_completion_tokens: number | null;
  times: number;
  success: boolean;
  timing: Partial<Record<`${"guard" | "wait" | "route" | "memory" | "model"}_ms`, number | null>> | null;
  prompt_version: string | null;
  trace_id: string | null;
}

export interface TurnContent {
  message: string;
  answer: string | null;
  reason: string | null;
  reason_code: ReasonCode | null;
  keyword: string | null;
}

/** `cost`: US dollars without the turns whose model has no known price; null where none has one. */
export interface Cost {
  turns: number;
  estimated_turns: number;
  unpriced_turns: number;
  prompt_tokens: number;
  cached_tokens: number;
  completion_tokens: number;
  cost: number | null;
}

export interface CostReport {
  total: Cost;
  days: (Cost & { day: string })[];
  models: (Cost & { model: string; price_source: "settings" | "genai-prices" | null })[];
  employees: (Cost & { employee_slug: string })[];
  /** Administrators only. */
  users?: (Cost & { user_key: string })[];
}

/** How users of this server get a token; all but `method` is null where that is not "oidc". */
export interface SignInOptions {
  method: "none" | "token" | "oidc";
  issuer: string | null;
  client_id: string | null;
  scope: string | null;
  audience: string | null;
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

/** A file that was sent, and what became of reading it. */
export interface FinanceDocument {
  document_id: string;
  name: string;
  media_type: string;
  /** Bytes. */
  size: number;
  /** Null until it is read. */
  kind: "statement" | "receipt" | "text" | null;
  status: "waiting" | "reading" | "ready" | "failed" | "undone";
  error_code: UnreadableCode | null;
  error_detail: string | null;
  /** Of reading it, 0 to 1. */
  progress: number;
  /** How its table was read; null where it has none. */
  understood: { shape: TableShape; header: string[]; doubts?: string[]; texts?: Record<string, Template> } | null;
  /** Lines that are no rows. */
  rejected: { line: number; start: string; reason: string; text?: Template | null }[];
  receipt: { total?: string | null; currency?: string | null; bought_on?: string | null; merchant?: string | null } | null;
  rows_added: number;
  /** That other documents had brought before. */
  rows_known: number;
  /** That the user had entered by hand. */
  rows_entered: number;
  /** False once the file was deleted and what was read from it kept. */
  has_content: boolean;
  created_at: string;
  read_at: string | null;
}

export type UnreadableCode =
  | "encrypted" | "broken" | "too_large" | "too_many_pages" | "too_many_rows" | "unknown_kind" | "nothing_found" | "timeout"
  | "out_of_memory";

/** How a table is read; columns are numbers from 0, and what is left out is not there. */
export interface TableShape {
  header_line: number;
  booked_on: number;
  text: number[];
  amount?: number | null;
  debit?: number | null;
  credit?: number | null;
  counterparty?: number | null;
  currency?: number | null;
  date_format?: string;
  decimal_mark?: "." | ",";
  /** Whether what is spent is positive in the file. */
  negated?: boolean;
}

export interface FoundPage {
  document_id: string;
  name: string;
  page: number;
  snippet: string;
  /** Whether the page may hold instructions to an AI. */
  suspicious: boolean;
}

/** Amounts are texts such as "-12.90"; negative is what was spent. */
export interface Transaction {
  transaction_id: string;
  account_id: string;
  account: string;
  booked_on: string;
  value_on: string | null;
  amount: string;
  currency: string;
  counterparty: string;
  text: string;
  suspicious: boolean;
  category: string | null;
  category_by: "bank" | "rule" | "similar" | "model" | "user" | null;
  rule_id: string | null;
  receipt_id: string | null;
  note: string | null;
  /** Whether the user entered it, and no document has it. */
  by_hand: boolean;
}

/** Sums of one currency. */
export interface Total {
  currency: string;
  count: number;
  spent: string;
  received: string;
  /** Days of the first and the last transaction. */
  first_on: string;
  last_on: string;
}

export interface FinanceAccount {
  account_id: string;
  name: string;
  kind: "checking" | "savings" | "card" | "cash" | "loan" | "investment";
  currency: string;
  number_end: string | null;
  transactions: number;
  first_on: string | null;
  last_on: string | null;
  total: string;
  balance: string | null;
  balance_as_of: string | null;
}

export interface Category {
  category: string;
  name: string;
  kind: "expense" | "income" | "transfer";
  deductible: boolean;
}

export interface Rule {
  rule_id: string;
  field: "counterparty" | "text" | "any";
  match: "contains" | "equals" | "starts";
  pattern: string;
  category: string;
  /** That have their category from it. */
  transactions: number;
}

export interface Column {
  name: string;
  /** Its name in the language of the page; missing: the same. */
  label?: string;
  kind: "text" | "amount" | "number" | "percent" | "date";
}

/** What a tool computed. */
export interface Reference {
  reference_id: string;
  turn_id: string | null;
  tool: string;
  created_at: string;
  words: string;
  method: string;
  figures: (Omit<Figure, "unit"> & Partial<Pick<Figure, "unit">>)[];
  columns: Column[];
  rows: (string | null)[][];
  row_count: number;
  notes: string[];
  texts?: Record<string, Template>;
  /** Query of `GET /transactions`; null where it is not of transactions. */
  transactions: string | null;
  /** Whether the same call gives other figures now. */
  changed: boolean;
}

/** What an employee wants to write. */
export type Proposal = {
  proposal_id: string;
  turn_id: string | null;
  status: "open" | "accepted" | "refused" | "undone";
  created_at: string;
  decided_at: string | null;
} & (
  | { kind: "categories" | "receipts"; content: { items: unknown[] } }
  | { kind: "rule"; content: Omit<Rule, "rule_id" | "transactions"> }
  | { kind: "budget"; content: { category: string; currency: string; amount: string } }
  | { kind: "goal"; content: { name: string; target: string; currency: string; due_on: string | null } }
);

/** The response body of a GET request; `unknown` for paths that are not listed. */
export type ResponseBody<Path extends string> =
  Path extends "/employees" ? Employee[]
  : Path extends `/conversations?${string}` ? Page<ListedConversation>
  : Path extends `/conversations/${string}/messages?${string}` ? MessagePage
  : Path extends `/conversations/${string}` ? ConversationDetails
  : Path extends `/memory?${string}` ? Page<MemoryFact>
  : Path extends "/me" ? SignedIn
  : Path extends "/settings" ? Settings
  : Path extends `/turns/${string}/metrics` ? TurnDetails
  : Path extends `/turns/${string}/content` ? TurnContent
  : Path extends `/turns/${string}` ? Turn
  : Path extends `/turns?${string}` ? { items: TurnSummary[]; scope: "own" | "all" }
  : Path extends `/costs?${string}` ? CostReport
  : Path extends `/metrics-summary?${string}` ? Summary
  : Path extends `/feedback?${string}` ? FeedbackPage
  : Path extends "/insights" ? Insights
  : Path extends `/documents/search?${string}` ? { items: FoundPage[] }
  : Path extends `/documents?${string}` ? Page<FinanceDocument>
  : Path extends `/documents/${string}` ? FinanceDocument
  : Path extends `/transactions/totals?${string}` ? { items: Total[] }
  : Path extends `/transactions?${string}` ? Page<Transaction>
  : Path extends "/transactions/categorise" ? { change_id: string }
  : Path extends `/transactions/${string}` ? Transaction
  : Path extends "/accounts" ? { items: FinanceAccount[] }
  : Path extends "/categories" ? { items: Category[] }
  : Path extends "/rules/preview" ? { matching: number, changed: number }
  : Path extends "/rules" ? { items: Rule[] }
  : Path extends `/references/${string}` ? Reference
  : Path extends `/proposals/${string}` ? Proposal
  : unknown;
