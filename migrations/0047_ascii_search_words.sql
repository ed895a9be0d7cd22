-- Most messages are ASCII, of which each character is a byte, and only punctuation is taken out: four normalisations
-- and searches less. It says the same as before. In PL/pgSQL, because Postgres reads a function in SQL anew for each row
-- that is stored, to write its expression into the statement.
create or replace function chat_search_words(p_text text) returns text
language plpgsql immutable parallel safe as $$
declare
    punctuation constant text := $p$!"#$%&'()*+,-./:;<=>?@[\]^_`{|}~$p$;
begin
    if octet_length(p_text) = length(p_text) then
        return translate(p_text, punctuation, repeat(' ', 32));
    end if;
    return regexp_replace(
        translate(
            normalize(regexp_replace(normalize(p_text, NFKD), '[\u0300-\u036f]', '', 'g'), NFKC),
            punctuation, repeat(' ', 32)),
        '([\u0e00-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff])',
        ' \1 ', 'g');
end $$;
