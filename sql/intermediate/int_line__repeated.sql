-- Purpose: rows that may be the same transaction delivered twice: the same account, day, direction and amount
-- in two contents.
-- Grain: row_id.
-- Reads: int_line__seen, int_content__shared.
-- Columns: grp numbers the account × day × direction × amount; balance, reference (its first 16 characters:
-- SWIFT messages cut it there) and minute are what may tell two transactions of one group apart; null where the
-- source does not say.
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
)

select
    l.row_id,
    s.grp,
    l.content_no as content,
    l.balance_after_fen as balance,
    l.row_id as label,
    case
        when upper(l.reference) in ('NONREF', 'NOTPROVIDED') then null
        else nullif(left(regexp_replace(upper(l.reference), '[^0-9A-Z\p{Han}]', '', 'g'), 16), '')
    end as reference,
    case when l.has_time then date_trunc('minute', l.booked_at) end as minute
from doubtful as l
inner join several as s
    on
        l.account_no = s.account_no
        and l.day = s.day
        and l.direction = s.direction
        and l.amount_fen = s.amount_fen
