-- Purpose: transfers on which both legs agree that the other is their best, round 3, over legs still free.
-- Grain: out_line_no; in_line_no.
-- Reads: int_transfer__candidate, int_transfer__round1, int_transfer__round2. Ties are decided by line_no, which
-- follows content, never by file order.
with open as (
    select *
    from int_transfer__candidate
    where
        out_line_no not in (select d.out_line_no from int_transfer__round1 as d)
        and in_line_no not in (select d.in_line_no from int_transfer__round1 as d)
        and out_line_no not in (select d.out_line_no from int_transfer__round2 as d)
        and in_line_no not in (select d.in_line_no from int_transfer__round2 as d)
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
