-- Purpose: account-days of which a line has no time, so that time orders none of them.
-- Grain: account_no × day.
-- Reads: int_line__kept.
select distinct
    account_no,
    booked_at::date as day
from int_line__kept
where not has_time
