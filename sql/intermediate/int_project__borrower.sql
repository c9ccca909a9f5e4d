-- Purpose: the account and holder of each registered project's borrower.
-- Grain: project_id.
-- Reads: int_customer__resolved.
select
    project_id,
    account_id as borrower_account_id,
    holder_id as borrower_holder_id
from int_customer__resolved
where register = 'projects'
