-- Purpose: account numbers as delivered in the counterparty column, made comparable.
-- Grain: number as delivered.
-- Reads: int_line__kept.
-- Columns: number (plain digits and letters, hidden places as *; null when nothing is left), masked, and for masked
-- ones the shown ends.
with given as (
    select distinct counterparty_account as raw
    from int_line__kept
    where counterparty_account is not null
),

cleaned as (
    select
        raw,
        regexp_replace(
            regexp_replace(
                translate(upper(raw), '０１２３４５６７８９＊×✱', '0123456789***'),
                '[\s\p{Z}_.-]', '', 'g'
            ), 'X{2,}|[#?]{2,}', '****', 'g'
        ) as number
    from given
)

select
    raw,
    nullif(case when regexp_full_match(number, '[0*]*') then '' else number end, '') as number,
    contains(number, '*') as masked,
    regexp_extract(number, '^([^*]*)\*', 1) as shown_head,
    regexp_extract(number, '\*([^*]*)$', 1) as shown_tail
from cleaned
