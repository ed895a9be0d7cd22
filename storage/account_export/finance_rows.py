"""How documents, accounts, transactions and plans are exported, and imported again."""

from collections.abc import Mapping
from typing import LiteralString

from storage.account_export import finance_lines as line
from storage.account_export.line import Line

_PART: LiteralString = "2097152"
"""Bytes of a file in one line of the export."""

PARTS: LiteralString = (
    "select json_build_object('type', 'document_part', 'document_id', document_id,"  # noqa: S608 (of literals)
    f" 'data', translate(encode(substring(content from part * {_PART} + 1 for {_PART}), 'base64'),"
    " e'\\n', ''))::text as line"
    " from finance_documents cross join lateral"
    f" generate_series(0, (octet_length(content) - 1) / {_PART}) as part"
    " where user_id = %(user_id)s and content is not null order by document_id, part"
)
"""Files in parts, each of which is read by itself."""

SECTIONS: tuple[LiteralString, ...] = (
    (
        "select json_build_object('type', 'finance_account', 'account_id', account_id, 'name', name, 'kind', kind,"
        " 'currency', currency, 'number_hash', encode(number_hash, 'hex'), 'number_end', number_end,"
        " 'brought_by', brought_by, 'created_at', created_at)::text as line"
        " from finance_accounts where user_id = %(user_id)s order by created_at, account_id"
    ),
    (
        "select json_build_object('type', 'category', 'category', category, 'name', name, 'kind', kind,"
        " 'deductible', deductible, 'created_at', created_at)::text as line"
        " from finance_categories where user_id = %(user_id)s order by category"
    ),
    (
        "select json_build_object('type', 'rule', 'rule_id', rule_id, 'field', field, 'match', match,"
        " 'pattern', pattern, 'category', category, 'created_at', created_at)::text as line"
        " from finance_rules where user_id = %(user_id)s order by created_at, rule_id"
    ),
    (
        "select json_build_object('type', 'document', 'document_id', document_id, 'name', name,"
        " 'media_type', media_type, 'size', size, 'content_hash', encode(content_hash, 'hex'),"
        " 'account_id', account_id, 'format', format, 'kind', kind, 'status', status, 'error_code', error_code,"
        " 'error_detail', error_detail, 'shape', shape, 'understood', understood, 'rejected', rejected,"
        " 'receipt', receipt, 'rows_added', rows_added, 'rows_known', rows_known,"
        " 'rows_entered', rows_entered, 'created_at', created_at, 'read_at', read_at)::text as line"
        " from finance_documents where user_id = %(user_id)s order by created_at, document_id"
    ),
    PARTS,
    (
        "select json_build_object('type', 'document_page', 'document_id', document_id, 'page', page, 'text', body,"
        " 'suspicious', suspicious)::text as line"
        " from finance_document_pages where user_id = %(user_id)s order by document_id, page"
    ),
    (
        "select json_build_object('type', 'table_shape', 'fingerprint', fingerprint, 'shape', shape,"
        " 'account_id', account_id, 'updated_at', updated_at)::text as line"
        " from finance_table_shapes where user_id = %(user_id)s order by fingerprint"
    ),
    (
        "select json_build_object('type', 'transaction', 'transaction_id', transaction_id, 'account_id', account_id,"
        " 'booked_on', booked_on, 'value_on', value_on, 'amount', amount::text, 'currency', currency,"
        " 'counterparty', counterparty, 'text', body, 'suspicious', suspicious, 'row_key', encode(row_key, 'hex'),"
        " 'occurrence', occurrence, 'category', category, 'category_by', category_by, 'rule_id', rule_id,"
        " 'receipt_id', receipt_id, 'note', note, 'created_at', created_at, 'updated_at', updated_at)::text as line"
        " from finance_transactions where user_id = %(user_id)s order by booked_on, transaction_id"
    ),
    (
        "select json_build_object('type', 'transaction_source', 'document_id', document_id,"
        " 'transaction_id', transaction_id, 'line', line, 'row_key', encode(row_key, 'hex'),"
        " 'occurrence', occurrence, 'words', words, 'entered', entered)::text as line"
        " from finance_transaction_sources where user_id = %(user_id)s order by document_id, line, transaction_id"
    ),
    (
        "select json_build_object('type', 'balance', 'document_id', document_id, 'account_id', account_id,"
        " 'as_of', as_of, 'amount', amount::text, 'currency', currency)::text as line"
        " from finance_balances where user_id = %(user_id)s order by document_id, account_id, as_of"
    ),
    (
        "select json_build_object('type', 'budget', 'category', category, 'currency', currency,"
        " 'amount', amount::text, 'created_at', created_at)::text as line"
        " from finance_budgets where user_id = %(user_id)s order by category, currency"
    ),
    (
        "select json_build_object('type', 'goal', 'goal_id', goal_id, 'name', name, 'target', target::text,"
        " 'saved', saved::text, 'currency', currency, 'due_on', due_on, 'created_at', created_at)::text as line"
        " from finance_goals where user_id = %(user_id)s order by created_at, goal_id"
    ),
    (
        "select json_build_object('type', 'debt', 'debt_id', debt_id, 'name', name, 'balance', balance::text,"
        " 'currency', currency, 'annual_rate', annual_rate::text, 'minimum', minimum::text,"
        " 'created_at', created_at)::text as line"
        " from finance_debts where user_id = %(user_id)s order by created_at, debt_id"
    ),
    (
        "select json_build_object('type', 'reference', 'reference_id', reference_id, 'turn_id', turn_id, 'tool', tool,"
        " 'arguments', arguments, 'result', result, 'created_at', created_at)::text as line"
        " from finance_references where user_id = %(user_id)s order by created_at, reference_id"
    ),
    (
        "select json_build_object('type', 'proposal', 'proposal_id', proposal_id, 'turn_id', turn_id, 'kind', kind,"
        " 'content', content, 'status', status, 'undo', undo, 'created_at', created_at, 'decided_at', decided_at)::text"
        " as line from finance_proposals where user_id = %(user_id)s order by created_at, proposal_id"
    ),
)
"""Queries whose rows are JSON texts, parents before what refers to them. Vectors of pages are left out, and what may be
undone of changes."""

