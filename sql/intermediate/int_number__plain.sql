-- Purpose: account numbers as delivered in the counterparty column, made comparable.
-- Grain: number as delivered.
-- Reads: mart_counterparty, int_account__stated, stg_accounts, mart_investor, stg_projects.
-- Columns: number (as the registers or a statement write it, else plain digits and letters, hidden places as *; null
-- when nothing is left), masked, and for masked ones the shown ends.
with written as (
    select
        counterparty_account as raw,
        false as own
    from mart_counterparty
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
        select investor_account as raw from mart_investor
        union
        select borrower_account as raw from stg_projects
    ) as known_number
    where raw is not null
),

cleaned as (
    select
        raw,
        own,
        -- most numbers are plain already, and one look tells
        case
            when regexp_full_match(raw, '[0-9A-WYZ]+') then raw
            else regexp_replace(
                regexp_replace(
                    translate(upper(raw), '０１２３４５６７８９＊×✱', '0123456789***'),
                    '[\s\p{Z}_.-]', '', 'g'
                ), 'X{2,}|[#?]{2,}', '****', 'g'
            )
        end as number
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
    coalesce(k.account_no, nullif(case when ltrim(c.number, '0*') = '' then '' else c.number end, ''))
        as number,
    contains(c.number, '*') as masked,
    case when contains(c.number, '*') then regexp_extract(c.number, '^([^*]*)\*', 1) else '' end as shown_head,
    case when contains(c.number, '*') then regexp_extract(c.number, '\*([^*]*)$', 1) else '' end as shown_tail
from cleaned as c
left join known as k on c.number = k.number
where not c.own
