-- Purpose: register `parties` as it stands: the latest delivered row of each key.
-- Grain: party_id.
-- Reads: lake_parties. Amounts also as integer fen (*_fen).
select
    party_id,
    kind,
    name,
    id_no,
    source_file,
    source_sha256,
    source_record
from lake_parties
qualify
    row_number() over (
        partition by party_id
        order by delivery_no desc, source_record desc
    ) = 1
order by party_id
