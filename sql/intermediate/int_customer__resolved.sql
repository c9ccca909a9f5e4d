-- Purpose: the account and holder of each project's borrower and each institution's investor.
-- Grain: project_id for register 'projects'; institution_no × investor_no for 'subscriptions'.
-- Reads: int_customer__asked, int_customer__number, mart_account, mart_holder, mart_line, int_name__key.
-- Who is known by number or account stands first, then the one firm of that name; a person known by name alone is the
-- one holder of that name who deals with the institution.
with firm as (
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
        r.project_id,
        r.institution_no,
        r.investor_no,
        r.institution_id,
        k.name_key,
        a.account_id,
        coalesce(h.holder_id, a.holder_id, f.holder_id) as holder_id
    from int_customer__asked as r
    left join mart_account as a on r.account_no = a.account_no
    left join int_customer__number as n
        on
            r.register = n.register
            and r.project_id is not distinct from n.project_id
            and r.institution_no is not distinct from n.institution_no
            and r.investor_no is not distinct from n.investor_no
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
    k.project_id,
    k.institution_no,
    k.investor_no,
    k.account_id,
    coalesce(k.holder_id, m.holder_id) as holder_id
from known as k
left join met as m on k.institution_id = m.institution_id and k.name_key = m.name_key and k.holder_id is null
