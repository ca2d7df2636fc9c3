'use strict'

// A push as an experienced Node engineer would implement it: fastify, ioredis
// with its own pipelining, one script call a permit.  Run by t/bench:
// node server.js PORT REDIS

const { createHash, randomUUID } = require('node:crypto')
const { readFileSync } = require('node:fs')
const path = require('node:path')

const app = require('fastify')({ logger: false, bodyLimit: 16384 })
const Redis = require('ioredis')

const [port, redisPort] = process.argv.slice(2).map(Number)
const redis = new Redis({ host: '127.0.0.1', port: redisPort, enableAutoPipelining: true, maxRetriesPerRequest: 1, commandTimeout: 2000 })

redis.defineCommand('storePermit', { numberOfKeys: 5, lua: readFileSync(path.join(__dirname, '..', 'store.lua'), 'utf8') })

const CONTROL = /[\x00-\x1f\x7f]/ // eslint-disable-line no-control-regex
const TIME = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)Z?$/

const RULES = {
  amount: v => /^\d{1,6}\.\d\d$/.test(v) ? null : 'invalid_format',
  currency: v => ['CAD', 'USD'].includes(v.toUpperCase()) ? null : 'unsupported',
  start: v => moment(v).code,
  end: v => moment(v).code
}

const ATTRIBUTES = [
  { id: 'amount', names: ['amount', 'Amount'], limit: 9 },
  { id: 'currency', names: ['currency', 'CurrencyID'], limit: 10 },
  { id: 'start', names: ['startTime', 'StartDateUtc'], limit: 20, required: true },
  { id: 'end', names: ['endTime', 'EndDateUtc'], limit: 20, required: true },
  { id: 'plate', names: ['plate', 'LicencePlate'], limit: 25, required: true },
  { id: 'ticket', names: ['permitNo', 'TicketNumber'], limit: 50 },
  { id: 'zone', names: ['zone', 'ParkingZoneName'], limit: 200 }
]

function moment (text) {
  const match = TIME.exec(text)
  if (!match) return { code: 'invalid_format' }
  const date = new Date(match[1] + 'Z')
  if (Number.isNaN(+date) || +date < 0 || !date.toISOString().startsWith(match[1])) return { code: 'out_of_range' }
  return { code: null, text: match[1] + 'Z', seconds: +date / 1000 }
}

function judge (body) {
  const permit = {}
  const errors = []
  for (const { id, names, limit, required } of ATTRIBUTES) {
    const name = names.find(n => body[n] !== undefined && body[n] !== null) ?? names[0]
    const refuse = code => errors.push({ attribute: name, code })
    const said = body[name]
    if (said !== undefined && said !== null && typeof said !== 'string') { refuse('invalid_type'); continue }
    const value = (said ?? '').trim()
    if (value === '') { if (required) refuse('missing'); continue }
    const wrong = [...value].length > limit ? 'too_long' : CONTROL.test(value) ? 'invalid_format' : RULES[id]?.(value)
    if (wrong) refuse(wrong)
    else permit[id] = value
  }
  if (permit.start && permit.end && moment(permit.end).seconds <= moment(permit.start).seconds) {
    errors.push({ attribute: 'endTime', code: 'end_not_after_start' })
  }
  return { permit, errors }
}

function refusal (reply, status, code, errors) {
  return reply.code(status).send({ ErrorCode: status, ErrorMessage: code, status: 'error', code, errors, request_id: reply.request.id })
}

app.post('/api/:client/v1/permits/push', async (request, reply) => {
  const body = request.body
  if (body === null || typeof body !== 'object' || Array.isArray(body)) return refusal(reply, 400, 'not_an_object')
  if (typeof body.apiToken !== 'string' || !/^[A-Za-z0-9-]{1,50}$/.test(body.apiToken)) return refusal(reply, 401, 'unauthorized')
  const { permit, errors } = judge(body)
  if (errors.length) return refusal(reply, 422, 'validation_failed', errors)

  const id = randomUUID()
  const plate = permit.plate.toUpperCase().replace(/[ -]/g, '')
  const start = moment(permit.start)
  const end = moment(permit.end)
  const base = `opscom:{${request.params.client}}:`
  const fields = ['reference_id', id, 'plate', plate, 'start', start.text, 'end', end.text, 'client', request.params.client,
    'start_ts', start.seconds, 'end_ts', end.seconds, 'plate_raw', permit.plate, 'received_at', new Date().toISOString()]
  if (permit.amount) fields.push('amount', permit.amount, 'amount_cents', String(+permit.amount.replace('.', '')))
  if (permit.currency) fields.push('currency', permit.currency.toUpperCase())
  if (permit.ticket) fields.push('ticket', permit.ticket)

  let stored
  try {
    stored = await redis.storePermit(base + 'tokens', base + 'zones', `${base}permit:${id}`, `${base}plate:${plate}`, base + 'stream',
      createHash('sha256').update(body.apiToken).digest('hex'), permit.zone ?? '', end.seconds, ...fields)
  } catch {
    return refusal(reply, 503, 'store_unavailable')
  }
  if (!stored) return refusal(reply, 401, 'unauthorized')
  return { status: 'success', reference_id: id, InternalReferenceID: id }
})

app.listen({ host: '127.0.0.1', port })
