-- Purpose: paired legs with the number of their movement: the line_no of the leg out, and of the leg in from the second
-- part on of a leg out that the other side split.
-- Grain: transfer_no.
-- Reads: int_transfer__matched.
select
    case
        when row_number() over (partition by out_line_no order by in_line_no) = 1 then out_line_no
        else in_line_no
    end as transfer_no,
    out_line_no,
    in_line_no,
    basis,
    fee_fen::bigint as fee_fen
from int_transfer__matched
