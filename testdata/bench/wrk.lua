-- What wrk sends, how its answers are judged, and what it reports: one line of JSON on stderr.
--
--   wrk … -s drive.lua URL -- METHOD KIND LIMIT STATUS BODY
--
-- In the URL and the body NNNNNNNNNN stands for a number. KIND says which: fixed (there is none), count (a new one each
-- time, always of ten digits, so that Content-Length stays true) or random (0 up to LIMIT, without LIMIT). With a STATUS
-- every answer is held to it; that costs the client time, so measured runs pass 0 and rely on wrk's own count of
-- statuses above 399.

local mark = "NNNNNNNNNN"
local threads = {}

unexpected, seen = 0, 0 -- of one thread, and read by done: so they are global

function setup(thread)
  table.insert(threads, thread)
  thread:set("number", #threads)
end

-- All but the number is put together once.
local function numbered(whole, nextNumber)
  local from, to = whole:find(mark, 1, true)
  local head, tail = whole:sub(1, from - 1), whole:sub(to + 1)
  return function() return head .. nextNumber() .. tail end
end

local kinds = {
  count = function()
    local n = number * 1000000000
    return function() n = n + 1; return n end
  end,
  random = function(limit)
    math.randomseed(number)
    return function() return math.random(0, limit - 1) end
  end,
}

local function hold(status)
  response = function(got)
    if got ~= status then unexpected, seen = unexpected + 1, got end
  end
end

function init(args)
  local method, kind, limit, status, body = args[1], args[2], tonumber(args[3]), tonumber(args[4]), args[5]
  wrk.method, wrk.headers["X-Auth-Token"], wrk.headers["Authorization"] = method, "bench", "Bearer bench"
  if body ~= "" then
    wrk.body, wrk.headers["Content-Type"] = body, "application/json"
  end
  if kinds[kind] then request = numbered(wrk.format(), kinds[kind](limit)) end
  if status > 0 then hold(status) end
end

function done(summary, latency)
  local bad, example = 0, 0
  for _, thread in ipairs(threads) do
    bad = bad + thread:get("unexpected")
    example = math.max(example, thread:get("seen"))
  end
  local e = summary.errors
  io.stderr:write(string.format(
    '{"requests":%d,"micros":%d,"bytes":%d,"p50":%d,"p99":%d,"over399":%d,"broken":%d,"unexpected":%d,"seen":%d}\n',
    summary.requests, summary.duration, summary.bytes, latency:percentile(50), latency:percentile(99),
    e.status, e.connect + e.read + e.write + e.timeout, bad, example))
end
