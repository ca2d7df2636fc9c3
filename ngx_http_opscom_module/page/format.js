/* How numbers, durations and moments are written. */

"use strict";

const whole = new Intl.NumberFormat("en");
const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const minute = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });

function number(n) {
    return whole.format(n);
}

// A rate: as many digits as mean something.
function rate(n) {
    if (n > 0 && n < 0.095) {
        return "< 0.1";
    }
    return n < 10 ? n.toFixed(n === 0 ? 0 : 1) : number(Math.round(n));
}

function duration(seconds) {
    if (seconds === null) {
        return "–";
    }
    if (seconds === Infinity) {
        return "> 2.5 s";
    }
    const ms = seconds * 1000;
    return ms < 1000 ? Number(ms.toPrecision(2)) + " ms" : seconds.toFixed(1) + " s";
}

function share(part, all) {
    const percent = 100 * part / all;
    return part > 0 && percent < 1 ? "<1%" : Math.round(percent) + "%";
}

function age(seconds) {
    const units = [[86400, "d"], [3600, "h"], [60, "min"]];

    for (const [size, name] of units) {
        if (seconds >= size) {
            return Math.floor(seconds / size) + " " + name + " ago";
        }
    }
    return Math.max(0, Math.round(seconds)) + " s ago";
}

// A moment in wall-clock time, with the day where it is not today.
function moment(ms) {
    const date = new Date(ms);
    const time = clock.format(date);
    return date.toDateString() === new Date().toDateString() ? time : day.format(date) + " " + time;
}

function zone() {
    const minutes = -new Date().getTimezoneOffset();
    const two = (n) => String(Math.floor(Math.abs(n))).padStart(2, "0");
    const name = Intl.DateTimeFormat().resolvedOptions().timeZone || "local time";
    return name === "UTC" ? name : name + " (UTC" + (minutes < 0 ? "-" : "+") + two(minutes / 60) + ":" + two(minutes % 60) + ")";
}

// The names of performance.now() in wall-clock time.
function wall(at) {
    return Date.now() - performance.now() + at;
}
