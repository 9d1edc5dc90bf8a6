-- wrk script: one request for each line of COOKIES in turn, or without a cookie; says what came back.
local requests, n, i = {}, 0, 0

function init()
    local path = os.getenv("TARGET")
    local accept = { ["Accept"] = "text/html" }
    local file = os.getenv("COOKIES")
    if file then
        for line in io.lines(file) do
            n = n + 1
            requests[n] = wrk.format("GET", path, { ["Accept"] = "text/html", ["Cookie"] = line })
        end
    else
        n = 1
        requests[1] = wrk.format("GET", path, accept)
    end
end

function request()
    i = i % n + 1
    return requests[i]
end

function done(summary)
    io.write(string.format("JSON {\"requests\":%d,\"us\":%d,\"bytes\":%d,\"errors\":%d}\n", summary.requests,
        summary.duration, summary.bytes, summary.errors.connect + summary.errors.read + summary.errors.write
        + summary.errors.timeout))
end
