/*
 * The status page: asks its own address for the metrics as JSON and shows them.
 * Whatever comes from the server is set as text, never as markup.
 */

"use strict";

const INTERVAL = 2000; // ms from one question to the next
const TIMEOUT = 5000;

const $ = (id) => document.getElementById(id);

// without a user and password, which fetch() does not take
const address = location.origin + location.pathname + location.search;

let failure = null; // {since, why}: the server does not answer
let skew = 0; // ms by which the server's clock is ahead
let endpoint = location.hash.slice(1);
let order = { by: "last", down: true };


/* Elements ------------------------------------------------------------------- */

function put(id, text, name) {
    const element = $(id);
    if (element.textContent !== text) {
        element.textContent = text;
    }
    if (name !== undefined) {
        element.className = name;
    }
}

// Gives a table these rows.  A cell is a text, or {text, name, swatch, title}.
function fill(id, rows) {
    const body = $(id);

    while (body.rows.length > rows.length) {
        body.deleteRow(-1);
    }
    rows.forEach((cells, i) => {
        const row = body.rows[i] || body.insertRow();
        cells.forEach((cell, j) => fillCell(row, j, typeof cell === "string" ? { text: cell } : cell));
    });
}

function fillCell(row, j, cell) {
    let box = row.cells[j];

    if (!box) {
        box = document.createElement(j ? "td" : "th");
        if (j === 0) {
            box.scope = "row";
        }
        row.append(box);
    }

    const state = JSON.stringify(cell);
    if (box.shown === state) {
        return;
    }
    box.shown = state;
    box.className = cell.name || "";
    box.title = cell.title || "";
    box.replaceChildren();
    if (cell.swatch) {
        const swatch = document.createElement("span");
        swatch.className = "swatch " + cell.swatch;
        box.append(swatch);
    }
    box.append(cell.text);
}

function numeric(text, name) {
    return { text, name: "number" + (name ? " " + name : "") };
}


/* What is shown ------------------------------------------------------------------ */

function reasons() {
    const now = Object.keys(metrics.store.refusals).filter((reason) => sum(SPAN, (change) => change.store.refusals[reason]) > 0);
    return now.length ? " (" + now.join(", ") + ")" : "";
}

// What must be said, the worst first: [class, text].
function notices() {
    const said = [];

    if (failure) {
        said.push(["bad", "No answer from " + location.host + " since " + moment(failure.since) + " (" + failure.why
            + "). The figures are those of " + moment(wall(taken)) + "."]);
    }
    if (!metrics.store.up) {
        said.push(["bad", "Redis cannot be reached. Requests wait for it, and are refused when it stays away."]);
    }
    if (metrics.store.refusing) {
        said.push(["bad", "Redis refuses writes" + reasons() + ". No permit is stored."]);
    }
    if (restart !== null && restart > taken - SPAN) {
        said.push(["", "The counters started again at " + moment(wall(restart)) + ": nginx was restarted."]);
    }
    if (count(metrics.requests, () => true) === 0) {
        said.push(["", "No requests yet. Permits are shown here as soon as they are pushed."]);
    }
    return said;
}

function showState() {
    const states = [
        [failure, "bad", "No answer"],
        [!metrics.store.up, "bad", "Redis away"],
        [metrics.store.refusing, "bad", "Redis refuses writes"],
        [true, "good", "Redis up"],
    ];
    const [, name, text] = states.find((state) => state[0]);
    const said = notices();
    const box = $("notices");
    const key = JSON.stringify(said);

    $("state").className = "state " + name;
    put("state-text", text);
    document.title = name === "good" ? "Permits" : text + " – Permits";
    document.body.className = failure ? "stale" : "";
    put("updated", "Updated " + moment(wall(taken)));

    // a screen reader reads what changes here: only what is new
    if (box.shown !== key) {
        box.shown = key;
        box.replaceChildren(...said.map(([kind, words]) => {
            const line = document.createElement("p");
            line.className = "notice " + kind;
            line.textContent = words;
            return line;
        }));
    }
}

