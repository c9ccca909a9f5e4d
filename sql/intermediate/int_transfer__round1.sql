-- Purpose: transfers on which both legs agree that the other is their best, the first round.
-- Grain: out_line_no; in_line_no.
-- Reads: int_transfer__candidate. Ties are decided by line_no, which follows content, never by file order.
with open as (
    select *
    from int_transfer__candidate
),

ranked as (
    select
        *,
        row_number() over (partition by out_line_no order by cost, in_line_no) as by_out,
        row_number() over (partition by in_line_no order by cost, out_line_no) as by_in
    from open
)

select
    out_line_no,
    in_line_no,
    basis,
    fee_fen
from ranked
where by_out = 1 and by_in = 1
