-- Purpose: the delivered files and archive members, by the number that register rows carry.
-- Grain: delivery_no (dense, sorted by it).
-- Reads: lake_deliveries.
select
    delivery_no,
    source_file,
    source_sha256
from lake_deliveries
order by delivery_no
