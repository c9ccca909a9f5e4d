-- Purpose: who holds each account: the identity a register gives, else the firm of that name, else a person of that
-- name known by this account alone (two persons may share a name, so names alone never merge persons).
-- Grain: account_no.
-- Reads: int_account__seen, int_name__key, int_party__identity, stg_accounts, stg_institutions, stg_parties.
-- the best name is the least by masked, rank, odd, length and text; written as one text, which is compared far faster
-- than a struct of them
with least_of as (
    select
        account_no,
        min(
            masked::integer::varchar || rank::varchar || odd::integer::varchar
            || lpad(length(holder_name)::varchar, 9, '0') || holder_name
        ) filter (where name_key is not null) as name,
        min(upper(trim(id_no))) filter (where id_no is not null) as id_no,
        min(rank::varchar || bank_name) filter (where bank_name is not null) as bank_name
    from int_account__seen
    group by account_no
),

best as (
    select
        l.account_no,
        k.name as holder_name,
        k.name_key,
        k.base_key,
        k.kind,
        l.id_no,
        l.bank_name[2:] as bank_name
    from least_of as l
    left join int_name__key as k on l.name[13:] = k.name
),

firm as (
    select
        base_key,
        min(id_no) as id_no
    from int_party__identity
    where kind = 'company' and base_key is not null
    group by base_key
    having count(*) = 1
)

select
    b.account_no,
    b.holder_name,
    b.name_key,
    b.base_key,
    -- banks number the cards of persons 62…; a firm's account has no such number
    case
        when coalesce(b.kind, 'unknown') = 'unknown' and regexp_matches(b.account_no, '^62[0-9]{14,17}$') then 'person'
        else b.kind
    end as kind,
    b.bank_name,
    case
        when a.institution_id is not null and a.account_type <> 'party' and i.institution_id is not null
            then 'i:' || upper(coalesce(i.uscc, i.institution_id))
        when p.party_id is not null then 'i:' || upper(coalesce(p.id_no, p.party_id))
        when b.id_no is not null then 'i:' || b.id_no
        when f.id_no is not null then 'i:' || f.id_no
        when b.kind = 'company' then 'c:' || b.base_key
        else 'a:' || b.account_no
    end as holder_key
from best as b
left join stg_accounts as a on b.account_no = a.account_no
left join stg_institutions as i on a.institution_id = i.institution_id
left join stg_parties as p on a.party_id = p.party_id
left join firm as f on b.kind = 'company' and b.base_key = f.base_key
