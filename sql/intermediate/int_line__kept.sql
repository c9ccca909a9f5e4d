-- Purpose: each transaction once.
-- Grain: a transaction on an account.
-- Reads: int_line__seen.
select *
from int_line__seen
