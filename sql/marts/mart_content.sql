-- Purpose: the delivered statement contents that lines stand in, each under the first of its file names.
-- Grain: content_no (dense, sorted by it).
-- Reads: lake_content.
select
    content_no,
    source_file,
    source_sha256
from lake_content
order by content_no
