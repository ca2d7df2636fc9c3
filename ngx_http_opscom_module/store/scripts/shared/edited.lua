-- Before an update or a delete is refused for its token: an earlier attempt of it
-- may have done it, before the token was revoked.
--@ include shared/prove.lua permit
if again == '1' then
    local seen = idem and call('GET', idem) or ''
    local stamp = call('HGET', permit, 'deleted_at')

    if idem then
        stamp = string.sub(seen, 1, 64) == fingerprint
                and string.match(seen, '^%S* %S* (%S*)')
    end

    if stamp == moment then
        -- the write moves the offset that WAIT waits for behind the first one
        if idem then
            call('SET', idem, seen, 'KEEPTTL')
        else
            call('HSET', permit, 'deleted_at', moment)
        end
        return {1, 1, id, ''}
    end
end
