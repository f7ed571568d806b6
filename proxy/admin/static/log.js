/* The live list: the newest events first, chosen by site, gravity and number. */

import { at, el, keyed, mark, say } from "./dom.js";
import { icon } from "./icons.js";
import { announce } from "./news.js";
import { openRecords } from "./record.js";
import { clock, count, full, reasonWords } from "./words.js";

const MOST = 60;
/* Rows in the list; whoever wants more asks `casproxy events`. */
const GRAVE = new Set(["refused", "error", "allowed", "warning", "change"]);
const STREAM = { asking: "Connecting…", live: "Live", lost: "Connection lost, trying again…", locked: "Locked" };

/** Build the list in `place` and keep it true. */
export function showLog(world, place) {
  const site = el("select", { id: "log-site" });
  const kind = el("select", { id: "log-kind" }, [["", "all events"], ["grave", "warnings and errors"], ["refused", "refusals (43)"], ["allowed", "untrusted use (1043)"], ["change", "changes"]].map(([value, text]) => el("option", { value, text })));
  const hold = el("button", { type: "button", class: "chip", "aria-pressed": "false", text: "Hold" });
  const list = el("ol", { class: "records", "aria-label": "Events, the newest first" });
  const none = el("p", { class: "quiet none", text: "No event fits." });
  const view = { world, site, kind, list, none, held: null };
  place.append(
    el("div", { class: "filters" }, el("label", { for: "log-site", text: "Site" }), site, el("label", { for: "log-kind", text: "Show" }), kind, hold),
    list,
    none,
  );
  for (const chooser of [site, kind]) chooser.addEventListener("change", () => draw(view));
  hold.addEventListener("click", () => {
    view.held = view.held === null ? (world.events.at(-1)?.sequence ?? 0) : null;
    mark(hold, "aria-pressed", String(view.held !== null));
    draw(view, hold);
  });
  world.on("facts", () => {
    say(at("stream"), STREAM[world.stream]);
    mark(at("stream"), "data-state", world.stream);
    drawSites(site, world.sites);
  });
  world.on("events", () => draw(view, hold));
  world.on("event", (_world, event) => tell(event));
  drawSites(site, []);
}

function drawSites(select, sites) {
  const options = [["", "all"], ...sites.map((site) => [`=${site.name}`, site.name]), ["=", "none"]];
  keyed(select, options, ([value]) => value, ([value, text]) => el("option", { value, text }));
}

function draw({ world, site, kind, list, none, held }, hold) {
  const fits = ({ kind: mine, site: whose, sequence }) =>
    (held === null || sequence <= held) && (!site.value || whose === site.value.slice(1)) && (!kind.value || mine === kind.value || (kind.value === "grave" && GRAVE.has(mine)));
  const rows = [];
  for (let place = world.events.length - 1; place >= 0 && rows.length < MOST; place -= 1) if (fits(world.events[place])) rows.push(world.events[place]);
  keyed(list, rows, (each) => `${each.sequence} ${each.at}`, (each) => node(world, each));
  none.hidden = rows.length > 0;
  if (!hold) return;
  const waiting = held === null ? 0 : world.events.filter((each) => each.sequence > held).length;
  say(hold, held === null ? "Hold" : `Go on${waiting ? ` (${waiting} new)` : ""}`);
}

function node(world, event) {
  const { record, kind, site } = event;
  const isFresh = world.now() - event.at < 5000;
  const words = record["event.reason"] ? `${record["destination.domain"] ?? ""} ${reasonWords(record["event.reason"])}`.trim() : (record.message ?? "");
  const button = el(
    "button",
    { type: "button", class: "row", "aria-haspopup": "dialog", on: { click: () => openRecords(world, [event]) } },
    icon(kind),
    el("time", { text: clock(record["@timestamp"]), title: full(record["@timestamp"]) }),
    el("span", { class: "code", text: record["event.code"] }),
    el("bdi", { class: "quiet site", text: site || "–" }),
    el("bdi", { class: "words", text: words }),
  );
  return el("li", { class: isFresh ? "record fresh" : "record", data: { kind } }, button);
}

let told = 0;
let untold = 0;

/** Have a refusal read out, but not each of a storm. */
function tell({ kind, record, site }) {
  if (kind !== "refused") return;
  untold += 1;
  if (performance.now() - told < 5000 && told) return;
  told = performance.now();
  const more = untold > 1 ? ` ${count(untold, "refusal")} since the last word.` : "";
  untold = 0;
  announce(`Event ${record["event.code"]}: ${record["destination.domain"] ?? "a server"} of ${site || "no site"} was refused, ${reasonWords(record["event.reason"])}.${more}`);
}
