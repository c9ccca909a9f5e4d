-- Purpose: counterparties given by name alone that mean one known account or holder.
-- Grain: context × name_key.
-- Reads: int_counterparty__asked, int_counterparty__known, int_counterparty__masked, int_account__holder,
-- int_party__identity. Persons are looked for within the context only; firms everywhere, an account's full title
-- before the firm's name.
with names as (
    select distinct
        context,
        name_key,
        base_key,
        kind,
        name_masked
    from int_counterparty__asked
    where
        name_key is not null and name_key <> ''
        and (number is null or number_masked)
),

here as (
    select
        context,
        account_no,
        holder_key,
        name_key
    from int_counterparty__known
    union
    select
        m.context,
        m.account_no,
        m.holder_key,
        h.name_key
    from int_counterparty__masked as m
    inner join int_account__holder as h on m.account_no = h.account_no
),

person as (
    select
        n.context,
        n.name_key,
        h.account_no,
        h.holder_key
    from names as n
    inner join here as h on n.context = h.context and n.name_key = h.name_key
    where not n.name_masked
    union
    select
        n.context,
        n.name_key,
        h.account_no,
        h.holder_key
    from names as n
    inner join here as h
        on
            n.context = h.context
            and left(n.name_key, 1) = left(h.name_key, 1)
            and regexp_full_match(h.name_key, regexp_replace(regexp_escape(n.name_key), '(\\\*)+', '.+', 'g'))
    where n.name_masked and not starts_with(n.name_key, '*')
),

titled as (
    select
        name_key,
        min(account_no) as account_no,
        min(holder_key) as holder_key
    from int_account__holder
    where kind = 'company'
    group by name_key
    having count(*) = 1
),

firm as (
    select
        base_key,
        min(holder_key) as holder_key
    from (
        select
            base_key,
            holder_key
        from int_account__holder
        where kind = 'company'
        union
        select
            base_key,
            'i:' || id_no as holder_key
        from int_party__identity
        where kind = 'company'
    ) as known_firm
    group by base_key
    having count(distinct holder_key) = 1
),

unique_person as (
    select
        context,
        name_key,
        case when count(distinct account_no) = 1 then min(account_no) end as account_no,
        min(holder_key) as holder_key
    from person
    group by context, name_key
    having count(distinct holder_key) = 1
),

asked_twice as (
    select
        context,
        name_key,
        count(distinct holder_key) as holders
    from person
    group by context, name_key
)

select
    n.context,
    n.name_key,
    coalesce(p.account_no, case when n.kind = 'company' and not n.name_masked then t.account_no end) as account_no,
    case
        when p.holder_key is not null then p.holder_key
        when n.kind = 'company' and not n.name_masked then coalesce(t.holder_key, f.holder_key, 'c:' || n.base_key)
        when coalesce(w.holders, 0) = 0 and not n.name_masked then 'n:' || n.context || '|' || n.name_key
    end as holder_key
from names as n
left join unique_person as p on n.context = p.context and n.name_key = p.name_key
left join asked_twice as w on n.context = w.context and n.name_key = w.name_key
left join titled as t on n.name_key = t.name_key
left join firm as f on n.base_key = f.base_key
