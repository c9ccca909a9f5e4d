-- Purpose: the order of an account's transactions over time.
-- Grain: a transaction on an account; seq counts from 1 within the account.
-- Reads: int_line__kept.
select
    *,
    row_number() over (
        partition by account_no
        order by booked_at, chain_no, source_record
    ) as seq
from int_line__kept
