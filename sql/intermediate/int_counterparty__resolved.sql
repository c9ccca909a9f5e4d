-- Purpose: which account and which holder a line's counterparty columns mean.
-- Grain: account_no × counterparty_account × counterparty_name as delivered.
-- Reads: int_counterparty__asked, int_counterparty__masked, int_counterparty__named, int_account__holder. The full
-- number decides; then the mask, where one known account fits; then the name, where it is unique. A masked number
-- that fits no known account is a holder of its own ('m:'), told apart by number and name; so is a person known by
-- name alone in a context where nobody else has the name ('n:'). Everything else stays null.
select
    a.account_no,
    a.counterparty_account,
    a.counterparty_name,
    case
        when a.number_masked then m.account_no
        else coalesce(e.account_no, n.account_no)
    end as cp_account_no,
    case
        when e.account_no is not null then e.holder_key
        when m.account_no is not null then m.holder_key
        when a.number_masked and not a.name_masked
            then
                case
                    when a.kind = 'company' then n.holder_key else 'm:' || a.number || '|' || coalesce(a.name_key, '')
                end
        when a.number is null then n.holder_key
    end as cp_holder_key,
    case
        when e.account_no is not null then 'account'
        when m.account_no is not null then 'mask'
        when a.number_masked and not a.name_masked then 'mask'
        when a.number is null and n.holder_key is not null then 'name'
        else 'none'
    end as cp_basis,
    a.counterparty_name as cp_name,
    a.kind as cp_kind,
    a.base_key as cp_base_key
from (
    select
        *,
        -- a person's mask that no account fits must not meet another person of the same name
        case when number_masked and kind <> 'company' then null else name_key end as plain_key
    from int_counterparty__asked
) as a
left join int_account__holder as e on a.number = e.account_no and not a.number_masked
left join int_counterparty__masked as m
    on
        a.number_masked
        and a.number = m.number
        and a.context = m.context
        and coalesce(a.name_key, '') = coalesce(m.name_key, '')
left join int_counterparty__named as n
    on
        a.context = n.context
        and (a.plain_key = n.name_key)
