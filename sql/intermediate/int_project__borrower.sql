-- Purpose: the account and holder of each registered project's borrower.
-- Grain: project_id.
-- Reads: stg_projects, mart_account, mart_holder, int_name__key.
with firm as (
    select
        name_key,
        min(holder_id) as holder_id
    from mart_holder
    where kind = 'company'
    group by name_key
    having count(*) = 1
)

select
    p.project_id,
    a.account_id as borrower_account_id,
    coalesce(h.holder_id, a.holder_id, f.holder_id) as borrower_holder_id
from stg_projects as p
left join mart_account as a on p.borrower_account = a.account_no
left join mart_holder as h on upper(trim(p.borrower_id)) = h.id_no
left join int_name__key as k on p.borrower_name = k.name
left join firm as f on k.base_key = f.name_key
