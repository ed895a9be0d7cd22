-- Words are told apart by us and no longer by the text parser of Postgres, which reads everything that looks like an
-- address, a path or a number with its punctuation again and again: 8,000 characters of "1e@" took it five seconds,
-- for which the message could not be accepted. ASCII punctuation is taken out before, once all forms are plain;
-- what is left for the parser are letters and digits between spaces, which it reads once.
--
-- So "4.50" and "example.com" are phrases now, in what was said as in what is looked for.
create or replace function chat_search_words(p_text text) returns text
language sql immutable parallel safe as $$
    select regexp_replace(
        translate(
            normalize(regexp_replace(normalize(p_text, NFKD), '[\u0300-\u036f]', '', 'g'), NFKC),
            $p$!"#$%&'()*+,-./:;<=>?@[\]^_`{|}~$p$, repeat(' ', 32)),
        '([\u0e00-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff])',
        ' \1 ', 'g')
$$;

-- The words of old messages are told apart anew: a generated column keeps what the function said when it was written.
alter table chat_messages no force row level security;
alter table chat_messages drop column search;
alter table chat_messages add column search tsvector not null
    generated always as (to_tsvector('simple', chat_search_words(content))) stored;
alter table chat_messages force row level security;
