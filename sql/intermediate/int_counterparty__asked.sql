-- Purpose: every way in which the statement of one account names a counterparty.
-- Grain: account_no × counterparty_account × counterparty_name as delivered.
-- Reads: mart_counterparty, int_number__plain, int_name__key, stg_accounts.
-- context: the institution whose account it is, else the account itself; persons of one name are told apart within
-- it.
with asked as (
    select distinct
        account_no,
        counterparty_account,
        counterparty_name
    from mart_counterparty
    where counterparty_account is not null or counterparty_name is not null
)

select
    a.*,
    case
        when r.institution_id is not null and r.account_type <> 'party' then 'i:' || r.institution_id
        else 'a:' || a.account_no
    end as context,
    n.number,
    coalesce(n.masked, false) as number_masked,
    n.shown_head,
    n.shown_tail,
    k.name_key,
    k.base_key,
    k.kind,
    coalesce(k.masked, false) as name_masked
from asked as a
left join stg_accounts as r on a.account_no = r.account_no
left join int_number__plain as n on a.counterparty_account = n.raw
left join int_name__key as k on a.counterparty_name = k.name