INSERTS: Mapping[type[Line], LiteralString] = {
    line.FinanceAccountLine: (
        "insert into finance_accounts (user_id, account_id, name, kind, currency, number_hash, number_end, brought_by,"
        " created_at) values (%(user_id)s, %(account_id)s, %(name)s, %(kind)s, %(currency)s,"
        " decode(%(number_hash)s, 'hex'), %(number_end)s, %(brought_by)s, %(created_at)s)"
    ),
    line.CategoryLine: (
        "insert into finance_categories (user_id, category, name, kind, deductible, created_at)"
        " values (%(user_id)s, %(category)s, %(name)s, %(kind)s, %(deductible)s, %(created_at)s)"
    ),
    line.RuleLine: (
        "insert into finance_rules (user_id, rule_id, field, match, pattern, category, created_at)"
        " values (%(user_id)s, %(rule_id)s, %(field)s, %(match)s, %(pattern)s, %(category)s, %(created_at)s)"
    ),
    line.DocumentLine: (
        # One that was being read is read once more, as far as its file is there.
        "insert into finance_documents (user_id, document_id, name, media_type, size, content_hash, account_id, format,"
        " kind, status, error_code, error_detail, progress, shape, understood, rejected, receipt, rows_added,"
        " rows_known, rows_entered, created_at, read_at)"
        " values (%(user_id)s, %(document_id)s, %(name)s, %(media_type)s, %(size)s,"
        " decode(%(content_hash)s, 'hex'), %(account_id)s, %(format)s, %(kind)s,"
        " case %(status)s when 'reading' then 'waiting' else %(status)s end, %(error_code)s, %(error_detail)s,"
        " case %(status)s when 'ready' then 1 else 0 end, %(shape)s, %(understood)s, %(rejected)s, %(receipt)s,"
        " %(rows_added)s, %(rows_known)s, %(rows_entered)s, %(created_at)s, %(read_at)s)"
    ),
    line.DocumentPartLine: (
        "update finance_documents set content = coalesce(content, '') || decode(%(data)s, 'base64')"
        " where user_id = %(user_id)s and document_id = %(document_id)s"
    ),
    line.DocumentPageLine: (
        "insert into finance_document_pages (user_id, document_id, page, body, suspicious, search)"
        " values (%(user_id)s, %(document_id)s, %(page)s, %(text)s, %(suspicious)s,"
        " to_tsvector('simple', chat_search_words(%(text)s)))"
    ),
    line.TableShapeLine: (
        "insert into finance_table_shapes (user_id, fingerprint, shape, account_id, updated_at)"
        " values (%(user_id)s, %(fingerprint)s, %(shape)s, %(account_id)s, %(updated_at)s)"
    ),
    line.TransactionLine: (
        "insert into finance_transactions (user_id, transaction_id, account_id, booked_on, value_on, amount, currency,"
        " counterparty, body, suspicious, row_key, occurrence, category, category_by, rule_id, receipt_id, note,"
        " created_at, updated_at) values (%(user_id)s, %(transaction_id)s, %(account_id)s, %(booked_on)s, %(value_on)s,"
        " %(amount)s, %(currency)s, %(counterparty)s, %(text)s, %(suspicious)s, decode(%(row_key)s, 'hex'),"
        " %(occurrence)s, %(category)s, %(category_by)s, %(rule_id)s, %(receipt_id)s, %(note)s, %(created_at)s,"
        " %(updated_at)s)"
    ),
    line.TransactionSourceLine: (
        "insert into finance_transaction_sources (user_id, document_id, transaction_id, line, row_key, occurrence,"
        " words, entered)"
        " values (%(user_id)s, %(document_id)s, %(transaction_id)s, %(line)s, decode(%(row_key)s, 'hex'),"
        " %(occurrence)s, %(words)s, %(entered)s)"
    ),
    line.BalanceLine: (
        "insert into finance_balances (user_id, document_id, account_id, as_of, amount, currency)"
        " values (%(user_id)s, %(document_id)s, %(account_id)s, %(as_of)s, %(amount)s, %(currency)s)"
    ),
    line.BudgetLine: (
        "insert into finance_budgets (user_id, category, currency, amount, created_at)"
        " values (%(user_id)s, %(category)s, %(currency)s, %(amount)s, %(created_at)s)"
    ),
    line.GoalLine: (
        "insert into finance_goals (user_id, goal_id, name, target, saved, currency, due_on, created_at)"
        " values (%(user_id)s, %(goal_id)s, %(name)s, %(target)s, %(saved)s, %(currency)s, %(due_on)s, %(created_at)s)"
    ),
    line.DebtLine: (
        "insert into finance_debts (user_id, debt_id, name, balance, currency, annual_rate, minimum, created_at)"
        " values (%(user_id)s, %(debt_id)s, %(name)s, %(balance)s, %(currency)s, %(annual_rate)s, %(minimum)s,"
        " %(created_at)s)"
    ),
    line.ReferenceLine: (
        "insert into finance_references (user_id, reference_id, turn_id, tool, arguments, result, created_at)"
        " values (%(user_id)s, %(reference_id)s, %(turn_id)s, %(tool)s, %(arguments)s, %(result)s, %(created_at)s)"
    ),
    line.ProposalLine: (
        "insert into finance_proposals (user_id, proposal_id, turn_id, kind, content, status, undo, created_at,"
        " decided_at) values (%(user_id)s, %(proposal_id)s, %(turn_id)s, %(kind)s, %(content)s, %(status)s, %(undo)s,"
        " %(created_at)s, %(decided_at)s)"
    ),
}
"""The statement that inserts a line of each kind; each makes or changes one row."""
JSON_FIELDS = {
    "shape", "understood", "rejected", "receipt", "words", "arguments", "result", "undo",
}  # fmt: skip
"""Fields that are JSON in the database, too."""
