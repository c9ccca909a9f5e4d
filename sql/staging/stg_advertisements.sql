-- Purpose: register `advertisements` as it stands: the latest delivered row of each key; rows dated (published_on)
-- after $as_of are not seen.
-- Grain: ad_id.
-- Reads: lake_advertisements. Amounts also as integer fen (*_fen). Parameters: $as_of (date, the Sunday).
select
    ad_id,
    institution_id,
    advertiser,
    published_on,
    channel,
    text,
    source_file,
    source_sha256,
    source_record
from lake_advertisements
where published_on <= $as_of or published_on is null
qualify
    row_number() over (
        partition by ad_id
        order by delivery_no desc, source_record desc
    ) = 1
order by ad_id
