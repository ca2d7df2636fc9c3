-- Deletes one permit, or returns why not, in one atomic step.
--
-- Answers a string, the reference ID, a space and the token's label: deleted;
--     or {verdict, whether something was written, reference ID, label}:
--     {0} no such token, {1, ...} deleted by an earlier attempt, {2, ...,
--     reference ID} deleted before, {3, ...} the Idempotency-Key was used for
--     something else, {4, ...} no such permit.
--
-- After an error nothing has changed.

--@ include shared/edit.lua delete

local had = call('HMGET', permit, 'reference_id', 'plate', 'start', 'end',
                 'deleted_at')
if not had[1] then
--@ include shared/prove.lua permit
    return {4, 0, id, label}
end

if had[5] then
--@ include shared/prove.lua permit
    local verdict = again == '1' and had[5] == moment and 1 or 2
    local wrote = (idem or replicas ~= '') and 1 or 0
    local failed = whole(function()
        remember()
        -- the write moves the offset that WAIT waits for behind the first one
        if replicas ~= '' then
            write(nil, 'HSET', permit, 'deleted_at', had[5])
        end
    end)
    return failed or {verdict, wrote, id, label, had[1]}
end

local failed = whole(function()
    local index = base .. 'plate:' .. had[2]
    probe(index)
    leave(index)
    write({'HDEL', permit, 'deleted_at'}, 'HSET', permit, 'deleted_at', moment)
    remember()
    announce('event', 'delete', 'reference_id', id, 'plate', had[2],
             'start', had[3], 'end', had[4])
end)

return failed or id .. ' ' .. label
