-- Purpose: who is known by full account number in each context: counterparties of its statements, investors,
-- borrowers and related parties of its institution.
-- Grain: context × account_no.
-- Reads: int_counterparty__asked, int_account__holder, int_investor__asked, mart_investor, stg_projects, stg_relations,
-- stg_accounts.
with known as (
    select
        context,
        number as account_no
    from int_counterparty__asked
    where number is not null and not number_masked
    union
    select
        'i:' || a.institution_id as context,
        i.investor_account as account_no
    from int_investor__asked as a
    inner join mart_investor as i on a.investor_no = i.investor_no
    union
    select
        'i:' || institution_id as context,
        borrower_account as account_no
    from stg_projects
    union
    select
        'i:' || r.institution_id as context,
        a.account_no
    from stg_relations as r
    inner join stg_accounts as a on r.party_id = a.party_id
    union
    select
        'i:' || institution_id as context,
        account_no
    from stg_accounts
    where institution_id is not null
)

select
    k.context,
    k.account_no,
    h.holder_key,
    h.name_key,
    h.base_key,
    h.kind
from known as k
inner join int_account__holder as h on k.account_no = h.account_no
