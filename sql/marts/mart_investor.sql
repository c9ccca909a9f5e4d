-- Purpose: every way in which the register of subscriptions gives an investor, numbered, so that names and numbers are
-- worked on once each and subscriptions carry a number instead of texts.
-- Grain: investor_no (dense, sorted by it); investor_id × investor_account × investor_name as delivered.
-- Reads: stg_subscriptions.
-- Then: investor_no = (rowid + 1)::integer
-- Columns: who_no numbers who is told apart, by id, else by account, else by name; null when the register gives none.
with given as (
    select
        investor_id,
        investor_account,
        investor_name
    from stg_subscriptions
    group by all
)

select
    0::integer as investor_no,
    *,
    case
        when coalesce(investor_id, investor_account, investor_name) is not null
            then (dense_rank() over (order by coalesce(investor_id, investor_account, investor_name)))::integer
    end as who_no
from given
order by investor_id, investor_account, investor_name
