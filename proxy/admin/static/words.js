/* Numbers, times and spans as people read them. Pure. */

const CLOCK = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const SHORT = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });
const FULL = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "long" });

const usable = (time) => time instanceof Date && !Number.isNaN(time.getTime());
const told = (format) => (value) => {
  const time = toDate(value);
  return usable(time) ? format.format(time) : "";
};

/** Read a time: RFC 3339, or seconds since 1970. Null stays null. */
export function toDate(value) {
  if (value === null || value === undefined || value === "") return null;
  return value instanceof Date ? value : new Date(typeof value === "number" ? value * 1000 : value);
}

export const clock = told(CLOCK);
export const hourMinute = told(SHORT);
export const day = told(DAY);
export const full = told(FULL);

/** Count things: `1 server`, `1,200 servers`. */
export function count(number, one, many = `${one}s`) {
  return `${number.toLocaleString("en-GB")} ${number === 1 ? one : many}`;
}

/** Say how many days a certificate has: `397 days left`, `ended 3 days ago`. */
export function daysLeft(days) {
  if (days === null || days === undefined) return "dates unknown";
  if (days < 0) return days === -1 ? "ended today" : `ended ${count(-days - 1, "day")} ago`;
  return days === 0 ? "ends today" : `${count(days, "day")} left`;
}

/** Say a span in one unit: `12 s`, `4 min`, `3 h`, `9 d`. */
export function span(seconds) {
  const s = Math.max(0, seconds);
  if (s < 90) return `${Math.round(s)} s`;
  if (s < 5400) return `${Math.round(s / 60)} min`;
  if (s < 172800) return `${Math.round(s / 3600)} h`;
  return `${Math.round(s / 86400)} d`;
}

/** Say a rate: `0`, `0.4`, `12`, `1,240`. */
export function rate(perSecond) {
  if (!perSecond) return "0";
  return perSecond < 10 ? perSecond.toFixed(1) : Math.round(perSecond).toLocaleString("en-GB");
}

/** Say a duration of a request: `8.4 ms`, `120 ms`, `2.1 s`. */
export function duration(seconds) {
  if (seconds === null || !Number.isFinite(seconds)) return "–";
  if (seconds >= 1) return `${seconds.toFixed(1)} s`;
  const ms = seconds * 1000;
  return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
}

/** Join words: `a`, `a and b`, `a, b and c`. */
export function listing(texts) {
  return texts.length < 2 ? texts.join("") : `${texts.slice(0, -1).join(", ")} and ${texts.at(-1)}`;
}

/** Give the part of a subject that people know it by: the common name, else the whole. */
export function commonName(subject) {
  const found = /(?:^|,)CN=((?:\\.|[^,\\])*)/.exec(subject ?? "");
  return found ? found[1].replace(/\\([,+"\\<>;=# ])/g, "$1") : (subject ?? "");
}

/** Write a reason as words: `self_signed` → `self-signed`, `untrusted_root` → `untrusted root`. */
export function reasonWords(reason) {
  return reason === "self_signed" ? "self-signed" : String(reason ?? "").replaceAll("_", " ");
}
