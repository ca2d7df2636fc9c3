/* The metrics as they came, and what counters have grown by in between. */

"use strict";

const RECENT = 10000; // ms: what "a second" is a mean of
const SPAN = 300000; // what the plots show

// A result that is in neither list was refused because of the request.
const SUCCESSES = ["stored", "updated", "deleted", "replayed", "found", "bulk"];
const FAILURES = ["internal_error", "store_unavailable", "service_unavailable", "store_timeout"];

let metrics = null; // the newest, as JSON has them
let taken = 0; // when, by performance.now()
let began = 0; // when the first of the changes began
let changes = []; // {from, to, requests, attributes, store} between two of them
let restart = null; // when counters were seen to have started again

// What counters have grown by.  One that is smaller has started again at 0.
function growth(before, now) {
    const grown = {};

    for (const [name, value] of Object.entries(now)) {
        const old = before ? before[name] : undefined;

        if (value !== null && typeof value === "object") {
            grown[name] = growth(old, value);
        } else if (typeof value === "number") {
            grown[name] = value < (old || 0) ? value : value - (old || 0);
        }
    }
    return grown;
}

function hasFallen(before, now) {
    return Object.entries(now).some(([name, value]) => {
        const old = before ? before[name] : undefined;
        return value !== null && typeof value === "object" ? hasFallen(old, value) : value < old;
    });
}

// Counters start again together, also those that have overtaken their old value.
function hasRestarted(now) {
    return hasFallen(metrics.requests, now.requests) || hasFallen(metrics.store.duration, now.store.duration);
}

// Another version may have other counters; a computer may have slept.
function isContinued(now, at) {
    return at - taken < SPAN && JSON.stringify(now.build) === JSON.stringify(metrics.build);
}

function change(before, now, at) {
    return {
        from: taken,
        to: at,
        requests: growth(before.requests, now.requests),
        attributes: growth(before.attribute_errors, now.attribute_errors),
        store: growth(before.store, now.store),
    };
}

function take(now) {
    const at = performance.now();
    const restarted = metrics !== null && hasRestarted(now);

    if (metrics !== null && isContinued(now, at)) {
        changes.push(change(restarted ? {} : metrics, now, at));
        changes = changes.filter((change) => change.to > at - SPAN);
    } else {
        changes = [];
        began = at;
    }

    restart = restarted ? at : restart;
    metrics = now;
    taken = at;
}

// The sum over the changes of the last ms.
function sum(ms, value) {
    return changes.reduce((n, change) => change.to > taken - ms ? n + value(change) : n, 0);
}

function perSecond(value) {
    const recent = changes.filter((change) => change.to > taken - RECENT);
    const ms = recent.reduce((n, change) => n + change.to - change.from, 0);
    return ms ? 1000 * sum(RECENT, value) / ms : 0;
}

function kind(result) {
    if (SUCCESSES.includes(result)) {
        return "success";
    }
    return FAILURES.includes(result) ? "server" : "client";
}

// The requests of all endpoints with results that are wanted.
function count(requests, wanted) {
    let n = 0;
    for (const results of Object.values(requests)) {
        for (const [result, value] of Object.entries(results)) {
            n += wanted(result) ? value : 0;
        }
    }
    return n;
}

// Round trips of the last minutes where there were any, else of all time.
function trips() {
    const total = metrics.store.duration;
    const recent = { count: 0, sum: 0, buckets: {} };

    for (const name of Object.keys(total.buckets)) {
        recent.buckets[name] = sum(SPAN, (change) => change.store.duration.buckets[name]);
    }
    recent.count = sum(SPAN, (change) => change.store.duration.count);
    recent.sum = sum(SPAN, (change) => change.store.duration.sum);
    return { total, recent, shown: recent.count ? recent : total };
}

// In seconds; JSON keeps no order of names that look like numbers.
function boundsOf(trips) {
    return Object.keys(trips.buckets).map(Number).sort((a, b) => a - b);
}

// As Prometheus does: linear within a bucket.  Buckets are cumulative.  Returns
// {seconds, place}, the place in buckets from the left; null without any trip.
function quantile(trips, q) {
    const bounds = boundsOf(trips);
    const rank = q * trips.count;
    let below = 0;
    let lower = 0;

    if (trips.count === 0) {
        return null;
    }
    for (const [i, bound] of bounds.entries()) {
        const upTo = trips.buckets[String(bound)];
        if (upTo >= rank && upTo > below) {
            const part = (rank - below) / (upTo - below);
            return { seconds: lower + (bound - lower) * part, place: i + part };
        }
        below = upTo;
        lower = bound;
    }
    return { seconds: Infinity, place: bounds.length + 0.5 };
}
