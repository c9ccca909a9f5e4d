-- Purpose: masked account numbers (6222****1234) that fit one known account only.
-- Grain: masked number × name_key × context.
-- Reads: int_counterparty__asked, int_account__holder, int_counterparty__known. A mask of the number's own length
-- goes before one of fixed length; a known counterparty of the same context goes before the rest; the name must fit
-- where both are known.
with masks as (
    select distinct
        number,
        shown_head,
        shown_tail,
        name_key,
        context
    from int_counterparty__asked
    where number_masked and length(shown_tail) >= 4
),

tailed as (
    select
        account_no,
        name_key,
        right(account_no, 4) as tail,
        holder_key
    from int_account__holder
),

fitting as (
    select
        m.number,
        m.name_key,
        m.context,
        t.account_no,
        t.holder_key,
        length(t.account_no) = length(m.number) as same_length,
        k.account_no is not null as known_here
    from masks as m
    inner join tailed as t
        on
            right(m.shown_tail, 4) = t.tail
            and starts_with(t.account_no, m.shown_head)
            and suffix(t.account_no, m.shown_tail)
    left join (select distinct
        context,
        account_no
    from int_counterparty__known) as k
        on m.context = k.context and t.account_no = k.account_no
    where
        m.name_key is null
        or t.name_key is null
        or m.name_key = t.name_key
        or regexp_full_match(t.name_key, regexp_replace(regexp_escape(m.name_key), '(\\\*)+', '.+', 'g'))
        or regexp_full_match(m.name_key, regexp_replace(regexp_escape(t.name_key), '(\\\*)+', '.+', 'g'))
),

best as (
    select *
    from fitting
    qualify rank() over (partition by number, name_key, context order by same_length desc, known_here desc) = 1
)

select
    number,
    name_key,
    context,
    min(account_no) as account_no,
    min(holder_key) as holder_key
from best
group by number, name_key, context
having count(*) = 1
