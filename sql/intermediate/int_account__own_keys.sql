-- Purpose: the names a monitored account goes by: its holder's and its own title.
-- Grain: account_id; own_keys is a sorted list.
-- Reads: mart_account, mart_holder, int_account__holder.
select
    a.account_id,
    list_sort(list_distinct([h.name_key, o.name_key, o.base_key])) as own_keys
from mart_account as a
inner join mart_holder as h on a.holder_id = h.holder_id
inner join int_account__holder as o on a.account_no = o.account_no
where a.monitored
