-- Purpose: every account number that a statement, a register or a counterparty column gives in full.
-- Grain: account_no × source of the holder's name; rank 1 is believed first.
-- Reads: int_account__stated, mart_counterparty, int_number__plain, int_name__key, stg_accounts,
-- mart_investor, stg_projects.
with mentions as (
    select
        account_no,
        holder_name,
        null as id_no,
        bank_name,
        1 as rank
    from stg_accounts
    union all
    select
        investor_account as account_no,
        investor_name as holder_name,
        investor_id as id_no,
        null as bank_name,
        3 as rank
    from mart_investor
    where investor_account is not null
    group by all
    union all
    select
        borrower_account as account_no,
        borrower_name as holder_name,
        borrower_id as id_no,
        null as bank_name,
        3 as rank
    from stg_projects
    where borrower_account is not null
    group by all
    union all
    select
        account_no,
        holder_name,
        null as id_no,
        bank_name,
        2 as rank
    from int_account__stated
    union all
    select
        n.number as account_no,
        l.counterparty_name as holder_name,
        null as id_no,
        l.counterparty_bank as bank_name,
        4 as rank
    from mart_counterparty as l
    inner join int_number__plain as n on l.counterparty_account = n.raw
    where not n.masked and n.number is not null
    group by all
)

select
    m.account_no,
    m.holder_name,
    m.id_no,
    m.bank_name,
    m.rank,
    k.name_key,
    k.base_key,
    k.kind,
    coalesce(k.masked, false) as masked,
    coalesce(k.odd, true) as odd
from mentions as m
left join int_name__key as k on m.holder_name = k.name
where m.account_no <> ''
