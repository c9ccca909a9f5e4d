-- Purpose: the account and holder of each project's borrower and each subscription's investor.
-- Grain: register × record_id.
-- Reads: stg_projects, stg_subscriptions, stg_products, int_customer__number, mart_account, mart_holder, mart_line,
-- int_name__key.
-- Who is known by number or account stands first, then the one firm of that name; a person known by name alone is the
-- one holder of that name who deals with the institution.
with asked as (
    select
        'projects' as register,
        project_id as record_id,
        institution_id,
        borrower_account as account_no,
        borrower_name as name
    from stg_projects
    union all
    select
        'subscriptions' as register,
        s.subscription_id as record_id,
        d.institution_id,
        s.investor_account as account_no,
        s.investor_name as name
    from stg_subscriptions as s
    left join stg_products as d on s.product_id = d.product_id
),

firm as (
    select
        name_key,
        min(holder_id) as holder_id
    from mart_holder
    where kind = 'company'
    group by name_key
    having count(*) = 1
),

known as (
    select
        r.register,
        r.record_id,
        r.institution_id,
        k.name_key,
        a.account_id,
        coalesce(h.holder_id, a.holder_id, f.holder_id) as holder_id
    from asked as r
    left join mart_account as a on r.account_no = a.account_no
    left join int_customer__number as n on r.register = n.register and r.record_id = n.record_id
    left join mart_holder as h on n.id_no = h.id_no
    left join int_name__key as k on r.name = k.name and not k.masked
    left join firm as f on k.base_key = f.name_key
),

namesake as (
    select distinct
        u.institution_id,
        u.name_key,
        h.holder_id
    from known as u
    inner join mart_holder as h on u.name_key = h.name_key and h.kind <> 'company'
    where u.holder_id is null
),

met as (
    select
        n.institution_id,
        n.name_key,
        min(n.holder_id) as holder_id
    from namesake as n
    where
        (n.institution_id, n.holder_id) in (
            select
                a.institution_id,
                l.cp_holder_id
            from mart_line as l
            inner join mart_account as a on l.account_id = a.account_id
            where l.cp_holder_id in (select s.holder_id from namesake as s) and a.institution_id is not null
        )
    group by n.institution_id, n.name_key
    having count(*) = 1
)

select
    k.register,
    k.record_id,
    k.account_id,
    coalesce(k.holder_id, m.holder_id) as holder_id
from known as k
left join met as m on k.institution_id = m.institution_id and k.name_key = m.name_key and k.holder_id is null
