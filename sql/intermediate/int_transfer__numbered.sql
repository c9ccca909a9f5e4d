-- kept: Purpose: movements of money, each once, as the line says that a movement is numbered by.
-- Grain: transfer_no, sorted by it: the line_no of the leg out, of the leg in where that is all there is, and of the
-- leg in for the second part of a leg that the other side split.
-- Reads: mart_line. Amounts in fen. Read in the order in which the lines lie and written in it, with no sort;
-- mart_transfer amends what the other leg says.
select
    line_no as transfer_no,
    case when direction = 'out' then line_no end as out_line_no,
    case when direction = 'in' then line_no end as in_line_no,
    case when direction = 'out' then account_id else cp_account_id end as from_account_id,
    case when direction = 'in' then account_id else cp_account_id end as to_account_id,
    case when direction = 'out' then holder_id else cp_holder_id end as from_holder_id,
    case when direction = 'in' then holder_id else cp_holder_id end as to_holder_id,
    amount_fen,
    0::bigint as fee_fen,
    booked_at as paid_at,
    booked_at as arrived_at,
    'one_leg' as basis
from mart_line
where transfer_no = line_no
