-- view: Purpose: accepted statement rows of all delivered files, the same content as often as it was delivered.
-- Grain: a row of a delivered file.
-- Reads: lake_lines, lake_deliveries. No cut by date: what a file holds, it holds.
select
    l.*,
    d.source_file
from lake_lines as l
inner join lake_deliveries as d on l.source_sha256 = d.source_sha256
where d.kind = 'statement'
