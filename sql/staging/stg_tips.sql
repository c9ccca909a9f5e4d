-- Purpose: register `tips` as it stands: the latest delivered row of each key; rows dated (received_on) after $as_of
-- are not seen.
-- Grain: tip_id.
-- Reads: lake_tips. Amounts also as integer fen (*_fen). Parameters: $as_of (date, the Sunday).
select
    tip_id,
    institution_id,
    institution_name,
    received_on,
    channel,
    text,
    source_file,
    source_sha256,
    source_record
from lake_tips
where received_on <= $as_of or received_on is null
qualify
    row_number() over (
        partition by tip_id
        order by delivery_no desc, source_record desc
    ) = 1
order by tip_id
