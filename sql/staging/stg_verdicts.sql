-- Purpose: register `verdicts` as it stands: the latest delivered row of each key; rows dated (decided_on) after
-- $as_of are not seen.
-- Grain: finding_key.
-- Reads: lake_verdicts. Amounts also as integer fen (*_fen). Parameters: $as_of (date, the Sunday).
select
    finding_key,
    verdict,
    decided_on,
    note,
    source_file,
    source_sha256,
    source_record
from lake_verdicts
where decided_on <= $as_of or decided_on is null
qualify
    row_number() over (
        partition by finding_key
        order by delivery_no desc, source_record desc
    ) = 1
order by finding_key
