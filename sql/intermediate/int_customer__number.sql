-- Purpose: the number by which each project's borrower and each subscription's investor is known.
-- Grain: register × record_id (rows with a number only).
-- Reads: stg_projects, stg_subscriptions, stg_products, stg_parties.
-- Offices fill the column with an identity number, with the number of their register of parties, or with a platform's
-- own customer number. A party's number stands for the party's identity, so that it is one holder under either. A
-- customer number that several platforms give to people of different names belongs to each platform alone.
with given as (
    select
        'projects' as register,
        project_id as record_id,
        institution_id,
        upper(trim(borrower_id)) as said,
        borrower_name as name
    from stg_projects
    union all
    select
        'subscriptions' as register,
        s.subscription_id as record_id,
        d.institution_id,
        upper(trim(s.investor_id)) as said,
        s.investor_name as name
    from stg_subscriptions as s
    left join stg_products as d on s.product_id = d.product_id
),

party as (
    select
        upper(trim(party_id)) as said,
        min(upper(trim(coalesce(id_no, party_id)))) as id_no
    from stg_parties
    group by upper(trim(party_id))
),

ambiguous as (
    select said
    from given
    where not regexp_matches(said, '^([0-9]{15}|[0-9]{17}[0-9X]|9[0-9A-Z]{17})$')
    group by said
    having count(distinct institution_id) > 1 and count(distinct name) > 1
)

select
    g.register,
    g.record_id,
    coalesce(p.id_no, case when a.said is not null then concat_ws(':', g.institution_id, g.said) end, g.said) as id_no
from given as g
left join party as p on g.said = p.said
left join ambiguous as a on g.said = a.said
where g.said <> ''