function showFigures() {
    const stored = (result) => result === "stored";
    const refused = (result) => kind(result) !== "success";
    const failed = (result) => kind(result) === "server";
    const all = sum(SPAN, (change) => count(change.requests, () => true));
    const recent = sum(SPAN, (change) => count(change.requests, refused));
    const failing = perSecond((change) => count(change.requests, failed)) > 0;
    const { total, recent: last, shown } = trips();
    const p50 = quantile(shown, 0.5);
    const p99 = quantile(shown, 0.99);
    const retries = sum(SPAN, (change) => change.store.retries);

    put("stored-rate", rate(perSecond((change) => count(change.requests, stored))));
    put("stored-more", number(count(metrics.requests, stored)) + " since the start");
    put("refused-rate", rate(perSecond((change) => count(change.requests, refused))), failing ? "bad" : "");
    put("refused-more", all ? share(recent, all) + " in 5 minutes" : number(count(metrics.requests, refused)) + " since the start");
    put("trip", duration(p50 && p50.seconds));
    put("trip-more", p99 ? "p99 " + duration(p99.seconds) + (shown === total && !last.count ? " since the start" : " in 5 minutes") : "p50 and p99");
    put("inflight", number(metrics.store.inflight));
    put("inflight-more", retries ? number(retries) + " sent again in 5 minutes" : "commands to Redis");
}

function showEndpoints() {
    const names = Object.keys(metrics.requests);
    const box = $("endpoints");

    if (!names.includes(endpoint)) {
        endpoint = names[0];
    }
    names.forEach((name, i) => {
        let button = box.children[i];
        if (!button) {
            button = document.createElement("button");
            button.type = "button";
            button.addEventListener("click", () => choose(button.textContent));
            box.append(button);
        }
        button.textContent = name;
        button.setAttribute("aria-pressed", String(name === endpoint));
    });
}

function choose(name) {
    endpoint = name;
    history.replaceState(null, "", "#" + name);
    show();
}

function showRequests() {
    const rank = ["success", "client", "server"];
    const since = metrics.requests[endpoint];
    const results = Object.keys(since).filter((result) => since[result] > 0 || sum(SPAN, (change) => change.requests[endpoint][result]) > 0)
        .sort((a, b) => rank.indexOf(kind(a)) - rank.indexOf(kind(b)));
    const recent = (result) => sum(SPAN, (change) => change.requests[endpoint][result]);

    put("requests-name", "Requests to " + endpoint + " a second, by result, over the last 5 minutes");
    put("requests-text", results.map((result) => result + ": " + number(recent(result))).join(", ") || "None.");
    put("requests-note", taken - began < SPAN - INTERVAL ? "The plot begins at " + moment(wall(began)) + "." : "");
    fill("results", results.length ? results.map((result) => [
        { text: result, swatch: colour(result) },
        numeric(rate(perSecond((change) => change.requests[endpoint][result]))),
        numeric(number(recent(result))),
        numeric(number(since[result])),
    ]) : [[{ text: "None yet", name: "silent" }, numeric("0"), numeric("0"), numeric("0")]]);
    drawRequests($("requests"), endpoint, results);
}

function showTrips() {
    const { total, recent, shown } = trips();
    const row = (name, trips) => {
        const [p50, p99] = [0.5, 0.99].map((q) => quantile(trips, q));
        const mean = trips.count ? trips.sum / trips.count : null;
        return [name, ...[p50 && p50.seconds, p99 && p99.seconds, mean].map((n) => numeric(duration(n))), numeric(number(trips.count))];
    };

    fill("percentiles", [row("5 minutes", recent), row("Total", total)]);
    put("trips-text", tellTrips(shown));
    drawTrips($("trips"), shown);
}

function showRedis() {
    const store = metrics.store;
    const rows = [
        ["State", { text: store.up ? "up" : "cannot be reached", name: store.up ? "" : "bad" }],
        ["Writes", { text: store.refusing ? "refused" + reasons() : "accepted", name: store.refusing ? "bad" : "" }],
        ["Commands in flight", number(store.inflight)],
        ["Sent again after an outage", number(store.retries)],
        ["Attempts to reconnect", number(store.reconnects)],
    ];

    for (const [reason, n] of Object.entries(store.refusals)) {
        if (n) {
            rows.push(["Refusals: " + reason, number(n)]);
        }
    }
    fill("redis", rows);
}

