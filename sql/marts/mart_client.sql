-- Purpose: clients who pay in to or are paid out from an institution's controlled accounts.
-- Grain: institution_id × holder_id. Sorted by it.
-- Reads: int_pair__flow, mart_role. Amounts in fen. A client is a holder whose main role is client, by register or by
-- behaviour.
-- Columns: in_… are deposits, out_… payouts; first_in_on and last_in_on are null for a client who only was paid.
select
    f.institution_id,
    f.holder_id,
    f.in_lines,
    f.out_lines,
    f.in_fen,
    f.out_fen,
    f.first_in_on,
    f.last_in_on,
    r.source as client_by
from int_pair__flow as f
inner join mart_role as r
    on
        f.institution_id = r.institution_id
        and f.holder_id = r.holder_id
        and r.role = 'client'
order by f.institution_id, f.holder_id
