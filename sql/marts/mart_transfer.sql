-- Purpose: movements of money, each once: both legs where both statements are on hand, else the one leg there is.
-- Grain: transfer_no (dense, in the order of out_line_no, in_line_no); a split leg makes two rows.
-- Reads: int_transfer__matched, int_line__numbered, mart_account. amount_fen is what arrives; fee_fen what was kept
-- back.
with legs as (
    select
        m.out_line_no,
        m.in_line_no,
        m.basis,
        m.fee_fen
    from int_transfer__matched as m
    union all
    select
        case when l.direction = 'out' then l.line_no end as out_line_no,
        case when l.direction = 'in' then l.line_no end as in_line_no,
        'one_leg' as basis,
        0 as fee_fen
    from int_line__numbered as l
    where
        l.line_no not in (select m.out_line_no from int_transfer__matched as m)
        and l.line_no not in (select m.in_line_no from int_transfer__matched as m)
)

select
    row_number() over (order by t.out_line_no nulls last, t.in_line_no nulls first) as transfer_no,
    t.out_line_no,
    t.in_line_no,
    coalesce(o.account_id, i.cp_account_id) as from_account_id,
    coalesce(i.account_id, o.cp_account_id) as to_account_id,
    coalesce(oa.holder_id, i.cp_holder_id) as from_holder_id,
    coalesce(ia.holder_id, o.cp_holder_id) as to_holder_id,
    case when t.basis = 'split' then least(o.amount_fen, i.amount_fen) else coalesce(i.amount_fen, o.amount_fen) end
        as amount_fen,
    t.fee_fen::bigint as fee_fen,
    coalesce(o.booked_at, i.booked_at) as paid_at,
    coalesce(i.booked_at, o.booked_at) as arrived_at,
    t.basis
from legs as t
left join int_line__numbered as o on t.out_line_no = o.line_no
left join int_line__numbered as i on t.in_line_no = i.line_no
left join mart_account as oa on o.account_id = oa.account_id
left join mart_account as ia on i.account_id = ia.account_id
order by transfer_no
