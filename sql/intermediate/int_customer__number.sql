-- Purpose: the number by which each project's borrower and each institution's investor is known.
-- Grain: project_id for register 'projects'; institution_no × investor_no for 'subscriptions'. Rows with a number only.
-- Reads: stg_projects, int_investor__asked, mart_investor, stg_parties.
-- Offices fill the column with an identity number, with the number of their register of parties, or with a platform's
-- own customer number. A party's number stands for the party's identity, so that it is one holder under either. A
-- customer number that several platforms give to people of different names belongs to each platform alone.
with given as (
    select
        'projects' as register,
        project_id,
        null::integer as institution_no,
        null::integer as investor_no,
        institution_id,
        upper(trim(borrower_id)) as said,
        borrower_name as name
    from stg_projects
    union all
    select
        'subscriptions' as register,
        null as project_id,
        s.institution_no,
        s.investor_no,
        s.institution_id,
        upper(trim(i.investor_id)) as said,
        i.investor_name as name
    from int_investor__asked as s
    inner join mart_investor as i on s.investor_no = i.investor_no
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
    g.project_id,
    g.institution_no,
    g.investor_no,
    coalesce(p.id_no, case when a.said is not null then concat_ws(':', g.institution_id, g.said) end, g.said) as id_no
from given as g
left join party as p on g.said = p.said
left join ambiguous as a on g.said = a.said
where g.said <> ''
