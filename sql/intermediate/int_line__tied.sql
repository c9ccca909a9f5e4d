-- Purpose: lines that their booking time alone does not order, with what the balances say of their order.
-- Grain: row_id; only lines that share account and clock with another.
-- Reads: int_line__kept, int_day__untimed.
-- clock: the booking time, or the day alone where any line of that account and day has no time.
-- by_content: place among them by content alone (money in first, then larger first), the last resort.
-- by_chain: place in the source's own order; believed only where the balances prove it (int_line__tie).
-- Lines are told apart by a hash first, which is cheap; only those that share one are compared whole.
with clocked as not materialized (
    select
        l.*,
        case when u.day is null then l.booked_at else u.day::timestamp end as clock
    from int_line__kept as l
    left join int_day__untimed as u on l.account_no = u.account_no and l.booked_at::date = u.day
),

doubtful as (
    select hash(account_no, clock) as clock_hash
    from clocked
    group by hash(account_no, clock)
    having count(*) > 1
),

tied as (
    select
        *,
        case when direction = 'in' then amount_fen else -amount_fen end as delta
    from clocked
    where hash(account_no, clock) in (select d.clock_hash from doubtful as d)
    qualify count(*) over (partition by account_no, clock) > 1
)

select
    row_id,
    account_no,
    clock,
    balance_after_fen as balance,
    delta,
    content_no as content,
    row_number() over (
        partition by account_no, clock
        order by
            booked_at asc, direction asc, amount_fen desc, counterparty_account asc, counterparty_name asc,
            reference asc, remark asc, balance_after_fen asc, row_id asc
    ) as by_content,
    row_number() over (partition by account_no, clock order by chain_no, row_id) as by_chain
from tied
