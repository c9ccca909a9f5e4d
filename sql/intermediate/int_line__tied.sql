-- Purpose: lines that their booking time alone does not order, with what the balances say of their order.
-- Grain: row_id.
-- Reads: int_line__kept.
-- clock: the booking time, or the day alone where any line of that account and day has no time. ties: lines of one
-- clock.
-- by_content: place among them by content alone (money in first, then larger first), the last resort.
-- by_chain: place in the source's own order; believed only where the balances prove it (int_line__unclear).
with timed as (
    select
        row_id,
        account_no,
        booked_at,
        direction,
        amount_fen,
        counterparty_account,
        counterparty_name,
        reference,
        remark,
        balance_after_fen as balance,
        case when direction = 'in' then amount_fen else -amount_fen end as delta,
        source_sha256 as content,
        chain_no,
        case
            when bool_and(has_time) over (partition by account_no, booked_at::date) then booked_at
            else booked_at::date::timestamp
        end as clock
    from int_line__kept
),

counted as (
    select
        *,
        count(*) over (partition by account_no, clock) as ties
    from timed
)

select
    row_id,
    account_no,
    clock,
    ties,
    balance,
    delta,
    content,
    case
        when ties = 1 then 1
        else row_number() over (
            partition by account_no, clock
            order by
                booked_at asc,
                direction asc,
                amount_fen desc,
                counterparty_account asc,
                counterparty_name asc,
                reference asc,
                remark asc,
                balance asc, row_id asc
        )
    end as by_content,
    case when ties = 1 then 1 else row_number() over (partition by account_no, clock order by chain_no, row_id) end
        as by_chain
from counted
