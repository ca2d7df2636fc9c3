-- Before a push is refused: nobody else has its reference ID, so that a permit of
-- this name was stored by an earlier attempt of it, before its token was revoked.
--@ include shared/prove.lua @NAME@
do
    local was = call('HMGET', @NAME@, 'reference_id', 'source')
    if was[1] then
        -- the write moves the offset that WAIT waits for behind the first one
        call('HSET', @NAME@, 'reference_id', was[1])
        return {1, 1, was[1], was[2] or ''}
    end
end
