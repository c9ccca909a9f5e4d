-- Purpose: persons and firms that a register knows by number: party, institution, investor, borrower.
-- Grain: id_no (identity number; for an institution without one, its institution_id).
-- kind: what the register says, else what the number is (an identity card's 18 or 15 digits, a credit code's 18
-- characters), else what the name says.
-- Reads: stg_institutions, stg_parties, mart_investor, stg_projects, int_customer__number, int_name__key.
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
        i.investor_name as name,
        null as institution_id,
        null as party_id,
        null as kind,
        3 as rank
    from mart_investor as i
    inner join int_customer__number as n on i.investor_no = n.investor_no
    union all
    select distinct
        n.id_no,
        p.borrower_name as name,
        null as institution_id,
        null as party_id,
        null as kind,
        3 as rank
    from stg_projects as p
    inner join int_customer__number as n on p.project_id = n.project_id
),

-- the best name is the least by rank and text, written as one text, which is compared far faster than a struct of them
merged as (
    select
        n.id_no,
        min(n.rank::varchar || n.name) as name,
        min(n.rank::varchar || n.name) filter (where k.base_key is not null) as keyed_name,
        min(n.institution_id) as institution_id,
        min(n.party_id) as party_id,
        arg_min(n.kind, n.rank) filter (where n.kind is not null) as said_kind,
        min(k.kind) as named_kind
    from named as n
    left join int_name__key as k on n.name = k.name
    where n.id_no <> ''
    group by n.id_no
)

select
    m.id_no,
    m.name[2:] as name,
    m.institution_id,
    m.party_id,
    coalesce(
        m.said_kind,
        case
            when
                regexp_matches(
                    m.id_no,
                    '^[1-8][0-9]{5}((19|20)[0-9]{2}|[0-9]{2})'
                    || '(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])[0-9]{3}[0-9X]?$'
                ) and length(m.id_no) in (15, 18)
                then 'person'
            when regexp_matches(m.id_no, '^9[1-9A-Z][0-9]{6}[0-9A-Z]{10}$') then 'company'
        end,
        m.named_kind,
        'unknown'
    ) as kind,
    k.base_key
from merged as m
left join int_name__key as k on m.keyed_name[2:] = k.name
