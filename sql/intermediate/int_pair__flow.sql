-- Purpose: what each counterparty holder paid to and got from an institution's controlled accounts.
-- Grain: institution_id × holder_id.
-- Reads: mart_line, mart_controlled_account. Amounts in fen.
select
    c.institution_id,
    l.cp_holder_id as holder_id,
    count(*) filter (where l.direction = 'in') as in_lines,
    count(*) filter (where l.direction = 'out') as out_lines,
    (sum(case when l.direction = 'in' then l.amount_fen else 0 end))::bigint as in_fen,
    (sum(case when l.direction = 'out' then l.amount_fen else 0 end))::bigint as out_fen,
    count(*) filter (where starts_with(c.account_type, 'reserve')) as reserve_lines,
    min(l.booked_on) filter (where l.direction = 'in') as first_in_on,
    max(l.booked_on) filter (where l.direction = 'in') as last_in_on
from mart_line as l
inner join mart_controlled_account as c on l.account_id = c.account_id
where l.cp_holder_id is not null
group by c.institution_id, l.cp_holder_id
