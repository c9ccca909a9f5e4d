-- view: Purpose: statement rows up to the week's Sunday, each distinct file content once (a file delivered
-- twice is one).
-- Grain: row_id, a work number of this build only.
-- Reads: lake_lines (cut at $as_of). A view: steps read only the columns they need.
select *
from lake_lines
