-- Purpose: register `relations` as it stands: the latest delivered row of each key; rows dated (since) after $as_of
-- are not seen.
-- Grain: institution_id, party_id, role.
-- Reads: lake_relations. Amounts also as integer fen (*_fen). Parameters: $as_of (date, the Sunday).
select
    institution_id,
    party_id,
    role,
    share_pct,
    since,
    until,
    source_file,
    source_sha256,
    source_record
from lake_relations
where since <= $as_of or since is null
qualify
    row_number() over (
        partition by institution_id, party_id, role
        order by delivery_no desc, source_record desc
    ) = 1
order by institution_id, party_id, role
