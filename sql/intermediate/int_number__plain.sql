-- Purpose: account numbers as delivered in the counterparty column, made comparable.
-- Grain: number as delivered.
-- Reads: int_counterparty__given, int_account__stated, stg_accounts, stg_subscriptions, stg_projects.
-- Columns: number (as the registers or a statement write it, else plain digits and letters, hidden places as *; null
-- when nothing is left), masked, and for masked ones the shown ends.
with written as (
    select
        counterparty_account as raw,
        false as own
    from int_counterparty__given
    where counterparty_account is not null
    group by counterparty_account
    union all
    select
        raw,
        true as own
    from (
        select account_no as raw from int_account__stated
        union
        select account_no as raw from stg_accounts
        union
        select investor_account as raw from stg_subscriptions
        union
        select borrower_account as raw from stg_projects
    ) as known_number
    where raw is not null
),

cleaned as (
    select
        raw,
        own,
        regexp_replace(
            regexp_replace(
                translate(upper(raw), '０１２３４５６７８９＊×✱', '0123456789***'),
                '[\s\p{Z}_.-]', '', 'g'
            ), 'X{2,}|[#?]{2,}', '****', 'g'
        ) as number
    from written
),

known as (
    select
        number,
        min(raw) as account_no
    from cleaned
    where own
    group by number
)

select
    c.raw,
    coalesce(k.account_no, nullif(case when regexp_full_match(c.number, '[0*]*') then '' else c.number end, ''))
        as number,
    contains(c.number, '*') as masked,
    regexp_extract(c.number, '^([^*]*)\*', 1) as shown_head,
    regexp_extract(c.number, '\*([^*]*)$', 1) as shown_tail
from cleaned as c
left join known as k on c.number = k.number
where not c.own
