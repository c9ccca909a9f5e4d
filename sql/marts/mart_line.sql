-- Purpose: every transaction of every monitored account, each once, in order.
-- Grain: line_no (dense, sorted by account_no and seq).
-- Reads: int_line__numbered, int_line__occurrence, int_transfer__paired. Amounts in fen.
-- Amends: int_line__numbered
-- The rows are those of int_line__numbered and stay where they lie; what is selected here are the cells that change,
-- by line_no.
-- Columns: occurrence numbers lines of equal account, day, direction and amount; account_no and the counterparty as
-- given stand in mart_counterparty, the file in mart_content (mart_line_told writes them out). A counterparty that
-- the number does not tell is taken from the paired leg (cp_basis 'transfer'). transfer_no is the movement of
-- money (mart_transfer) that the line is a leg of, the first of several.
with leg as (
    select
        out_line_no as line_no,
        in_line_no as other_no,
        out_line_no as transfer_no
    from int_transfer__paired
    union all
    select
        in_line_no as line_no,
        out_line_no as other_no,
        transfer_no
    from int_transfer__paired
),

paired as (
    select
        g.line_no,
        min(l.account_id) as account_id,
        min(l.holder_id) as holder_id,
        min(g.transfer_no) as transfer_no
    from leg as g
    inner join int_line__numbered as l on g.other_no = l.line_no
    group by g.line_no
),

changed as (
    select
        coalesce(p.line_no, o.line_no) as line_no,
        coalesce(o.occurrence, 1) as occurrence,
        p.account_id,
        p.holder_id,
        p.transfer_no
    from paired as p
    full outer join int_line__occurrence as o on p.line_no = o.line_no
)

select
    n.line_no,
    c.occurrence,
    case when c.transfer_no is not null and n.cp_basis in ('name', 'none') then c.account_id else n.cp_account_id end
        as cp_account_id,
    case when c.transfer_no is not null and n.cp_basis in ('name', 'none') then c.holder_id else n.cp_holder_id end
        as cp_holder_id,
    case when c.transfer_no is not null and n.cp_basis in ('name', 'none') then 'transfer' else n.cp_basis end
        as cp_basis,
    coalesce(c.transfer_no, n.line_no) as transfer_no
from int_line__numbered as n
inner join changed as c on n.line_no = c.line_no
