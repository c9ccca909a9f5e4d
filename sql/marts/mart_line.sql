-- Purpose: every transaction of every monitored account, each once, in order.
-- Grain: line_no (dense, sorted by account_no and seq).
-- Reads: int_line__numbered, int_transfer__matched, mart_account, mart_transfer. Amounts in fen. A counterparty that
-- the number does not tell is taken from the paired leg (cp_basis 'transfer').
with paired as (
    select
        t.out_line_no as line_no,
        min(a.account_id) as account_id,
        min(a.holder_id) as holder_id
    from int_transfer__matched as t
    inner join int_line__numbered as l on t.in_line_no = l.line_no
    inner join mart_account as a on l.account_id = a.account_id
    group by t.out_line_no
    union all
    select
        t.in_line_no as line_no,
        min(a.account_id) as account_id,
        min(a.holder_id) as holder_id
    from int_transfer__matched as t
    inner join int_line__numbered as l on t.out_line_no = l.line_no
    inner join mart_account as a on l.account_id = a.account_id
    group by t.in_line_no
),

numbered as (
    select
        line_no,
        min(transfer_no) as transfer_no
    from (
        select
            out_line_no as line_no,
            transfer_no
        from mart_transfer
        union all
        select
            in_line_no as line_no,
            transfer_no
        from mart_transfer
    ) as leg
    where line_no is not null
    group by line_no
)

select
    l.* exclude (cp_account_id, cp_holder_id, cp_basis),
    case when p.account_id is not null and l.cp_basis in ('name', 'none') then p.account_id else l.cp_account_id end
        as cp_account_id,
    case when p.account_id is not null and l.cp_basis in ('name', 'none') then p.holder_id else l.cp_holder_id end
        as cp_holder_id,
    case when p.account_id is not null and l.cp_basis in ('name', 'none') then 'transfer' else l.cp_basis end
        as cp_basis,
    n.transfer_no
from int_line__numbered as l
left join paired as p on l.line_no = p.line_no
left join numbered as n on l.line_no = n.line_no
order by l.line_no
