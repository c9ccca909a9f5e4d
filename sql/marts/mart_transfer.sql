-- Purpose: movements of money, each once: both legs where both statements are on hand, else the one leg there is.
-- Grain: transfer_no, sorted by it: the line_no of the leg out, of the leg in where that is all there is, and of the
-- leg in for the second part of a leg that the other side split.
-- Reads: int_transfer__matched, int_line__numbered, mart_account. amount_fen is what arrives; fee_fen what was
-- kept back.
with matched as (
    select
        *,
        row_number() over (partition by out_line_no order by in_line_no) as part
    from int_transfer__matched
),

taken as (
    select out_line_no as line_no from matched
    union
    select in_line_no as line_no from matched
),

legs as (
    select
        case when part = 1 then out_line_no else in_line_no end as transfer_no,
        out_line_no,
        in_line_no,
        basis,
        fee_fen
    from matched
    union all
    select
        l.line_no as transfer_no,
        case when l.direction = 'out' then l.line_no end as out_line_no,
        case when l.direction = 'in' then l.line_no end as in_line_no,
        'one_leg' as basis,
        0 as fee_fen
    from int_line__numbered as l
    anti join taken as t on l.line_no = t.line_no
)

select
    t.transfer_no,
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
order by t.transfer_no
