-- Purpose: persons and firms behind accounts, register rows and names; accounts of one holder share it.
-- Grain: holder_id (dense, in the order of holder_key, a key made of identity number (i:), firm name (c:), account
-- number (a:), masked number and name (m:) or name within one institution's statements (n:)).
-- Reads: int_account__holder, int_party__identity, int_holder__loose.
with keys as (
    select
        'i:' || id_no as holder_key,
        name,
        base_key as name_key,
        kind,
        institution_id,
        party_id,
        id_no,
        1 as rank
    from int_party__identity
    union all
    select
        holder_key,
        holder_name as name,
        base_key as name_key,
        kind,
        null as institution_id,
        null as party_id,
        null as id_no,
        2 as rank
    from int_account__holder
    union all
    select
        holder_key,
        name,
        name_key,
        kind,
        null as institution_id,
        null as party_id,
        null as id_no,
        3 as rank
    from int_holder__loose
),

-- the best name is the least by rank, length and text, written as one text, which is compared far faster than a
-- struct of them
ranked as (
    select
        *,
        rank::varchar || lpad(length(name)::varchar, 9, '0') || name as place
    from keys
),

merged as (
    select
        holder_key,
        min(place)[11:] as name,
        arg_min(name_key, place) filter (where name_key is not null) as name_key,
        coalesce(min(rank::varchar || kind)[2:], 'unknown') as kind,
        min(institution_id) as institution_id,
        min(party_id) as party_id,
        min(id_no) as id_no
    from ranked
    group by holder_key
)

select
    (row_number() over (order by holder_key))::integer as holder_id,
    *
from merged
order by holder_id
