-- Purpose: every transaction of every monitored account, each once, numbered in order, with its counterparty
-- resolved.
-- Grain: line_no (dense, sorted by account_no and seq).
-- Reads: int_line__ordered, int_counterparty__resolved, mart_account, mart_holder. Amounts in fen.
-- Columns: line_id is the hash of account, day, direction and amount with the number of the occurrence of these, so
-- it stays the same when a later delivery tells more about the same transaction.
with numbered as (
    select
        *,
        row_number() over (
            partition by account_no, booked_at::date, direction, amount_fen
            order by seq
        ) as occurrence
    from int_line__ordered
)

select
    row_number() over (order by n.account_no, n.seq) as line_no,
    substr(sha256(concat_ws(
        '|', n.account_no, n.booked_at::date::varchar, n.direction, n.amount_fen::varchar, n.occurrence::varchar
    )), 1, 24) as line_id,
    a.account_id,
    n.account_no,
    n.seq,
    n.booked_at,
    n.booked_at::date as booked_on,
    n.has_time,
    n.direction,
    n.amount_fen,
    n.balance_after_fen,
    n.counterparty_account,
    n.counterparty_name,
    n.counterparty_bank,
    n.remark,
    n.reference,
    n.channel,
    n.source_file,
    n.source_sha256,
    n.source_record,
    c.account_id as cp_account_id,
    h.holder_id as cp_holder_id,
    coalesce(r.cp_basis, 'none') as cp_basis
from numbered as n
inner join mart_account as a on n.account_no = a.account_no
left join int_counterparty__resolved as r
    on
        n.account_no = r.account_no
        and coalesce(n.counterparty_account, '') = coalesce(r.counterparty_account, '')
        and coalesce(n.counterparty_name, '') = coalesce(r.counterparty_name, '')
left join mart_account as c on r.cp_account_no = c.account_no
left join mart_holder as h on r.cp_holder_key = h.holder_key
order by n.account_no, n.seq
