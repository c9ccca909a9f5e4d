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
        holder_key,
        left(account_no, 4) as head,
        right(account_no, 4) as tail,
        length(account_no) as places
    from int_account__holder
),

fitting as (
    select
        m.*,
        t.account_no,
        t.holder_key,
        t.name_key as known_name_key,
        t.places = length(m.number) as same_length
    from masks as m
    inner join tailed as t
        on
            left(m.shown_head, 4) = t.head
            and right(m.shown_tail, 4) = t.tail
            and starts_with(t.account_no, m.shown_head)
            and suffix(t.account_no, m.shown_tail)
    where length(m.shown_head) >= 4
    union all
    select
        m.*,
        t.account_no,
        t.holder_key,
        t.name_key as known_name_key,
        t.places = length(m.number) as same_length
    from masks as m
    inner join int_counterparty__known as k on m.context = k.context
    inner join tailed as t
        on
            k.account_no = t.account_no
            and starts_with(t.account_no, m.shown_head)
            and suffix(t.account_no, m.shown_tail)
    where length(m.shown_head) < 4
),

named as (
    select
        f.*,
        k.account_no is not null as known_here
    from fitting as f
    left join int_counterparty__known as k on f.context = k.context and f.account_no = k.account_no
    where
        f.name_key is null
        or f.known_name_key is null
        or f.name_key = f.known_name_key
        or regexp_full_match(
            f.known_name_key, regexp_replace(regexp_escape(f.name_key), '(\\\*)+', '.+', 'g')
        )
        or regexp_full_match(
            f.name_key, regexp_replace(regexp_escape(f.known_name_key), '(\\\*)+', '.+', 'g')
        )
),

best as (
    select *
    from named
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
