-- Purpose: holders that lines name but no full account number stands for.
-- Grain: holder_key.
-- Reads: int_counterparty__resolved.
select
    cp_holder_key as holder_key,
    min(cp_name) as name,
    min(cp_base_key) as name_key,
    min(cp_kind) as kind
from int_counterparty__resolved
where cp_account_no is null and cp_holder_key is not null
group by cp_holder_key
