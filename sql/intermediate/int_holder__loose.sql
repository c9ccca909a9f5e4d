-- Purpose: firms that only a name mentions, without any account in full.
-- Grain: base_key.
-- Reads: int_line__kept, int_name__key, int_account__holder, int_party__identity.
with named as (
    select distinct
        k.base_key,
        k.name
    from (select distinct counterparty_name from int_line__kept) as l
    inner join int_name__key as k on l.counterparty_name = k.name
    where k.kind = 'company' and not k.masked
)

select
    n.base_key,
    min(n.name) as name
from named as n
where n.base_key not in (select h.base_key from int_account__holder as h where h.base_key is not null and h.kind = 'company')
    and n.base_key not in (select i.base_key from int_party__identity as i where i.base_key is not null)
group by n.base_key
