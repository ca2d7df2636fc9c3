-- Before an answer that writes nothing: a replica that is behind, and a master that
-- has become one, refuse a write with READONLY, so that the call goes to the
-- master.  This one changes nothing; other refusals do not matter here.
do
    local done = try('HDEL', @NAME@, '')
    if type(done) == 'table' and string.find(done.err, 'READONLY', 1, true) then
        return done
    end
end
