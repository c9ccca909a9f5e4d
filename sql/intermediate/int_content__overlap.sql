-- Purpose: where two files hold lines of the same transactions.
-- Grain: account_no × pair of sources, the first by name first.
-- Reads: int_line__same, int_line__seen, lake_content.
with copies as (
    select
        s.label,
        l.account_no,
        l.booked_at::date as booked_on,
        c.source_file
    from int_line__same as s
    inner join int_line__seen as l on s.row_id = l.row_id
    inner join lake_content as c on l.content_no = c.content_no
)

select
    a.account_no,
    a.source_file as previous_file,
    b.source_file,
    min(a.booked_on) as first_on,
    max(a.booked_on) as last_on,
    count(*) as lines
from copies as a
inner join copies as b on a.label = b.label and a.source_file < b.source_file
group by a.account_no, a.source_file, b.source_file
