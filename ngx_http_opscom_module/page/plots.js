/* What is drawn: requests over time, and round trips by duration. */

"use strict";

const COLOURS = { success: 2, client: 4, server: 4 }; // of each kind in status.css

const colours = new Map(); // of results, in the order in which they come up

function element(name, attributes, text) {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) {
        made.setAttribute(key, value);
    }
    if (text !== undefined) {
        made.textContent = text;
    }
    return made;
}

// The class of a result's colour.
function colour(result) {
    if (!colours.has(result)) {
        const same = [...colours.keys()].filter((other) => kind(other) === kind(result)).length;
        colours.set(result, kind(result) + "-" + (same % COLOURS[kind(result)] + 1));
    }
    return colours.get(result);
}

// The size to draw in; undefined while there is none.
function sizeOf(svg) {
    const size = svg.getBoundingClientRect();
    return size.width > 100 ? size : undefined;
}

// Replaces what is drawn, but for title and description.
function draw(svg, parts) {
    for (const old of [...svg.children]) {
        if (old.tagName !== "title" && old.tagName !== "desc") {
            old.remove();
        }
    }
    svg.append(...parts);
}

// 1, 2 or 5 times a power of ten, not below n.
function nice(n) {
    const power = Math.pow(10, Math.floor(Math.log10(n)));
    return power * [1, 2, 5, 10].find((m) => m * power >= n * 0.9999);
}

function rateAxis(area, top, step) {
    const parts = [];
    for (let value = 0; value <= top * 1.0001; value += step) {
        const y = Math.round(area.bottom - (area.bottom - area.top) * value / top) + 0.5;
        parts.push(element("line", { class: value ? "grid" : "axis", x1: area.left, x2: area.right, y1: y, y2: y }));
        parts.push(element("text", { x: area.left - 6, y: y + 4, "text-anchor": "end" }, String(Number(value.toPrecision(6)))));
    }
    return parts;
}

function timeAxis(area, x) {
    const parts = [];
    const offset = wall(0);
    for (let at = Math.ceil((wall(taken) - SPAN) / 60000) * 60000; at <= wall(taken); at += 60000) {
        const place = x(at - offset);
        if (place > area.left + 12 && place < area.right - 14) {
            parts.push(element("line", { class: "axis", x1: place, x2: place, y1: area.bottom, y2: area.bottom + 4 }));
            parts.push(element("text", { x: place, y: area.bottom + 18, "text-anchor": "middle" }, minute.format(at)));
        }
    }
    return parts;
}

// Bars of each change, as wide as it is long, the results on top of each other.
function bars(area, x, top, endpoint, results) {
    const heights = changes.map(() => 0);

    return results.map((result) => {
        let path = "";
        changes.forEach((change, i) => {
            const value = 1000 * (change.requests[endpoint] || {})[result] / (change.to - change.from);
            if (!value) {
                return;
            }
            const left = Math.max(area.left, x(change.from));
            const width = Math.max(1, x(change.to) - left - (x(change.to) - left > 4 ? 1 : 0));
            const scale = (area.bottom - area.top) / top;
            const low = area.bottom - heights[i] * scale;
            heights[i] += value;
            const high = Math.min(low - 1, area.bottom - heights[i] * scale);
            path += "M" + left.toFixed(1) + " " + low.toFixed(1) + "V" + high.toFixed(1) + "h" + width.toFixed(1) + "V" + low.toFixed(1) + "z";
        });
        return element("path", { class: "bars " + colour(result), d: path });
    });
}

function drawRequests(svg, endpoint, results) {
    const size = sizeOf(svg);
    if (!size) {
        return;
    }
    const area = { left: 44, right: size.width - 2, top: 12, bottom: size.height - 24 };
    const x = (at) => area.right - (area.right - area.left) * (taken - at) / SPAN;
    const total = (change) => 1000 * results.reduce((n, result) => n + (change.requests[endpoint] || {})[result], 0) / (change.to - change.from);
    const highest = Math.max(0, ...changes.map(total));
    const step = nice(Math.max(highest, 1) / 4);
    const top = step * Math.ceil(Math.max(highest, 1) / step);
    const parts = [...rateAxis(area, top, step), ...timeAxis(area, x), ...bars(area, x, top, endpoint, results)];

    if (restart !== null && restart > taken - SPAN) {
        const place = Math.round(x(restart)) + 0.5;
        const late = place > area.right - 60;
        parts.push(element("line", { class: "mark", x1: place, x2: place, y1: area.top, y2: area.bottom }));
        parts.push(element("text", { x: place + (late ? -5 : 5), y: area.top + 8, "text-anchor": late ? "end" : "start" }, "restart"));
    }
    if (highest === 0) {
        parts.push(element("text", { class: "empty", x: (area.left + area.right) / 2, y: (area.top + area.bottom) / 2, "text-anchor": "middle" },
            changes.length ? "No " + endpoint + " requests in this time" : "Waiting for the second answer"));
    }
    draw(svg, parts);
}

// How many are in each bucket, and beyond the last one.
function perBucket(trips, bounds) {
    const upTo = [0, ...bounds.map((bound) => trips.buckets[String(bound)]), trips.count];
    return upTo.slice(1).map((n, i) => n - upTo[i]);
}

// The same as drawTrips(), as a text.
function tellTrips(trips) {
    const bounds = boundsOf(trips);
    const told = perBucket(trips, bounds).map((n, i) => n ? (i < bounds.length ? "up to " + duration(bounds[i]) : "more")
        + ": " + share(n, trips.count) : "");
    return told.filter(Boolean).join(", ") || "None yet.";
}

function drawTrips(svg, trips) {
    const size = sizeOf(svg);
    if (!size) {
        return;
    }
    const bounds = boundsOf(trips);
    const counts = perBucket(trips, bounds);
    const bottom = size.height - 36;
    const width = size.width / counts.length;
    const highest = Math.max(1, ...counts);
    const text = (x, y, label) => element("text", { x, y, "text-anchor": "middle" }, label);
    const parts = [element("line", { class: "axis", x1: 0, x2: size.width, y1: bottom + 0.5, y2: bottom + 0.5 })];

    counts.forEach((n, i) => {
        const height = n ? Math.max(2, (bottom - 34) * n / highest) : 0;
        const middle = (i + 0.5) * width;
        const label = i === bounds.length ? ">" : bounds[i] < 1 ? String(bounds[i] * 1000) : bounds[i] + "s";
        parts.push(element("rect", { class: "trip", x: i * width + 1, width: width - 2, y: bottom - height, height }));
        parts.push(text(middle, bottom + 16, label));
        if (n) {
            parts.push(text(middle, bottom - height - 5, share(n, trips.count)));
        }
    });
    parts.push(text(size.width / 2, bottom + 32, "up to, in ms"));

    for (const [name, q] of [["p50", 0.5], ["p99", 0.99]]) {
        const found = quantile(trips, q);
        if (found) {
            const place = found.place * width;
            parts.push(element("line", { class: "mark", x1: place, x2: place, y1: 14, y2: bottom }));
            parts.push(text(Math.min(Math.max(place, 12), size.width - 12), 10, name));
        }
    }
    draw(svg, trips.count ? parts : [element("text", { class: "empty", x: size.width / 2, y: size.height / 2, "text-anchor": "middle" },
        "Nothing was sent to Redis yet")]);
}
