/* The timeline: a lane for each site and one for what concerns none; a mark stands for the events of a moment. */

import { el, keyed, mark, say } from "./dom.js";
import { icon } from "./icons.js";
import { openRecords } from "./record.js";
import { GRAVITY } from "./trust.js";
import { clock, count, hourMinute } from "./words.js";

const MINUTE = 60_000;
const RANGES = [
  ["15 min", 15, 5],
  ["1 h", 60, 15],
  ["24 h", 1440, 240],
];
/* Label, minutes, minutes between two lines. */
const BINS = 60;
const MANY = 12;
/* Sites from which on a lane is drawn only for those something has happened to. */
const MOVES = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

/** Build the timeline in `place` and keep it true. */
export function showTimeline(world, place) {
  const view = { world, range: RANGES[1], ranges: el("div", { class: "choices", role: "group", "aria-label": "Span of the timeline" }), lanes: el("div", { class: "lanes" }), axis: el("div", { class: "axis", "aria-hidden": "true" }) };
  const none = el("p", { class: "quiet none" });
  for (const range of RANGES) {
    const choose = () => {
      view.range = range;
      draw(view, none);
    };
    view.ranges.append(el("button", { type: "button", class: "chip", text: range[0], on: { click: choose } }));
  }
  place.append(view.ranges, view.lanes, view.axis, none);
  view.lanes.addEventListener("keydown", (event) => walk(view.lanes, event));
  world.on("events", () => draw(view, none));
  world.on("facts", () => draw(view, none));
}

function draw({ world, range, ranges, lanes, axis }, none) {
  const [label, minutes, step] = range;
  for (const button of ranges.children) mark(button, "aria-pressed", String(button.textContent === label));
  const end = world.now();
  const width = (minutes * MINUTE) / BINS;
  const from = (Math.floor(end / width) - BINS + 1) * width; // bins keep their place while time goes on
  const shown = world.events.filter((each) => each.at >= from);
  const names = [...world.sites.map((site) => site.name), ""];
  const known = new Set(names);
  const rows = names.map((name) => ({ name, marks: bins(shown.filter((each) => (known.has(each.site) ? each.site : "") === name), from, width) }));
  const drawn = rows.length > MANY ? rows.filter((row) => row.marks.length || !row.name) : rows;
  keyed(lanes, drawn, (row) => row.name, (row) => laneNode(row, world), (node, row) => drawLane(node, row, from, width, world));
  keepOneStop(lanes);
  const ticks = [];
  for (let time = Math.ceil(from / (step * MINUTE)) * step * MINUTE; time <= end; time += step * MINUTE) ticks.push(time);
  keyed(axis, ticks, (time) => time, (time) => el("span", { text: hourMinute(time / 1000) }), (node, time) => {
    node.style.insetInlineStart = `${share(time, from, width)}%`;
  });
  say(none, shown.length ? "" : `Nothing has happened in the last ${label}.`);
  none.hidden = shown.length > 0;
}

const share = (time, from, width) => Math.min(100, (100 * (time - from)) / (BINS * width));

function bins(events, from, width) {
  const found = new Map();
  for (const event of events) {
    const place = Math.floor((event.at - from) / width);
    if (!found.has(place)) found.set(place, { place, key: from / width + place, events: [], kind: "info" });
    const bin = found.get(place);
    bin.events.push(event);
    if (GRAVITY.indexOf(event.kind) < GRAVITY.indexOf(bin.kind)) bin.kind = event.kind;
  }
  return [...found.values()].sort((a, b) => a.place - b.place);
}

function laneNode({ name }, world) {
  return el("div", { class: "lane", role: "group", "aria-label": name || "No site" }, el("p", { class: name ? "" : "quiet", text: name || world.status?.name || "itself" }), el("div", { class: "marks" }));
}

function drawLane(node, { name, marks }, from, width, world) {
  if (!name) say(node.firstChild, world.status?.name ?? "itself");
  keyed(node.lastChild, marks, (bin) => bin.key, () => markNode(world), (button, bin) => {
    button.bin = bin;
    button.style.insetInlineStart = `${share(from + (bin.place + 0.5) * width, from, width)}%`;
    if (button.dataset.kind !== bin.kind) {
      button.dataset.kind = bin.kind;
      button.firstChild.replaceWith(icon(bin.kind));
    }
    say(button.lastChild, bin.events.length > 1 ? (bin.events.length > 99 ? "99+" : bin.events.length) : "");
    const codes = [...new Set(bin.events.map((each) => each.record["event.code"]))].slice(0, 4).join(", ");
    const label = `${name || "no site"}, ${clock(bin.events[0].at / 1000)}: ${count(bin.events.length, "event")}, number ${codes}`;
    mark(button, "aria-label", label);
    mark(button, "title", label);
  });
}

function markNode(world) {
  const button = el("button", { type: "button", class: "mark", tabindex: "-1", "aria-haspopup": "dialog" }, el("span"), el("span", { class: "times" }));
  button.addEventListener("click", () => openRecords(world, button.bin.events));
  return button;
}

/** Leave one mark in the order of the tab key; arrows lead to the others. */
function keepOneStop(lanes) {
  const marks = [...lanes.querySelectorAll(".mark")];
  const stop = marks.find((each) => each.tabIndex === 0) ?? marks.at(-1);
  for (const each of marks) each.tabIndex = each === stop ? 0 : -1;
}

function walk(lanes, event) {
  const move = MOVES[event.key];
  if (!move || !event.target.classList.contains("mark")) return;
  event.preventDefault();
  const rows = [...lanes.children].map((lane) => [...lane.querySelectorAll(".mark")]).filter((row) => row.length);
  const row = rows.findIndex((each) => each.includes(event.target));
  const wanted = move[0] ? nearest(rows[row + move[0]], event.target) : rows[row][rows[row].indexOf(event.target) + move[1]];
  if (!wanted) return;
  event.target.tabIndex = -1;
  wanted.tabIndex = 0;
  wanted.focus();
}

function nearest(row, from) {
  const distance = (each) => Math.abs(each.bin.place - from.bin.place);
  return row?.reduce((best, each) => (distance(each) < distance(best) ? each : best));
}
