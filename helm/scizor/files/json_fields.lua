-- Tells the server which fields a JSON body holds.
--
-- The translation to gRPC drops a field it does not know, so a typo would quietly mean the default. This filter reads
-- the body as JSON, sends the dotted paths of its keys along in x-scizor-json-fields (arrays left out, every character of a
-- key but letters, digits and _ as %XX), and the server refuses what its contract has not. It also refuses what the
-- translation would take without a word: text that is not JSON, and a key that an object has twice. What the translation
-- itself refuses it tells as the servers tell it: with the field and its rule.

local MAX_BODY_BYTES = 1024 * 1024
local MAX_DEPTH = 100
local MAX_HEADER_BYTES = 4096

local TYPES = "type.googleapis.com/google.rpc."
local KINDS = {TYPE_DOUBLE = "a number", TYPE_FLOAT = "a number", TYPE_BOOL = "true or false", TYPE_STRING = "a text"}

local find, sub, byte = string.find, string.sub, string.byte

-- A refusal travels as an error with a table; anything else is a fault of this file.
local function refuse(reason, message)
  error({reason = reason, message = message}, 0)
end

local function not_json(at)
  refuse("JSON_INVALID", "the body is not JSON at byte " .. at)
end

local function escaped(key)
  return (key:gsub("[^%w_]", function(char) return string.format("%%%02X", byte(char)) end))
end

-- The paths of all keys in `text`, each once, in the order in which they first appear.
local function paths_of(text)
  local paths, known = {}, {}
  local value

  local function skip_space(at)
    return find(text, "[^ \t\r\n]", at) or #text + 1
  end

  -- `at` is behind the opening quote; returns the raw string and the place behind the closing quote. An escape is left as it
  -- is written: no name of a contract needs one, so such a key is simply unknown.
  local function string_at(at)
    local from = at
    while true do
      local stop = find(text, '["\\%c]', at)
      local char = stop and byte(text, stop)
      if char == 34 then return sub(text, from, stop - 1), stop + 1 end
      if char ~= 92 then not_json(stop or #text + 1) end
      at = stop + 2
    end
  end

  local function object_at(at, path, depth)
    local keys = {}
    at = skip_space(at)
    if byte(text, at) == 125 then return at + 1 end
    while true do
      if byte(text, at) ~= 34 then not_json(at) end
      local key
      key, at = string_at(at + 1)
      local key_path = path .. escaped(key)
      if keys[key] then refuse("JSON_KEY_TWICE", key_path .. ": is there twice in one object") end
      keys[key] = true
      if not known[key_path] then
        known[key_path] = true
        paths[#paths + 1] = key_path
      end
      at = skip_space(at)
      if byte(text, at) ~= 58 then not_json(at) end
      at = skip_space(value(skip_space(at + 1), key_path .. ".", depth))
      local char = byte(text, at)
      if char == 125 then return at + 1 end
      if char ~= 44 then not_json(at) end
      at = skip_space(at + 1)
    end
  end

  local function array_at(at, path, depth)
    at = skip_space(at)
    if byte(text, at) == 93 then return at + 1 end
    while true do
      at = skip_space(value(at, path, depth))
      local char = byte(text, at)
      if char == 93 then return at + 1 end
      if char ~= 44 then not_json(at) end
      at = skip_space(at + 1)
    end
  end

  -- Returns the place behind the value that begins at `at`.
  value = function(at, path, depth)
    if depth > MAX_DEPTH then refuse("JSON_TOO_DEEP", "the body nests deeper than " .. MAX_DEPTH) end
    local char = byte(text, at)
    if char == 123 then return object_at(at + 1, path, depth + 1) end
    if char == 91 then return array_at(at + 1, path, depth + 1) end
    if char == 34 then
      local _, behind = string_at(at + 1)
      return behind
    end
    local _, stop = find(text, "^-?%d+%.?%d*[eE]?[+-]?%d*", at)
    if not stop then
      _, stop = find(text, "^%l+", at)
      local word = stop and sub(text, at, stop)
      if word ~= "true" and word ~= "false" and word ~= "null" then not_json(at) end
    end
    return stop + 1
  end

  local behind = skip_space(value(skip_space(1), "", 0))
  if behind <= #text then not_json(behind) end
  return paths
end

local function header_of(text)
  local header = table.concat(paths_of(text), ",")
  if #header > MAX_HEADER_BYTES then refuse("JSON_TOO_MANY_FIELDS", "the body holds too many different fields") end
  return header
end

local function bytes_of(handle)
  local body = handle:body()
  local length = body and body:length() or 0
  return length > 0 and body:getBytes(0, length) or nil
end

-- A health check names its service in its body, out of the routes' sight.
local function route_health(handle)
  local text = bytes_of(handle)
  local service = text and text:match("scizor%.(%w+)%.")
  if service then handle:headers():replace("x-scizor-health", service) end
end

local function report_fields(handle)
  local text = bytes_of(handle)
  if not text then return end
  if #text > MAX_BODY_BYTES then return handle:respond({[":status"] = "413"}, "") end
  local good, result = pcall(header_of, text)
  if good then
    if result ~= "" then handle:headers():replace("x-scizor-json-fields", result) end
  elseif type(result) == "table" then
    handle:headers():replace("x-scizor-refused", result.reason)
    handle:respond({[":status"] = "400"}, result.message)
  else
    error(result)
  end
end

local function quoted(text) return '"' .. text .. '"' end

-- The translation's refusal of a value, `field: invalid value \"x\" for type TYPE_DOUBLE`, as a server's error; nil for any
-- other. `text` is a JSON document, and what is taken out of it is left as it is escaped.
local function refused_value(text)
  if not find(text, "grpc_json_transcode_failure", 1, true) then return nil end
  local field, rule = text:match('"message":"([%w_.%[%]]+): (.-[^\\])"')
  if not field then return nil end
  local value, kind = rule:match("^invalid value (.+) for type (TYPE_.+)$")
  if kind then
    rule = "must be " .. (KINDS[kind] or "a whole number") .. ", not " .. value
  else
    value, kind = rule:match("^invalid value (.+) for type type%.googleapis%.com/[%w_.]-([%w_]+)$")
    if kind then rule = "must be of the type " .. kind .. ", not " .. value end
  end
  local info = quoted("@type") .. ":" .. quoted(TYPES .. "ErrorInfo") .. ',"reason":"FIELD_INVALID","domain":"scizor.edge"'
  local violation = '{"field":' .. quoted(field) .. ',"description":' .. quoted(rule) .. ',"reason":""}'
  local request = quoted("@type") .. ":" .. quoted(TYPES .. "BadRequest") .. ',"fieldViolations":[' .. violation .. "]"
  local details = "{" .. info .. ',"metadata":{"field":' .. quoted(field) .. "}},{" .. request .. "}"
  return '{"code":3,"message":' .. quoted(field .. ": " .. rule) .. ',"details":[' .. details .. "]}"
end

function envoy_on_response(handle)
  local headers = handle:headers()
  if headers:get(":status") ~= "400" or headers:get("content-type") ~= "application/json" then return end
  local text = bytes_of(handle)
  local told = text and refused_value(text)
  if told then headers:replace("content-length", tostring(handle:body():setBytes(told))) end
end

function envoy_on_request(handle)
  local headers = handle:headers()
  for _, name in ipairs({"x-scizor-json-fields", "x-scizor-refused", "x-scizor-health"}) do headers:remove(name) end
  if find(headers:get("content-type") or "", "^application/grpc") then
    if find(headers:get(":path"), "^/grpc%.health%.") then route_health(handle) end
  else
    report_fields(handle)
  end
end
