-- Purpose: statement rows up to the week's Sunday, each distinct file content once (a file delivered twice is one).
-- Grain: a row of a distinct content. row_id is a work number of this build only.
-- Reads: lake_lines, lake_deliveries. Parameters: $as_of (date, the Sunday).
with content as (
    select
        source_sha256,
        min(source_file) as source_file
    from lake_deliveries
    where kind = 'statement'
    group by source_sha256
),

booked as (
    select *
    from lake_lines
    where booked_at::date <= $as_of
)

select
    row_number() over () as row_id,
    l.*,
    c.source_file
from booked as l
inner join content as c on l.source_sha256 = c.source_sha256
