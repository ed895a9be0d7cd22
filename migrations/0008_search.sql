-- Full text search in any language's letters.
--
-- Words are compared without case and accents and are not stemmed, since nobody says which language a
-- message is in. Scripts that put no spaces between words would be one long word each: their characters
-- are taken apart here, and a query's are looked for as a phrase. The ranges are those of Thai to Burmese,
-- Khmer, kana, the Chinese characters with their extensions, and their compatibility forms.
create function chat_search_words(p_text text) returns text
language sql immutable parallel safe as $$
    select regexp_replace(
        normalize(regexp_replace(normalize(p_text, NFKD), '[\u0300-\u036f]', '', 'g'), NFKC),
        '([\u0e00-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff])',
        ' \1 ', 'g')
$$;

-- Every word of the query must be there; the last letters of a word may still be missing, as they are while
-- somebody types. Null when the query has no letters at all.
create function chat_search_query(p_query text) returns tsquery
language sql immutable parallel safe as $$
    select string_agg('(' || phrase::text || ':*)', ' & ')::tsquery
    from regexp_split_to_table(trim(p_query), '\s+') word,
         lateral phraseto_tsquery('simple', chat_search_words(word)) phrase
    where numnode(phrase) > 0
$$;

-- Kept with the message, as making it anew for a search takes some 30 µs each. There is no index on it: a
-- search is always for one user, and row level security lets only leakproof operators use an index before
-- it has chosen the user's rows, which @@ is not.
alter table chat_messages no force row level security;
alter table chat_messages add column search tsvector not null
    generated always as (to_tsvector('simple', chat_search_words(content))) stored;
alter table chat_messages force row level security;
