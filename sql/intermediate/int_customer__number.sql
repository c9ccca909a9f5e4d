-- Purpose: the number by which each project's borrower and each institution's investor is known.
-- Grain: project_id for register 'projects'; institution_no × investor_no for 'subscriptions'. Rows with a number only.
-- Reads: int_customer__asked, int_name__key, stg_accounts, stg_parties.
-- Offices fill the column with an identity number, with the number of their register of parties, or with a platform's
-- own customer number. A party's number stands for the party's identity, so that it is one holder under either. A
-- customer number that several platforms give to people of different names belongs to each platform alone. One whose
-- account the register of accounts gives to a party of the same name stands for that party.
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
),

enquired as (
    select
        g.institution_id,
        g.said,
        min(upper(trim(coalesce(p.id_no, p.party_id)))) as id_no
    from int_customer__asked as g
    inner join stg_accounts as a on g.account_no = a.account_no
    inner join stg_parties as p on a.party_id = p.party_id
    inner join int_name__key as k on g.name = k.name
    inner join int_name__key as r on p.name = r.name and k.base_key = r.base_key
    where not regexp_matches(g.said, '^([0-9]{15}|[0-9]{17}[0-9X]|9[0-9A-Z]{17})$')
    group by g.institution_id, g.said
    having count(distinct p.party_id) = 1
)

select
    g.register,
    g.project_id,
    g.institution_no,
    g.investor_no,
    coalesce(
        p.id_no,
        e.id_no,
        case when a.said is not null then concat_ws(':', g.institution_id, g.said) end,
        g.said
    ) as id_no
from int_customer__asked as g
left join party as p on g.said = p.said
left join ambiguous as a on g.said = a.said
left join enquired as e on g.institution_id = e.institution_id and g.said = e.said
where g.said <> ''
