-- Purpose: the number by which each project's borrower and each institution's investor is known.
-- Grain: project_id for register 'projects'; institution_no × investor_no for 'subscriptions'. Rows with a number only.
-- Reads: int_customer__asked, stg_parties.
-- Offices fill the column with an identity number, with the number of their register of parties, or with a platform's
-- own customer number. A party's number stands for the party's identity, so that it is one holder under either. A
-- customer number that several platforms give to people of different names belongs to each platform alone.
with party as (
    select
        upper(trim(party_id)) as said,
        min(upper(trim(coalesce(id_no, party_id)))) as id_no
    from stg_parties
    group by upper(trim(party_id))
),

ambiguous as (
    select said
    from int_customer__asked
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
from int_customer__asked as g
left join party as p on g.said = p.said
left join ambiguous as a on g.said = a.said
where g.said <> ''
