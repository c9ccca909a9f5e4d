-- Purpose: every account seen in a register, a statement or a counterparty column.
-- Grain: account_id (dense, in the order of account_no).
-- Reads: int_account__holder, mart_holder, stg_accounts, stg_banks, mart_counterparty. Amounts in
-- fen.
with flows as (
    select
        account_no,
        sum(lines)::bigint as lines,
        min(first_at)::date as first_on,
        max(last_at)::date as last_on,
        sum(in_fen)::bigint as in_fen,
        sum(out_fen)::bigint as out_fen
    from mart_counterparty
    group by account_no
),

bank_by_name as (
    select
        k.name_key,
        min(b.bank_code) as bank_code
    from stg_banks as b
    inner join int_name__key as k on b.bank_name = k.name
    group by k.name_key
    having count(*) = 1
),

banked as (
    select
        h.*,
        a.account_type,
        a.institution_id,
        a.party_id,
        a.opened_on,
        a.closed_on,
        a.account_no is not null as registered,
        coalesce(a.bank_name, h.bank_name) as bank,
        coalesce(a.bank_code, n.bank_code) as code
    from int_account__holder as h
    left join stg_accounts as a on h.account_no = a.account_no
    left join int_name__key as k on coalesce(a.bank_name, h.bank_name) = k.name
    left join bank_by_name as n on k.name_key = n.name_key
)

select
    (row_number() over (order by b.account_no))::integer as account_id,
    b.account_no,
    f.lines is not null as monitored,
    b.registered,
    b.account_type,
    b.institution_id,
    b.party_id,
    m.holder_id,
    b.holder_name,
    b.kind as holder_kind,
    b.bank as bank_name,
    b.code as bank_code,
    k.qualified_custodian,
    k.qualified_reserve_bank,
    b.opened_on,
    b.closed_on,
    coalesce(f.lines, 0) as lines,
    f.first_on,
    f.last_on,
    coalesce(f.in_fen, 0) as in_fen,
    coalesce(f.out_fen, 0) as out_fen
from banked as b
inner join mart_holder as m on b.holder_key = m.holder_key
left join flows as f on b.account_no = f.account_no
left join stg_banks as k on b.code = k.bank_code
order by account_id
