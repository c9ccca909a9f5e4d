-- Purpose: an institution's controlled accounts day by day.
-- Grain: institution_id × account_type × booked_on, days with lines only. Sorted by it.
-- Reads: mart_line, mart_controlled_account. Amounts in fen; balance_fen is the sum of the accounts' last known
-- balances of the day (null when an account of that day gives none).
select
    c.institution_id,
    c.account_type,
    l.booked_on,
    count(*) as lines,
    (sum(case when l.direction = 'in' then l.amount_fen else 0 end))::bigint as in_fen,
    (sum(case when l.direction = 'out' then l.amount_fen else 0 end))::bigint as out_fen,
    count(distinct case when l.direction = 'in' then l.cp_holder_id end) as payers,
    count(distinct case when l.direction = 'out' then l.cp_holder_id end) as payees
from mart_line as l
inner join mart_controlled_account as c on l.account_id = c.account_id
group by c.institution_id, c.account_type, l.booked_on
order by c.institution_id, c.account_type, l.booked_on
