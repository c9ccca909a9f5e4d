-- Purpose: rows that may be the same transaction delivered twice: the same account, day, direction and amount
-- in two contents.
-- Grain: row_id.
-- Reads: int_line__seen, int_content__shared.
-- Columns: grp numbers the account × day × direction × amount; balance, reference and minute are what may tell two
-- transactions of one group apart; null where the source does not say. A reference is its first 16 characters, for
-- SWIFT messages have room for no more; its last 16 where a message of the group kept those.
with doubtful as (
    select
        l.row_id,
        l.account_no,
        l.booked_at::date as day,
        l.direction,
        l.amount_fen,
        l.content_no,
        l.balance_after_fen,
        l.reference,
        l.has_time,
        l.booked_at
    from int_line__seen as l
    inner join int_content__shared as s
        on l.account_no = s.account_no and l.booked_at::date between s.first_on and s.last_on
),

several as (
    select
        account_no,
        day,
        direction,
        amount_fen,
        row_number() over () as grp
    from doubtful
    group by account_no, day, direction, amount_fen
    having count(*) > 1 and min(content_no) <> max(content_no)
),

grouped as (
    select
        l.row_id,
        s.grp,
        l.content_no as content,
        l.balance_after_fen as balance,
        case
            when upper(l.reference) in ('NONREF', 'NOTPROVIDED') then null
            else nullif(regexp_replace(upper(l.reference), '[^0-9A-Z\p{Han}]', '', 'g'), '')
        end as reference,
        case when l.has_time then date_trunc('minute', l.booked_at) end as minute
    from doubtful as l
    inner join several as s
        on
            l.account_no = s.account_no
            and l.day = s.day
            and l.direction = s.direction
            and l.amount_fen = s.amount_fen
),

-- what a message had room for, group by group: the whole of a reference of 16 characters
cut as (
    select distinct
        grp,
        reference
    from grouped
    where length(reference) = 16
)

select
    g.row_id,
    g.grp,
    g.content,
    g.balance,
    g.row_id as label,
    coalesce(c.reference, left(g.reference, 16)) as reference,
    g.minute
from grouped as g
left join cut as c on g.grp = c.grp and length(g.reference) > 16 and right(g.reference, 16) = c.reference
