/* The trust map: browsers, this proxy, and a line to every server whose style is policy × verdict. */

import { el, keyed, mark, say, svg, at } from "./dom.js";
import { icon, reicon } from "./icons.js";
import { openChain } from "./chain.js";
import { openSwitch, switchButton, updateSwitch } from "./switching.js";
import { MEANING } from "./trust.js";
import { clock, count, daysLeft, duration, rate } from "./words.js";

const LEGEND = [
  ["trusted", "enforce", "trusted, and it has to be (0)"],
  ["trusted", "allow", "trusted, though it need not be (1)"],
  ["allowed", "allow", "used although untrusted (1)"],
  ["refused", "enforce", "refused (0)"],
  ["redirect", "", "browser is sent there"],
  ["unknown", "", "not known yet"],
];

/** Build the map and keep it true. */
export function showMap(world) {
  const body = at("map-body");
  const sites = el("div", { class: "sites" });
  const own = ownNode(world);
  const browsers = el("div", { class: "browsers" }, icon("browser"), el("p", { text: "Browsers" }), el("p", { class: "quiet" }));
  body.append(browsers, inward(), own, sites);
  at("legend").append(...LEGEND.map(([kind, policy, text]) => el("li", {}, line(kind, policy), el("span", { text }))));
  world.on("facts", () => {
    drawOwn(own, world);
    const requests = world.status?.workers.reduce((sum, each) => sum + each.in_flight, 0) ?? 0;
    say(browsers.lastChild, world.status ? `${count(requests, "request")} under way` : "");
    keyed(sites, world.sites, (site) => site.name, (site) => siteNode(world, site), (node, site) => drawSite(node, world, site));
  });
  const struck = new Set();
  world.on("event", (_world, { kind, site, record }) => {
    if (kind === "refused" || kind === "allowed") struck.add(`${site}\n${hostOf(record["destination.domain"] ?? "")}`);
  });
  world.on("events", () => {
    if (struck.size) flash(sites, struck);
    struck.clear();
  });
}

function inward() {
  return el("div", { class: "inward" }, line("inbound", ""), el("span", { class: "word", text: "TLS" }));
}

function ownNode(world) {
  const button = switchButton(() => openSwitch(world, null));
  return el("div", { class: "own" }, el("div", { class: "plate" }, el("p", { class: "name" }), el("p", { class: "quiet", text: "by default" }), button));
}

function drawOwn(node, { status, trust }) {
  say(node.querySelector(".name"), status?.name ?? "");
  const button = node.querySelector("button");
  button.hidden = trust === null;
  if (trust) updateSwitch(button, "All sites", trust.default);
}

function siteNode(world, site) {
  const button = switchButton(() => openSwitch(world, site.name));
  const head = el("div", { class: "head" }, el("h3", { text: site.name }), el("p", { class: "quiet rate" }), el("p", { class: "quiet source" }), button);
  return el("section", { class: "site", "aria-label": `Site ${site.name}`, data: { site: site.name } }, head, el("ul", { class: "lines" }), el("p", { class: "quiet without", text: "no server, no address to send browsers to" }));
}

function drawSite(node, world, site) {
  const mine = world.standings.filter((each) => each.site.name === site.name);
  const sample = world.traffic.get(site.name)?.at(-1);
  const isProxied = mine.every((each) => each.kind !== "redirect");
  say(node.querySelector(".rate"), sample && isProxied ? `${rate(sample.perSecond)} requests/s${sample.seconds === null ? "" : ` · ${duration(sample.seconds)}`}` : "");
  say(node.querySelector(".source"), isProxied ? sourceWords(site.policy) : "");
  const button = node.querySelector(".head button");
  button.hidden = !isProxied;
  updateSwitch(button, site.name, site.policy);
  keyed(node.querySelector("ul"), mine, (each) => each.key, (each) => serverNode(world, each), drawServer);
  node.lastChild.hidden = mine.length > 0;
}

/** Say where the switch's value comes from. */
export function sourceWords({ source, run_time: isRunTime }) {
  if (isRunTime) return "turned at run time";
  return source === "default" ? "by default" : `from ${source}`;
}

