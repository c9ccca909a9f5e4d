-- Purpose: persons and firms that a register knows by number: party, institution, investor, borrower.
-- Grain: id_no (identity number; for an institution without one, its institution_id).
-- kind: what the register says, else what the number is (an identity card's 18 or 15 digits, a credit code's 18
-- characters), else what the name says.
-- Reads: stg_institutions, stg_parties, stg_subscriptions, stg_projects, int_customer__number, int_name__key.
with named as (
    select
        upper(trim(coalesce(uscc, institution_id))) as id_no,
        name,
        institution_id,
        null as party_id,
        'company' as kind,
        1 as rank
    from stg_institutions
    union all
    select
        upper(trim(coalesce(id_no, party_id))) as id_no,
        name,
        null as institution_id,
        party_id,
        kind,
        2 as rank
    from stg_parties
    union all
    select distinct
        n.id_no,
        s.investor_name as name,
        null as institution_id,
        null as party_id,
        null as kind,
        3 as rank
    from stg_subscriptions as s
    inner join int_customer__number as n on s.subscription_id = n.record_id and n.register = 'subscriptions'
    union all
    select distinct
        n.id_no,
        p.borrower_name as name,
        null as institution_id,
        null as party_id,
        null as kind,
        3 as rank
    from stg_projects as p
    inner join int_customer__number as n on p.project_id = n.record_id and n.register = 'projects'
)

select
    n.id_no,
    arg_min(n.name, (n.rank, n.name)) filter (where n.name is not null) as name,
    min(n.institution_id) as institution_id,
    min(n.party_id) as party_id,
    coalesce(
        arg_min(n.kind, n.rank) filter (where n.kind is not null),
        case
            when
                regexp_matches(
                    n.id_no,
                    '^[1-8][0-9]{5}((19|20)[0-9]{2}|[0-9]{2})'
                    || '(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])[0-9]{3}[0-9X]?$'
                ) and length(n.id_no) in (15, 18)
                then 'person'
            when regexp_matches(n.id_no, '^9[1-9A-Z][0-9]{6}[0-9A-Z]{10}$') then 'company'
        end,
        min(k.kind),
        'unknown'
    ) as kind,
    arg_min(k.base_key, (n.rank, n.name)) filter (where k.base_key is not null) as base_key
from named as n
left join int_name__key as k on n.name = k.name
where n.id_no <> ''
group by n.id_no
