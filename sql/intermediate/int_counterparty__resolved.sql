-- Purpose: which account and which holder a line's counterparty columns mean, in the context of the account they stand on.
-- Grain: account_no × counterparty_account × counterparty_name as delivered.
-- Reads: int_line__kept, int_name__key, mart_account, mart_holder. Null where it is not unique.
with asked as (
    select distinct
        l.account_no,
        l.counterparty_account,
        l.counterparty_name,
        k.name_key,
        k.base_key,
        k.kind,
        k.masked
    from int_line__kept as l
    left join int_name__key as k on l.counterparty_name = k.name
    where l.counterparty_account is not null or l.counterparty_name is not null
),

exact as (
    select
        a.account_no,
        a.counterparty_account,
        a.counterparty_name,
        m.account_id,
        m.holder_id
    from asked as a
    inner join mart_account as m on a.counterparty_account = m.account_no
),

firm as (
    select
        name_key as base_key,
        min(holder_id) as holder_id
    from mart_holder
    where kind = 'company'
    group by name_key
    having count(*) = 1
)

select
    a.account_no,
    a.counterparty_account,
    a.counterparty_name,
    e.account_id as cp_account_id,
    coalesce(e.holder_id, f.holder_id) as cp_holder_id,
    case when e.account_id is not null then 'account' when f.holder_id is not null then 'name' else 'none' end as cp_basis
from asked as a
left join exact as e
    on a.account_no = e.account_no
    and a.counterparty_account = e.counterparty_account
    and a.counterparty_name is not distinct from e.counterparty_name
left join firm as f on a.base_key = f.base_key and a.kind = 'company' and not a.masked
