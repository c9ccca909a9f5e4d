-- Purpose: an account number is one account, an identity one holder.
-- Grain: a violating number or key.
-- Reads: mart_account, mart_holder.
select account_no
from mart_account
group by account_no
having count(*) > 1
union all
select holder_key as account_no
from mart_holder
group by holder_key
having count(*) > 1
