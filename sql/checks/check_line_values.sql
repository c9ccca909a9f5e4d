-- Purpose: amounts are positive and directions known.
-- Grain: a violating line.
-- Reads: mart_line.
select line_no
from mart_line
where amount_fen <= 0 or direction not in ('in', 'out') or booked_at is null or account_id is null