function showAttributes() {
    const rows = [];

    for (const [attribute, codes] of Object.entries(metrics.attribute_errors)) {
        for (const [code, n] of Object.entries(codes)) {
            if (n) {
                rows.push({ attribute, code, n, recent: sum(SPAN, (change) => change.attributes[attribute][code]) });
            }
        }
    }
    rows.sort((a, b) => b.n - a.n);
    $("attributes-none").hidden = rows.length > 0;
    $("attributes-scroll").hidden = rows.length === 0;
    fill("attributes", rows.map((row) => [row.attribute, row.code, numeric(number(row.recent)), numeric(number(row.n))]));
}

function showSources() {
    const sources = [...(metrics.sources || [])];
    const now = (Date.now() + skew) / 1000;

    sources.sort((a, b) => {
        const [x, y] = [a[order.by], b[order.by]];
        const compared = typeof x === "number" ? x - y : x.localeCompare(y);
        return (order.down ? -compared : compared) || a.client.localeCompare(b.client) || a.source.localeCompare(b.source);
    });
    for (const head of $("sources-head").cells) {
        if (head.firstElementChild.dataset.by === order.by) {
            head.setAttribute("aria-sort", order.down ? "descending" : "ascending");
        } else {
            head.removeAttribute("aria-sort");
        }
    }
    $("sources-none").hidden = sources.length > 0;
    $("sources-scroll").hidden = sources.length === 0;
    fill("sources", sources.map((row) => [
        row.client || "all others",
        { text: row.source || (row.client ? "no label" : "more than 1,024"), name: row.source ? "" : "silent" },
        numeric(number(row.permits)),
        { text: age(now - row.last), name: "number" + (now - row.last > 3600 ? " silent" : ""), title: moment(row.last * 1000) },
    ]));
}

function show() {
    showState();
    showFigures();
    showEndpoints();
    showRequests();
    showTrips();
    showRedis();
    showAttributes();
    showSources();
    put("zone", "Times are " + zone() + ".");
    put("build", "ngx_http_opscom_module " + metrics.build.version + ", nginx " + metrics.build.nginx);
}


/* The server ------------------------------------------------------------------ */

// With "opscom_status html" the answer is this page again.
function parse(type, text) {
    if (type.startsWith("text/html")) {
        text = new DOMParser().parseFromString(text, "text/html").getElementById("metrics").textContent;
    }
    return JSON.parse(text);
}

// The response with its body: either may be late, or end with the connection.
async function request() {
    const signal = AbortSignal.timeout(TIMEOUT);

    try {
        const response = await fetch(address, { headers: { Accept: "application/json" }, cache: "no-store", signal });
        return [response, await response.text()];
    } catch {
        // browsers differ in the error of a body that is aborted
        throw new Error(signal.aborted ? "not within " + TIMEOUT / 1000 + " s" : "no connection");
    }
}

async function ask() {
    const [response, text] = await request();

    if (!response.ok) {
        throw new Error("status " + response.status);
    }
    skew = (Date.parse(response.headers.get("Date")) || Date.now()) - Date.now();
    return parse(response.headers.get("Content-Type") || "", text);
}

async function poll() {
    const start = performance.now();

    try {
        take(await ask());
        failure = null;
    } catch (error) {
        failure = {
            since: failure ? failure.since : Date.now(),
            why: error.name === "Error" ? error.message : "not these metrics",
        };
    }
    setTimeout(poll, Math.max(0, INTERVAL - (performance.now() - start)));
    show();
}

$("sources-head").addEventListener("click", (event) => {
    const by = event.target.dataset.by;

    if (by) {
        order = { by, down: order.by === by ? !order.down : by === "permits" || by === "last" };
        showSources();
    }
});

put("host", location.host);
take(JSON.parse($("metrics").textContent));
show();
new ResizeObserver(() => show()).observe($("requests"));
setTimeout(poll, INTERVAL);