function serverNode(world, standing) {
  const open = () => openChain(world, standing.key);
  const edge = el("span", { class: "edge", "aria-hidden": "true", on: { click: open } });
  const server = el("bdi", { class: "server" });
  if (standing.kind === "redirect") return el("li", {}, edge, el("p", { class: "target" }, icon("redirect"), server, el("span", { class: "words" })));
  const button = el("button", { type: "button", class: "target", "aria-haspopup": "dialog", on: { click: open } }, icon(standing.kind), server, el("span", { class: "words" }), el("span", { class: "health" }));
  return el("li", {}, edge, button);
}

function drawServer(node, standing) {
  const { kind, policy, look, facts } = standing;
  const style = `${kind} ${policy}`;
  if (node.dataset.style !== style) {
    node.dataset.style = style;
    node.dataset.kind = kind;
    node.querySelector(".edge").replaceChildren(line(kind, policy));
    reicon(node.querySelector(".target > .icon"), kind);
  }
  say(node.querySelector(".server"), standing.server);
  const days = look?.verdict?.presented?.[0]?.days_left;
  const told = kind === "trusted" && days !== undefined ? `trusted · ${daysLeft(days)}` : [MEANING[kind], standing.detail].filter(Boolean).join(" · ");
  say(node.querySelector(".words"), told);
  const health = node.querySelector(".health");
  if (health) {
    say(health, healthWords(facts?.health));
    mark(health, "data-state", facts?.health.state ?? "unchecked");
  }
}

function healthWords(health) {
  if (!health || health.state === "unchecked") return "";
  const since = health.since ? ` since ${clock(health.since)}` : "";
  const why = health.why ? `: ${health.why}` : "";
  if (health.state === "up") return "up";
  return health.state === "half_open" ? `on trial${since}${why}` : `out of use${since}${why}`;
}

/** Draw a line of the map; the switch makes it full (0) or hollow (1), the verdict gives colour, dashes and sign. */
export function line(kind, policy) {
  const [isHollow, isCut] = [policy === "allow" && kind !== "redirect", kind === "refused" || kind === "plain"];
  const stroke = (y) => svg("svg", { y: "50%", overflow: "visible" }, svg("line", { x1: "0", y1: y, x2: isCut ? "50%" : "100%", y2: y }));
  const strokes = isHollow && kind !== "unknown" && kind !== "plain" ? [stroke(-2.5), stroke(2.5)] : [stroke(0)];
  const rest = isCut ? svg("line", { class: "rest", x1: "50%", y1: "50%", x2: "100%", y2: "50%" }) : null;
  const sign = kind === "inbound" ? null : svg("svg", { class: "sign", x: "50%", y: "50%", overflow: "visible" }, svg("circle", { r: 9 }), ...SIGNS[kind].map((d) => svg("path", { d })));
  const tip = isCut || kind === "unknown" ? null : svg("svg", { class: "tip", x: "100%", y: "50%", overflow: "visible" }, svg("path", { d: "M-9-5 0 0l-9 5" }));
  return svg("svg", { class: `line ${kind} ${policy}`.trim(), "aria-hidden": "true", focusable: "false" }, strokes, rest, tip, sign);
}

const SIGNS = {
  trusted: ["m-4 0 3 3.5 5-6.5"],
  allowed: ["M0-5.5 5.5 4.5h-11z"],
  refused: ["m-4-4 8 8m0-8-8 8"],
  plain: ["m-4-4 8 8m0-8-8 8"],
  redirect: ["M-5-4v2a3 3 0 0 0 3 3h6m-3-3.5 3.5 3.5-3.5 3.5"],
  unknown: ["M-2.5-2a2.5 2.5 0 1 1 3.5 2.3c-.7.3-1 .7-1 1.2m0 2.6v.3"],
};

const hostOf = (authority) => authority.replace(/:\d+$/, "");

/** Let the lines light up that something has happened to; `struck` holds site and server of each. */
function flash(sites, struck) {
  for (const item of sites.querySelectorAll("li")) {
    const { site } = item.closest("section").dataset;
    if (!struck.has(`${site}\n${hostOf(item.querySelector(".server").textContent)}`)) continue;
    item.classList.remove("flash");
    void item.offsetWidth; // begins the animation anew
    item.classList.add("flash");
  }
}
