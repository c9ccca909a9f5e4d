-- Purpose: the number of a line among those of equal account, day, direction and amount; a line alone is left out.
-- Grain: line_no.
-- Reads: int_line__numbered.
with equals as (
    select
        account_id,
        booked_on,
        direction,
        amount_fen
    from int_line__numbered
    group by account_id, booked_on, direction, amount_fen
    having count(*) > 1
)

select
    n.line_no,
    row_number() over (
        partition by n.account_id, n.booked_on, n.direction, n.amount_fen
        order by n.seq
    ) as occurrence
from int_line__numbered as n
inner join equals as e
    on
        n.account_id = e.account_id
        and n.booked_on = e.booked_on
        and n.direction = e.direction
        and n.amount_fen = e.amount_fen
