-- Purpose: which product's money goes to which project: as registered, else as sums and days tell.
-- Grain: product_id × project_id. Amounts in fen. basis: register; size (as many products as projects of one sum, the
-- first sold for the first begun and so on; or sums within two per cent, full shortly before the project began, each
-- other's best by sum, term and day); roll (the product is the principal of a project already
-- running, and has none of its own); time (sold around the start of the project, sums differ).
-- Reads: stg_product_projects, stg_products, stg_projects, int_subscription__numbered.
-- The register of links is optional. Where it tells nothing of an institution that has projects, products without a
-- link would look like a pool; absence of a register is no sign of one. Where it tells of some products, others may be
-- missing from it too: only sums that agree to a thousandth and like ends, with a project that no link names either,
-- tell of these.
with sold as (
    select
        product_id,
        sum(amount_fen) as sold_fen,
        min(subscribed_on) as begun_on,
        max(subscribed_on) as full_on
    from int_subscription__numbered
    group by product_id
),

linked as (
    select distinct d.institution_id
    from stg_product_projects as l
    inner join stg_products as d on l.product_id = d.product_id
    union
    select distinct p.institution_id
    from stg_product_projects as l
    inner join stg_projects as p on l.project_id = p.project_id
),

product as (
    select
        d.institution_id,
        d.product_id,
        d.institution_id in (select k.institution_id from linked as k) as partly,
        d.raised_amount_fen,
        s.sold_fen,
        coalesce(s.begun_on, d.issued_on) as begun_on,
        -- claims sold on to others are subscribed later: the product was full when it was issued
        least(coalesce(s.full_on, d.issued_on), coalesce(d.issued_on, s.full_on)) as full_on,
        coalesce(d.matures_on, coalesce(d.issued_on, s.full_on) + cast(d.term_days as integer)) as ends_on
    from stg_products as d
    left join sold as s on d.product_id = s.product_id
    where d.product_id not in (select l.product_id from stg_product_projects as l)
),

pair as (
    select
        d.product_id,
        p.project_id,
        d.partly,
        least(
            abs(d.sold_fen / nullif(p.principal_fen, 0) - 1),
            abs(d.raised_amount_fen / nullif(p.principal_fen, 0) - 1)
        ) as misfit,
        date_diff('day', d.full_on, p.started_on) as lag,
        coalesce(abs(date_diff('day', d.ends_on, p.due_on)), 0) as apart,
        p.started_on < d.begun_on and p.due_on >= d.ends_on as running
    from product as d
    inner join stg_projects as p on d.institution_id = p.institution_id
    where not d.partly or p.project_id not in (select l.project_id from stg_product_projects as l)
),

sized as (
    select distinct
        d.institution_id,
        d.product_id,
        d.begun_on,
        d.full_on,
        d.ends_on,
        p.principal_fen
    from product as d
    inner join stg_projects as p
        on
            d.institution_id = p.institution_id
            and p.principal_fen in (d.sold_fen, d.raised_amount_fen)
    where not d.partly
),

product_turn as (
    select
        *,
        row_number() over (partition by institution_id, principal_fen order by begun_on, ends_on, product_id) as turn,
        count(*) over (partition by institution_id, principal_fen) as turns
    from sized
    qualify count(*) over (partition by product_id) = 1
),

project_turn as (
    select
        institution_id,
        project_id,
        principal_fen,
        started_on,
        row_number() over (partition by institution_id, principal_fen order by started_on, due_on, project_id) as turn,
        count(*) over (partition by institution_id, principal_fen) as turns
    from stg_projects
),

by_turn as (
    select
        d.product_id,
        p.project_id
    from product_turn as d
    inner join project_turn as p
        on
            d.institution_id = p.institution_id
            and d.principal_fen = p.principal_fen
            and d.turn = p.turn
            and d.turns = p.turns
    where d.turns > 1
    qualify
        bool_and(coalesce(date_diff('day', d.full_on, p.started_on) between -2 and 20, false))
            over (partition by d.institution_id, d.principal_fen)
),

likely as (
    select
        *,
        (misfit > 0.001, apart, abs(lag), misfit) as unlike
    from pair
    where
        misfit <= case when partly then 0.001 else 0.02 end
        and lag between -2 and 20
        and (not partly or apart <= 20)
        and product_id not in (select c.product_id from by_turn as c)
        and project_id not in (select c.project_id from by_turn as c)
),

first_choice as (
    select
        product_id,
        project_id
    from likely
    qualify
        row_number() over (partition by product_id order by unlike, project_id) = 1
        and row_number() over (partition by project_id order by unlike, product_id) = 1
),

second_choice as (
    select
        product_id,
        project_id
    from likely
    where
        product_id not in (select c.product_id from first_choice as c)
        and project_id not in (select c.project_id from first_choice as c)
    qualify
        row_number() over (partition by product_id order by unlike, project_id) = 1
        and row_number() over (partition by project_id order by unlike, product_id) = 1
),

by_size as (
    select
        product_id,
        project_id
    from by_turn
    union all
    select
        product_id,
        project_id
    from first_choice
    union all
    select
        product_id,
        project_id
    from second_choice
),

by_roll as (
    select
        product_id,
        project_id
    from pair
    where
        not partly
        and misfit <= 0.001
        and running
        and product_id not in (select c.product_id from by_size as c)
    qualify row_number() over (partition by product_id order by lag desc, project_id asc) = 1
),

by_time as (
    select
        product_id,
        project_id
    from pair
    where
        not partly
        and lag between -10 and 20
        and product_id not in (select c.product_id from by_size as c)
        and product_id not in (select c.product_id from by_roll as c)
        and project_id not in (select c.project_id from by_size as c)
),

told as (
    select
        product_id,
        project_id,
        'size' as basis
    from by_size
    union all
    select
        product_id,
        project_id,
        'roll' as basis
    from by_roll
    union all
    select
        product_id,
        project_id,
        'time' as basis
    from by_time
)

select
    product_id,
    project_id,
    amount,
    amount_fen,
    source_file,
    source_sha256,
    source_record,
    'register' as basis
from stg_product_projects
union all
select
    product_id,
    project_id,
    null as amount,
    null as amount_fen,
    null as source_file,
    null as source_sha256,
    null as source_record,
    basis
from told
order by product_id, project_id
