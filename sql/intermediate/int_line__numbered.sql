-- kept: Purpose: every transaction of every monitored account, each once, numbered in order, its counterparty resolved.
-- Grain: line_no (dense, in the order of account_no and seq; seq follows time, then balance chain, then content).
-- Reads: int_line__kept, int_day__untimed, int_line__placed, mart_counterparty, int_counterparty__resolved,
-- mart_account, mart_holder. Amounts in fen.
-- Parameters: $from_account, $to_account (a slice of the accounts at a time, in their order).
-- Sides: as written
-- Then: line_no = rowid + 1, seq = seq + rowid + 1, transfer_no = rowid + 1
-- This is the one sort over all lines, and the one time that their texts are written: mart_line amends what is known
-- later. What many lines share (the account, the counterparty as given, the file) stands as a number. Lines are
-- numbered as they lie, which all threads write at once; a window over all lines would be one thread's work
-- (check_line_order holds the outcome).
with starts as (
    select
        account_id,
        sum(lines) over (order by account_id) - lines as lines_before
    from mart_account
    where monitored
),

slice as (
    select *
    from mart_account
    where account_id between $from_account and $to_account
),

given as (
    select
        g.account_no,
        g.counterparty_account,
        g.counterparty_name,
        g.counterparty_bank,
        g.counterparty_no,
        a.account_id,
        a.holder_id,
        s.lines_before,
        c.account_id as cp_account_id,
        h.holder_id as cp_holder_id,
        coalesce(r.cp_basis, 'none') as cp_basis
    from mart_counterparty as g
    inner join slice as a on g.account_no = a.account_no
    inner join starts as s on a.account_id = s.account_id
    left join int_counterparty__resolved as r
        on
            g.account_no = r.account_no
            and g.counterparty_account is not distinct from r.counterparty_account
            and g.counterparty_name is not distinct from r.counterparty_name
    left join mart_account as c on r.cp_account_no = c.account_no
    left join mart_holder as h on r.cp_holder_key = h.holder_key
),

read as (
    select
        g.account_id,
        g.holder_id,
        -g.lines_before::bigint as seq,
        k.booked_at,
        k.booked_at::date as booked_on,
        k.has_time,
        k.direction,
        k.amount_fen,
        k.balance_after_fen,
        k.remark,
        k.reference,
        k.channel,
        k.content_no,
        k.source_record,
        g.counterparty_no,
        g.cp_account_id,
        g.cp_holder_id,
        g.cp_basis,
        coalesce(u.day::timestamp, k.booked_at) as clock,
        coalesce(p.place, 1) as place
    from int_line__kept as k
    inner join given as g
        on
            k.account_no = g.account_no
            and k.counterparty_account is not distinct from g.counterparty_account
            and k.counterparty_name is not distinct from g.counterparty_name
            and k.counterparty_bank is not distinct from g.counterparty_bank
    left join int_day__untimed as u on k.account_no = u.account_no and k.booked_at::date = u.day
    left join int_line__placed as p on k.row_id = p.row_id
)

select
    0::bigint as line_no,
    * exclude (clock, place),
    1 as occurrence,
    0::bigint as transfer_no
from read
order by account_id, clock, place
