-- Purpose: all paired legs.
-- Grain: out_line_no × in_line_no (a leg occurs twice only when the other side split it).
-- Reads: int_transfer__round1, int_transfer__round2, int_transfer__round3, int_transfer__split.
select * from int_transfer__round1
union all
select * from int_transfer__round2
union all
select * from int_transfer__round3
union all
select * from int_transfer__split
